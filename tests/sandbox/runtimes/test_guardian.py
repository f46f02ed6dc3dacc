"""Nothing is left running, even after kill -9."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from spcs_worker_tui.sandbox.runtimes.guardian import Guardian

# Stands for the sandbox: a guardian, a process that ignores SIGTERM, one in a session of its own
# that nobody told the guardian of, and a directory.
SANDBOX = """
import json, subprocess, sys, tempfile, time, os
from pathlib import Path
from spcs_worker_tui.sandbox.runtimes.guardian import Guardian

guardian = Guardian(grace_seconds=0.5)
guardian.start()
directory = Path(tempfile.mkdtemp(prefix="spcs-guardian-test-"))
(directory / "file").write_text("x")
guardian.watch_directory(directory)
stubborn = subprocess.Popen(
    [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); "
     "print('up', flush=True); time.sleep(300)"],
    start_new_session=True, stdout=subprocess.PIPE,
)
guardian.watch_group(stubborn.pid)
stubborn.stdout.readline()
escaped = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(300)"],
    start_new_session=True, env={**os.environ, **guardian.environment},
)
bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(json.dumps({"guardian": guardian.pid, "stubborn": stubborn.pid, "escaped": escaped.pid,
                  "bystander": bystander.pid, "directory": str(directory)}), flush=True)
time.sleep(300)
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_everything_is_ended_and_removed_when_the_sandbox_dies(number: signal.Signals) -> None:
    sandbox = subprocess.Popen([sys.executable, "-c", SANDBOX], stdout=subprocess.PIPE, text=True)
    assert sandbox.stdout is not None
    facts = json.loads(sandbox.stdout.readline())
    directory = Path(facts["directory"])
    assert directory.exists()
    try:
        sandbox.send_signal(number)
        sandbox.wait()
        wait_until(lambda: not is_running(facts["guardian"]))
        assert not is_running(facts["stubborn"])
        assert not is_running(facts["escaped"])
        assert not directory.exists()
        assert is_running(facts["bystander"])
    finally:
        os.kill(facts["bystander"], signal.SIGKILL)
        sandbox.stdout.close()


def test_what_is_forgotten_is_left_alone() -> None:
    guardian = Guardian(grace_seconds=0.1)
    guardian.start()
    sleeper = subprocess.Popen(["/bin/sleep", "300"], start_new_session=True)
    directory = Path(tempfile.mkdtemp())
    guardian.watch_group(sleeper.pid)
    guardian.watch_directory(directory)
    guardian.forget_group(sleeper.pid)
    guardian.forget_directory(directory)
    asyncio.run(guardian.close())
    assert sleeper.poll() is None
    assert directory.exists()
    sleeper.kill()
    sleeper.wait()
    directory.rmdir()


def test_another_guardian_takes_over_when_one_is_killed() -> None:
    guardian = Guardian(grace_seconds=0.1)
    guardian.start()
    sleeper = subprocess.Popen(["/bin/sleep", "300"], start_new_session=True)
    guardian.watch_group(sleeper.pid)
    first = guardian.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not is_running(first))
    directory = Path(tempfile.mkdtemp())
    guardian.watch_directory(directory)
    assert guardian.pid != first
    asyncio.run(guardian.close())
    assert sleeper.wait() == -signal.SIGTERM
    assert not directory.exists()
