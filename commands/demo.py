"""The command that shows the whole way: demo."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import click

from commands.command_group import Command
from commands.http_request import http_answer
from commands.parameter_types import FOLDER


@click.command(cls=Command)
@click.option(
    "--folder", default="demo", type=FOLDER, show_default=True, help="Where everything is kept."
)
@click.option(
    "--creators",
    default=800,
    show_default=True,
    type=click.IntRange(50),
    help="Size of the market.",
)
@click.option(
    "--port",
    default=3210,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port of the service.",
)
def demo(folder: Path, creators: int, port: int) -> None:
    """The whole way on a simulated market: simulate, train, promote, score, serve, ask."""
    began = time.monotonic()
    os.environ["CREATORCAST_HOME"] = str(folder)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    data, answers = folder / "data", folder / "scored.csv"
    run_command("simulate", str(data), "--creators", str(creators), "--seed", "7")
    run_command("train", str(data), "--per-post", "1")
    run_command("promote", "--force", "--reason", "the demo market was made anew")
    prospects = str(data / "prospects.csv")
    run_command(
        "score", prospects, "--data", str(data), "--as-of", "2026-07-01", "--out", str(answers)
    )
    show_ranking(answers)
    ask_service(folder, data, port)
    click.echo(
        f"\nAll in {time.monotonic() - began:.0f} seconds, on simulated data: "
        "nothing about real creators follows.\n"
        f"Next:\n"
        f"  creatorcast import FILE... --out OUT, or your own tables (README: Your own data)\n"
        f"  creatorcast train OUT && creatorcast promote\n"
        f"  CREATORCAST_HOME={folder} creatorcast serve --data {data}   "
        "(a page at http://127.0.0.1:3000/)\n"
        f"  CREATORCAST_HOME={folder} creatorcast ui"
    )


def run_command(*arguments: str) -> None:
    """Print one command and run it in a process of its own. Raises SystemExit where it fails."""
    click.echo(f"\n$ creatorcast {' '.join(arguments)}")
    sys.stdout.flush()
    code = subprocess.run([sys.executable, "-m", "creatorcast", *arguments], check=False).returncode
    if code not in (0, 3):
        raise SystemExit(code)


def show_ranking(answers: Path) -> None:
    """Print the best prospects by cost per engagement."""
    import pandas as pd

    from serving.terminal_table import print_cheapest

    click.echo()
    print_cheapest(pd.read_csv(answers))


def ask_service(folder: Path, data: Path, port: int) -> None:
    """Start the service, ask about one partnership over HTTP, print the answer, stop it."""
    partnership = {**first_creator(data), "format": "video", "deliverables": 2, "fee_usd": 450}
    question = {"as_of": "2026-07-01T00:00:00Z", "partnerships": [partnership]}
    address = f"http://127.0.0.1:{port}"
    click.echo(f"\n$ CREATORCAST_HOME={folder} creatorcast serve --data {data} --port {port} &")
    command = [
        sys.executable,
        "-m",
        "creatorcast",
        "serve",
        "--data",
        str(data),
        "--port",
        str(port),
    ]
    with open(folder / "serve.log", "w") as log:
        service = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until_ready(address, service)
            click.echo(
                f"$ curl -s {address}/v1/predict -H 'Content-Type: application/json' "
                f"-d '{json.dumps(question)}'"
            )
            answer = json.loads(http_answer(f"{address}/v1/predict", question))
            click.echo(json.dumps(answer, indent=1))
        finally:
            service.terminate()
            service.wait(timeout=30)


def first_creator(data: Path) -> dict[str, str]:
    """Return creator_id and platform of the first creator in the data set."""
    import pandas as pd

    row = pd.read_parquet(data / "posts.parquet", columns=["creator_id", "platform"]).iloc[0]
    return {"creator_id": row["creator_id"], "platform": row["platform"]}


def wait_until_ready(address: str, service: subprocess.Popen, seconds: float = 240.0) -> None:
    """Wait until the service answers. Raises ClickException where it does not start."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and service.poll() is None:
        try:
            http_answer(f"{address}/readyz", seconds=2)
            return
        except OSError:
            time.sleep(0.3)
    is_running = service.poll() is None
    reason = f"was not ready on {address} after {seconds:g} s" if is_running else "ended"
    raise click.ClickException(f"the service {reason}: see serve.log in the demo folder")
