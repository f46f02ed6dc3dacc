"""A dashboard that is stuck, since its terminal is gone, ends all the same when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

STUCK = """
import queue
from spcs_worker_tui.cli import dashboard

class Stuck:
    def exit(self, result, return_code):
        pass

    async def run_async(self):
        # As Textual's writer leaves the loop when the terminal has gone.
        full = queue.Queue(1)
        full.put(1)
        print("up", flush=True)
        full.put(2)

dashboard.ENDS_WITHIN = 0.2
dashboard.run_app(Stuck())
"""


LEFT = """
import os, sys
from spcs_worker_tui.cli import dashboard

class Left:
    async def run_async(self):
        pass

dashboard.run_app(Left())
os.kill(os.getpid(), int(sys.argv[1]))
"""
ENDING = [signal.SIGHUP, signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_after_it_was_left_ends_what_is_left(number: signal.Signals) -> None:
    command = [sys.executable, "-c", LEFT, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -number
    assert "RuntimeError" not in done.stderr


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_what_cannot_end_by_itself(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            process.send_signal(number)
            assert process.wait(60) == 128 + number
        finally:
            process.kill()
