"""How long the tests take: `python benchmarks/suite_speed.py [--json FILE]`.

Runs `make test` once, which fails where a test does, and tells its minutes and what pytest said last.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_suite() -> tuple[float, str]:
    """Run `make test`; return its minutes and its last line. Raises SystemExit where a test fails."""
    began = time.perf_counter()
    done = subprocess.run(["make", "test"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    minutes = (time.perf_counter() - began) / 60
    last = [line for line in done.stdout.splitlines() if re.search(r"\d passed", line)]
    said = last[-1].strip("= ") if last else "no test passed"
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        raise SystemExit(f"make test failed after {minutes:.1f} minutes: {said}")
    return minutes, said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    arguments = parser.parse_args()
    minutes, said = run_suite()
    print(f"{minutes:.1f} minutes: {said}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"minutes": minutes, "said": said}))


if __name__ == "__main__":
    main()
