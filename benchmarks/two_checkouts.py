"""One measurement by the interpreter of a checkout: two checkouts are compared in one run.

A checkout is a folder of this repository with its own .venv (`git worktree add FOLDER COMMIT`, then
`make setup` there). Both are measured in turns, round by round, so that what else the machine does
hits both. Processor seconds are those of the process and of its own processes; on a machine that
does other things too only they can be compared.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

#: The checkout that this file is in.
THIS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measurement:
    """Elapsed and processor seconds of a process, and the largest resident size it had, in GB."""

    seconds: float
    processor: float
    memory_gb: float


def measure(
    checkout: Path, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> Measurement:
    """Run the checkout's interpreter with `arguments` in its folder, and measure the process.

    `environment`: variables beside those of this process. Raises RuntimeError with the end of what
    the process wrote where it fails.
    """
    command = [str(checkout / ".venv" / "bin" / "python"), *arguments]
    with tempfile.TemporaryFile() as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=checkout,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
        if process.returncode:
            output.seek(0)
            text = output.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} failed: {text}")
    return Measurement(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6)


def script_figures(checkout: Path, script: Path, arguments: Sequence[str]) -> dict[str, float]:
    """Return the figures that a script of this folder writes to its `--json`, run by the
    interpreter of a checkout.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "figures.json")
        measure(checkout, [str(script.resolve()), *arguments, "--json", str(file)])
        figures: dict[str, float] = json.loads(file.read_text())
    return figures


def compare(
    base: Path, rounds: int, figures_of: Callable[[Path], Mapping[str, float]]
) -> dict[str, dict[str, Any]]:
    """Measure the checkout `base` and this one in turns, print the medians and return all.

    `figures_of`: the figures of a checkout by name, the smaller the better. Returned for each name:
    the values `base` and `this`, and `ratio`, that of their medians.
    """
    measured: dict[str, list[Mapping[str, float]]] = {"base": [], "this": []}
    for _ in range(rounds):
        for name, checkout in (("base", base.resolve()), ("this", THIS)):
            measured[name].append(figures_of(checkout))
    results = {}
    print(f"{'':<28} {'base':>10} {'this':>10} {'ratio':>7}")
    for name in measured["base"][0]:
        values = {which: [one[name] for one in found] for which, found in measured.items()}
        before, after = median(values["base"]), median(values["this"])
        results[name] = {**values, "ratio": after / before}
        print(f"{name:<28} {before:>10.2f} {after:>10.2f} {after / before:>7.2f}", flush=True)
    return results


def compare_script(
    base: Path, rounds: int, script: Path, arguments: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Compare the checkout `base` and this one, as `compare`, by what a script of this folder
    writes to its `--json`.
    """
    return compare(base, rounds, lambda checkout: script_figures(checkout, script, arguments))


def write_json(file: Path | None, value: object) -> None:
    """Write a value as JSON, where a file is named."""
    if file is not None:
        file.write_text(json.dumps(value, indent=1) + "\n")
