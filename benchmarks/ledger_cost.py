"""What the ledger costs an answer: two services side by side, one with a ledger and one without.

    CREATORCAST_HOME=HOME python benchmarks/ledger_cost.py [--rounds 20] [--requests 100]

Both answer from the champion of HOME, from this machine, over one open connection each. Requests
alternate between the two, so that what slows the machine slows both. A round gives the median time
of each and their ratio; told are the medians over the rounds, with the quartiles of the ratio, and
the processor time of all processes of a service per request, the move into the database included.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

PROFILE = {
    "platform": "instagram", "followers": 48_000, "niche": "food", "avg_likes": 1150, "avg_comments": 31,
    "format": "carousel", "deliverables": 2, "fee_usd": 900,
}  # fmt: skip


@contextlib.contextmanager
def service(home, ledger):
    """Run a service over a home of its own, whose champion is that of `home`; give its port."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        artifacts = Path(folder, "artifacts")
        artifacts.mkdir()
        for name in ("bundles", "champion"):
            (artifacts / name).symlink_to((home / "artifacts" / name).resolve())
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {**os.environ, "CREATORCAST_HOME": folder, "CREATORCAST_LEDGER": ledger}
        command = [Path(sys.executable).with_name("creatorcast"), "serve", "--port", str(port)]
        with open(Path(folder, "log"), "wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait(port, process)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(60)


def wait(port, process):
    for _ in range(6000):
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        if process.poll() is not None:
            raise SystemExit("the service ended")
        time.sleep(0.1)
    raise SystemExit("the service did not come up")


def round_of(connections, body, requests):
    """Give the median milliseconds of a request of each connection."""
    times = np.empty((requests, len(connections)))
    for number in range(requests):
        for place, connection in enumerate(connections):
            began = time.perf_counter()
            connection.request("POST", "/v1/predict", body, {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
            times[number, place] = time.perf_counter() - began
            assert response.status == 200
    return 1000 * np.median(times, axis=0)


def processor_ms(process):
    """Give the processor time that a service has taken."""
    family = [process, *process.children(recursive=True)]
    return 1000 * sum(sum(one.cpu_times()[:2]) for one in family)


def compare(services, count, rounds, requests):
    body = json.dumps({"partnerships": [PROFILE] * count}).encode()
    open_ = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for port, _ in services]
    round_of(open_, body, requests)  # both are warm
    before = [processor_ms(process) for _, process in services]
    pairs = np.array([round_of(open_, body, requests) for _ in range(rounds)])
    time.sleep(2)
    used = [processor_ms(process) - old for (_, process), old in zip(services, before, strict=True)]
    ratios = pairs[:, 1] / pairs[:, 0]
    low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    without, with_ledger = np.median(pairs, axis=0)
    cpu = [one / (rounds * requests) for one in used]
    print(
        f"{count:>12} {without:>11.2f} {with_ledger:>9.2f} {middle:>7.3f} {low:>7.3f} to {high:.3f}"
        f" {cpu[0]:>11.2f} {cpu[1]:>9.2f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--requests", type=int, default=100)
    arguments = parser.parse_args()
    home = Path(os.environ.get("CREATORCAST_HOME") or ".")
    with service(home, "off") as plain, service(home, "on") as kept:
        print("partnerships without, ms  with, ms   ratio   quartiles        CPU without      with")
        for count in (1, 100):
            requests = max(arguments.requests // (1 if count == 1 else 5), 5)
            compare((plain, kept), count, arguments.rounds, requests)


if __name__ == "__main__":
    main()
