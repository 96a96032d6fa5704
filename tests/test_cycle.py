import re
import socket
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_a_month_after_a_drop_the_recalibrated_model_holds_its_outcomes_again(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "creatorcast", "cycle", "--folder", str(tmp_path / "cycle")]
    ran = subprocess.run(
        [*command, "--port", port], capture_output=True, text=True, timeout=1800, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "the running service answers by" in ran.stdout
    second = ran.stdout.partition("Month 2")[2].partition("Month 3")[0]
    assert "Recalibrate: the alarm was raised" in second
    lines = re.findall(r"^month (\d) .*?([\d.]+)% \(.*?([\d.]+)% \(", ran.stdout, re.M)
    held = {int(month): (float(ours), float(without)) for month, ours, without in lines}
    assert sorted(held) == [1, 2, 3]
    assert held[2][0] < 72  # the month of the drop
    assert held[3][0] > held[3][1]
    assert 75 < held[3][0] < 87
