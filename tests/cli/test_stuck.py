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


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_what_cannot_end_by_itself(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"up\n"
            process.send_signal(number)
            assert process.wait(60) == 128 + number
        finally:
            process.kill()
