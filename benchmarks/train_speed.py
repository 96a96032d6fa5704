"""Training and backtest beside those of another checkout: processor seconds, elapsed ones, memory.

    python benchmarks/train_speed.py --base FOLDER [--data TABLES] [--rounds 2] [--cuts 2]

`creatorcast train` (with its log) and `creatorcast backtest` run in new homes on the same tables,
by the base and by this checkout in turns; without --data on a simulated market. On two quiet cores
two rounds on a panel of 46,000 posts take about 12 minutes.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from two_checkouts import compare, measure, write_json

from training.simulate.simulate import write_market


def command_figures(checkout: Path, name: str, arguments: Sequence[str]) -> dict[str, float]:
    """Return the figures of one command in a new home, by a checkout."""
    with tempfile.TemporaryDirectory() as home:
        command = str(checkout / ".venv" / "bin" / "creatorcast")
        one = measure(checkout, [command, name, *arguments], {"CREATORCAST_HOME": home})
    return {
        f"{name}: processor seconds": one.processor,
        f"{name}: seconds": one.seconds,
        f"{name}: GB": one.memory_gb,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, required=True, help="The other checkout.")
    parser.add_argument("--data", type=Path, help="Folder of tables.")
    parser.add_argument("--creators", type=int, default=300, help="Of the simulated market.")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--cuts", type=int, default=2, help="Of the backtest.")
    parser.add_argument("--json", type=Path, help="File for all figures.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or write_market(Path(folder, "market"), arguments.creators, seed=0)
        tables, cuts = str(data.resolve()), str(arguments.cuts)

        def figures_of(checkout: Path) -> dict[str, float]:
            trained = command_figures(checkout, "train", [tables])
            return trained | command_figures(checkout, "backtest", [tables, "--cuts", cuts])

        write_json(arguments.json, compare(arguments.base, arguments.rounds, figures_of))


if __name__ == "__main__":
    main()
