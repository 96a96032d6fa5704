"""The command that shows a model's life over three months: cycle."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.command_group import Command
from commands.demo import wait_until_ready
from commands.http_request import http_answer
from commands.parameter_types import FOLDER

if TYPE_CHECKING:
    import pandas as pd

    from training.simulate.truth import MarketTruth

#: Days of the market until it is trained on, of a month, and at which outcomes are read.
TRAINED_DAYS, MONTH_DAYS, READ_DAYS = 400, 30, 10
#: What happens to ln engagements of all posts when the second month begins.
DROP = -0.75
MONTHS = (1, 2, 3)
SECONDS = 120.0


@click.command(cls=Command)
@click.option(
    "--folder", default="cycle", type=FOLDER, show_default=True, help="Where everything is kept."
)
@click.option(
    "--creators",
    default=400,
    show_default=True,
    type=click.IntRange(300),
    help="Size of the market.",
)
@click.option(
    "--port",
    default=3211,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of the service.",
)
@click.option(
    "--seed", default=7, show_default=True, type=click.IntRange(0), help="Seed of the market."
)
def cycle(folder: Path, creators: int, port: int, seed: int) -> None:
    """Three months of a model on a simulated market whose engagements drop by 53 % after the first:
    train, promote, serve, forecasts kept in the ledger, outcomes, watch, recalibrate, promote, and
    the coverage of the months before and after.
    """
    began = time.monotonic()
    os.environ["CREATORCAST_HOME"] = str(folder)
    os.environ["CREATORCAST_LEDGER"] = "on"
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    truth = make_market(folder / "data", creators, seed)
    run("train", str(folder / "data"), "--per-post", "1", "--no-log")
    run("promote", "--no-log")
    with service(folder, port) as address:
        trained = model_of(address)
        for month in MONTHS:
            news = f": engagements of all posts drop to {math.exp(DROP):.0%}" if month == 2 else ""
            click.echo(f"\nMonth {month}{news}")
            live_month(folder, address, truth, month)
            if month == 2:
                run("recalibrate", "--no-log")
                run("promote", "--no-log")
                wait_for_other_model(address, trained)
    show_months(folder, trained)
    click.echo(
        f"\nAll in {time.monotonic() - began:.0f} seconds, on simulated data: nothing about real "
        "creators follows."
    )


def make_market(data: Path, creators: int, seed: int) -> MarketTruth:
    """Write a market that ended three months and some days ago; return its truth, which has the
    posts of those months and their counts.
    """
    import pandas as pd

    from training.simulate.parameters import MarketParameters
    from training.simulate.simulate import write_market
    from training.simulate.truth import MarketTruth

    later = len(MONTHS) * MONTH_DAYS
    days = pd.Timedelta(days=TRAINED_DAYS + later + READ_DAYS + 5)
    market = MarketParameters(
        start=f"{pd.Timestamp.now(tz='UTC') - days:%Y-%m-%d}",
        days=TRAINED_DAYS,
        later_days=later,
        truth_ages_days=(float(READ_DAYS),),
        change_day=float(TRAINED_DAYS + MONTH_DAYS),
        change_ln=DROP,
    )
    write_market(data, creators, seed, market)
    click.echo(f"a market of {creators:,} creators, known for {TRAINED_DAYS} days, is in {data}")
    return MarketTruth.read(data / "truth")


def run(*arguments: str) -> int:
    """Print a command, run it in a process of its own, and return its exit code, 0 or 3. Raises
    SystemExit for any other.
    """
    click.echo(f"\n$ creatorcast {' '.join(arguments)}")
    sys.stdout.flush()
    code = subprocess.run([sys.executable, "-m", "creatorcast", *arguments], check=False).returncode
    if code not in (0, 3):
        raise SystemExit(code)
    if code:
        click.echo(f"(exit code {code})")
    return code


@contextmanager
def service(folder: Path, port: int) -> Iterator[str]:
    """Run the service over the market's tables; yield its address."""
    address = f"http://127.0.0.1:{port}"
    arguments = ["serve", "--data", str(folder / "data"), "--port", str(port)]
    click.echo(f"\n$ creatorcast {' '.join(arguments)} &")
    with open(folder / "serve.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "creatorcast", *arguments], stdout=log, stderr=log
        )
        try:
            wait_until_ready(address, process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=60)


