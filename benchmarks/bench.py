"""All figures of speed beside those of an earlier commit, each pair measured in one run: `make bench [BASE=REVISION]`.

    python benchmarks/bench.py --base REVISION [--out docs/speed.md] [--only NAME ...] [--posts FILE]

The other commit is checked out and set up in a temporary folder; each benchmark of BENCHMARKS then measures both checkouts
in turns. The table is written after each of them, so that a run that ends early leaves what it has. All take less than an
hour on two cores that do nothing else. The posts that do not fit in memory take longer alone: `--posts FILE` names what
`features_out_of_core.py --json FILE` wrote before (`make bench-posts`).
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import bench_figures
from bench_figures import Figure, markdown_table

ROOT = Path(__file__).parents[1]
#: Name -> what reads the figures, the script, and its arguments; in the order in which they run.
BENCHMARKS: dict[str, tuple[Callable[[dict], Iterable[Figure]], str, tuple[str, ...]]] = {
    "tests": (bench_figures.tests, "suite_speed.py", ()),
    "service": (bench_figures.service, "serve_bench.py", ("--rounds", "3")),
    "lists": (bench_figures.lists, "batch_bench.py", ("--short", "--rounds", "2")),
    "training": (bench_figures.training, "train_speed.py", ("--cuts", "5", "--rounds", "1")),
    "features": (bench_figures.features, "features_scale.py", ("--repeats", "2")),
    "start": (bench_figures.start, "start_speed.py", ("--rounds", "5")),
    "request": (bench_figures.request, "features_request.py", ()),
    "plan": (bench_figures.plan, "plan_speed.py", ("--problems", "3")),
    "rows": (bench_figures.rows, "train_scale.py", ()),
}
#: Benchmarks of this checkout alone: a second run would take too long.
ALONE = frozenset({"tests"})


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Yield a folder with the tree of a revision and an environment of its own."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "base"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(folder), revision], check=True)
        try:
            subprocess.run(["make", "--silent", "setup"], cwd=folder, check=True)
            # as after any first use: neither side compiles while it is measured
            compiled = [".venv/bin/python", "-m", "compileall", "-q", "-j", "0", "."]
            subprocess.run(compiled, cwd=folder, stdout=subprocess.DEVNULL)
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", str(folder)], check=True)


@contextmanager
def panel() -> Iterator[Path | None]:
    """Yield the tables of the real panel in a temporary folder; None where CREATORCAST_REAL_DATA names no data, and
    then a simulated market is trained on.
    """
    data = os.environ.get("CREATORCAST_REAL_DATA")
    if not data:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        tables = Path(folder) / "panel"
        source = str(Path(data) / "instagram_panel")
        command = [sys.executable, "-m", "creatorcast", "import", source, "--out", str(tables)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr.fileno())
        yield tables


def run(name: str, base: Path, more: tuple[str, ...]) -> list[Figure]:
    """Run one benchmark; its output goes to standard error. Returns no figure where it fails."""
    read, script, arguments = BENCHMARKS[name]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments, *more]
        command += [*([] if name in ALONE else ["--base", str(base)]), "--json", str(file)]
        began = time.perf_counter()
        print(f"== {name}", file=sys.stderr, flush=True)
        done = subprocess.run(command, cwd=ROOT, stdout=sys.stderr.fileno())
        took = time.perf_counter() - began
        ended = f"failed with exit code {done.returncode}" if done.returncode else "done"
        print(f"== {name}: {ended} after {took:.0f} s", file=sys.stderr, flush=True)
        return [] if done.returncode else list(read(json.loads(file.read_text())))


def page(revision: str, figures: list[Figure], lacking: list[str]) -> str:
    """Return the page of the table: what was compared, on which machine, and the benchmarks that gave no figure."""
    now = _git("rev-parse", "--short", "HEAD")
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = [
        "# Speed",
        "",
        f"`make bench`, {datetime.now(UTC):%Y-%m-%d}: commit {now} beside {revision}, medians of rounds in turns, {machine}.",
        "",
        markdown_table(figures),
    ]
    if lacking:
        lines += ["", f"Without a figure: {', '.join(lacking)}."]
    return "\n".join([*lines, ""])


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--base", required=True, metavar="REVISION", help="the commit to compare with"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "speed.md")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    parser.add_argument(
        "--posts", type=Path, metavar="FILE", help="figures of features_out_of_core.py --json"
    )
    arguments = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    revision = _git("rev-parse", "--short", arguments.base)
    of_posts = json.loads(arguments.posts.read_text()) if arguments.posts else None
    figures = [] if of_posts is None else list(bench_figures.posts(of_posts))
    lacking: list[str] = []
    with checkout(revision) as base, panel() as tables:
        for name in arguments.only:
            made = run(name, base, ("--data", str(tables)) if name == "training" and tables else ())
            figures += made
            lacking += [] if made else [name]
            arguments.out.write_text(page(revision, figures, lacking))
    print(arguments.out.read_text())
    sys.exit(bool(lacking))


if __name__ == "__main__":
    main()
