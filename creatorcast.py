"""The command line `creatorcast`. Its commands are in commands/.

Each command imports the packages that do its work only when it runs.
"""

import click

from commands import (
    champion,
    cycle,
    data,
    demo,
    ledger,
    outcomes,
    plan,
    recalibration,
    review,
    runs,
    scoring,
    serving,
    tracking,
    training,
    watching,
)
from commands.command_group import CommandGroup
from commands.environment import disable_telemetry

COMMANDS = (
    data.simulate,
    data.import_,
    data.features,
    data.snapshot,
    training.train,
    training.recipe,
    training.tune,
    training.reproduce,
    training.log_bundle,
    training.backtest,
    training.report,
    training.curves,
    champion.promote,
    champion.rollback,
    champion.bundles,
    recalibration.recalibrate,
    runs.card,
    runs.ui,
    scoring.score,
    scoring.benchmarks,
    tracking.track,
    outcomes.outcomes,
    review.review,
    watching.watch,
    plan.plan,
    ledger.ledger,
    serving.serve,
    demo.demo,
    cycle.cycle,
)


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="creatorcast")
def main() -> None:
    """What a partnership with a creator will bring, how sure that is, and whether the fee is worth
    it.

    Models and runs are kept in artifacts/ under CREATORCAST_HOME (default: the working directory).
    """
    disable_telemetry()


for command in COMMANDS:
    main.add_command(command)


if __name__ == "__main__":
    main()