def live_month(folder: Path, address: str, truth: MarketTruth, month: int) -> None:
    """Forecast a post of every creator who has one in the month, half of them over HTTP and half as
    a list, then tell the ledger what came, and watch.
    """
    import pandas as pd

    posts = posts_of_month(truth, month)
    as_of = pd.Timestamp(truth.market.start, tz="UTC")
    as_of += pd.Timedelta(days=TRAINED_DAYS + (month - 1) * MONTH_DAYS)
    moment = f"{as_of:%Y-%m-%dT%H:%M:%SZ}"
    half = len(posts) // 2
    ask(address, posts[:half], moment, f"month {month}")
    listed = folder / f"month_{month}.csv"
    partnerships(posts[half:]).to_csv(listed, index=False)
    answers = folder / f"month_{month}_scored.csv"
    run("score", str(listed), "--data", str(folder / "data"), "--as-of", moment,
        "--out", str(answers), "--campaign", f"month {month}")  # fmt: skip
    move_forecasts_to_their_time(len(posts), f"month {month}")
    came = folder / f"month_{month}_outcomes.csv"
    outcomes_of(posts).to_csv(came, index=False)
    run("outcomes", str(came))
    run("watch")


def posts_of_month(truth: MarketTruth, month: int) -> pd.DataFrame:
    """Return the first post of every creator in the month, with its counts at READ_DAYS."""
    import pandas as pd

    counts = truth.readings[truth.readings["age_days"] == READ_DAYS]
    start = pd.Timestamp(truth.market.start, tz="UTC") + pd.Timedelta(days=TRAINED_DAYS)
    days = (truth.posts["posted_at"] - start) / pd.Timedelta(days=1)
    first, last = (month - 1) * MONTH_DAYS, month * MONTH_DAYS
    posts = truth.posts[(days > first + 0.1) & (days <= last)].sort_values("posted_at")
    posts = posts.drop_duplicates(["platform", "creator_id"])
    posts = posts.merge(counts[["post_id", "engagements", "views"]], on="post_id")
    return posts.sample(frac=1, random_state=month).reset_index(drop=True)


def partnerships(posts: pd.DataFrame) -> pd.DataFrame:
    """Return posts as partnerships to be forecast: what is known when they are signed."""
    rows = posts[["post_id", "creator_id", "platform", "format", "posted_at"]]
    rows = rows.rename(columns={"post_id": "partnership_id", "posted_at": "start_at"})
    start = rows["start_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return rows.assign(start_at=start, deliverables=1)


def outcomes_of(posts: pd.DataFrame) -> pd.DataFrame:
    """Return posts as a list of outcomes, read at READ_DAYS; all engagements stand as likes."""
    import pandas as pd

    read = posts["posted_at"] + pd.Timedelta(days=READ_DAYS)
    return pd.DataFrame(
        {
            "partnership_id": posts["post_id"],
            "platform": posts["platform"],
            "creator_id": posts["creator_id"],
            "post_id": posts["post_id"],
            "format": posts["format"],
            "posted_at": posts["posted_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "observed_at": read.dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "likes": posts["engagements"].round().astype(int),
            "comments": 0,
            "shares": 0,
        }
    )


def ask(address: str, posts: pd.DataFrame, as_of: str, campaign: str) -> None:
    """Ask the service about partnerships, whose forecasts it keeps."""
    asked = partnerships(posts).to_dict("records")
    click.echo(
        f"\n$ curl {address}/v1/predict   # {len(asked)} partnerships, campaign {campaign!r}"
    )
    body = {"as_of": as_of, "campaign": campaign, "partnerships": asked}
    answer = json.loads(http_answer(f"{address}/v1/predict", body, SECONDS))
    click.echo(f"answered by {answer['model_version']}; ledger: {answer.get('ledger')}")


def model_of(address: str) -> str:
    """Return the version of the model that answers."""
    answer = http_answer(f"{address}/v1/model", seconds=SECONDS)
    return str(json.loads(answer)["version"])


def wait_for_other_model(address: str, version: str) -> None:
    """Wait until the running service answers by another model. Raises ClickException."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if (now := model_of(address)) != version:
            click.echo(f"the running service answers by {now}")
            return
        time.sleep(0.5)
    raise click.ClickException(f"the service still answers by {version} after {SECONDS:g} s")


def move_forecasts_to_their_time(number: int, campaign: str) -> None:
    """Say of each forecast of a campaign in the ledger that it was made at its as_of: the months of
    the market pass in minutes. Waits until all are there. Raises ClickException.
    """
    from sqlalchemy import update

    from commands.environment import home_folder
    from ledger.store import open_ledger
    from ledger.tables import FORECASTS

    own = FORECASTS.c.campaign == campaign
    end = time.monotonic() + SECONDS
    with open_ledger(home_folder()) as ledger:
        while len(ledger.forecasts(campaign)) < number:
            if time.monotonic() > end:
                raise click.ClickException(f"not all {number} forecasts are in the ledger")
            time.sleep(0.5)
        with ledger.writing() as connection:
            connection.execute(update(FORECASTS).where(own).values(made_at=FORECASTS.c.as_of))


def show_months(folder: Path, trained: str) -> None:
    """Print coverage and CRPS of each month, as forecast and as the model would have without
    recalibration.
    """
    from training.recalibration_months import months_text

    click.echo("\n" + months_text(folder, trained))
