"""How long the tests take: `python benchmarks/suite_speed.py [--base FOLDER] [--json FILE]`.

Runs `make test` here once, and its tests are counted; `--base` (another checkout, set up) is told for comparison with its
own, where `--both` is given: a second run takes as long again.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def minutes_of(folder: Path) -> tuple[float, str]:
    """Run `make test` in a checkout; return its minutes and its last line. Raises SystemExit where a test fails."""
    began = time.perf_counter()
    done = subprocess.run(["make", "test"], cwd=folder, stdout=subprocess.PIPE, text=True)
    took = (time.perf_counter() - began) / 60
    last = next(
        (line for line in reversed(done.stdout.splitlines()) if re.search(r"\d passed", line)), ""
    )
    if done.returncode:
        raise SystemExit(f"make test failed in {folder}: {last}")
    return took, last.strip("= ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, metavar="FOLDER", help="another checkout, set up")
    parser.add_argument(
        "--both", action="store_true", help="run the tests of the other checkout too"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    now, said = minutes_of(ROOT)
    print(f"{now:.1f} minutes: {said}", file=sys.stderr)
    base = minutes_of(arguments.base)[0] if arguments.base and arguments.both else None
    if arguments.json:
        arguments.json.write_text(json.dumps({"now": now, "said": said, "base": base}))


if __name__ == "__main__":
    main()
