"""The reconciler with real processes behind it, on the wall clock."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from spcs_worker_tui.sandbox.clock import ManualClock, WallClock
from spcs_worker_tui.sandbox.reconciler.delays import INSTANT
from spcs_worker_tui.sandbox.runtimes.choice import RuntimeChoice
from spcs_worker_tui.sandbox.runtimes.guardian import Guardian
from spcs_worker_tui.sandbox.runtimes.images import KnownImages
from spcs_worker_tui.sandbox.runtimes.process import ProcessContainer, ProcessRuntime
from spcs_worker_tui.sandbox.runtimes.simulated import SimulatedContainer, SimulatedRuntime
from support.small_account import SmallAccount, only_container

PROBE = {"readinessProbe": {"port": 8080, "path": "/health"}}


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.02)


@pytest.fixture
async def small() -> AsyncIterator[SmallAccount]:
    guardian = Guardian(grace_seconds=0.5)
    guardian.start()
    clock = WallClock()
    runtime = ProcessRuntime(KnownImages(), guardian, clock, memory_seconds=0.1)
    small = SmallAccount(
        delays=replace(INSTANT, termination_grace=0.5), runtime=runtime, clock=clock
    )
    small.reconciler.start()
    small.pool(instance_family="CPU_X64_M")
    yield small
    await small.reconciler.stop(0.5)
    await runtime.close()
    await guardian.close()


async def test_ready_when_it_answers_and_gone_when_suspended(small: SmallAccount) -> None:
    image = small.image("echo-http")
    service = small.service(image, container=PROBE, min_instances=2, max_instances=2)
    await until(lambda: all(i.status == "READY" for i in service.instances))
    assert service.status == "RUNNING"
    assert len({instance.ip_address for instance in service.instances}) == 2
    log = small.reconciler.read_log(service, 1, "echo-http")
    assert log.startswith("listening on port 8080")
    running = [small.reconciler.running(service, n, "echo-http") for n in range(2)]
    small.suspend(service)
    await until(lambda: service.status == "SUSPENDED")
    for container in running:
        assert isinstance(container, ProcessContainer)
        assert not is_running(container.pid)
        assert not container.root.exists()


async def test_a_crash_is_a_new_process_with_a_new_environment(small: SmallAccount) -> None:
    service = small.service(small.image("crash"), container={"env": {"CRASH_CODE": "3"}})
    await until(lambda: only_container(service).restart_count == 2)
    container = only_container(service)
    assert container.last_exit_code == 3
    previous = small.reconciler.read_log(service, 0, "crash", previous=True)
    assert previous == "starting\ncannot go on"


async def test_out_of_memory(small: SmallAccount) -> None:
    limits = {"resources": {"limits": {"memory": "64Mi"}}}
    service = small.service(small.image("memory-hog"), container=limits)
    message = "Container was OOMKilled due to resource usage"
    await until(lambda: only_container(service).message == message)
    assert only_container(service).last_exit_code == 137


async def test_kill_after_the_grace(small: SmallAccount) -> None:
    service = small.service(small.image("stubborn"))
    await until(lambda: service.status == "RUNNING" and log_of(small, service))
    running = small.reconciler.running(service, 0, "stubborn")
    assert isinstance(running, ProcessContainer)
    small.suspend(service)
    await until(lambda: service.status == "SUSPENDED")
    assert small.reconciler.read_log(service, 0, "stubborn") == "I do not stop\nno"
    assert (await running.wait()).code == 137


def log_of(small: SmallAccount, service: object) -> str:
    return small.reconciler.read_log(service, 0, "stubborn")  # type: ignore[arg-type]


async def test_images_that_are_not_known_are_simulated() -> None:
    guardian = Guardian()
    clock = ManualClock()
    images = KnownImages()
    process = ProcessRuntime(images, guardian, clock)
    choice = RuntimeChoice(images, process, SimulatedRuntime(clock))
    assert choice.runtime_for("prefect-worker") is process
    small = SmallAccount(runtime=choice.runtime_for("something-else"), delays=INSTANT)
    small.reconciler.start()
    small.pool()
    service = small.service(small.image("something-else"))
    await small.after(1)
    running = small.reconciler.running(service, 0, "something-else")
    assert isinstance(running, SimulatedContainer)
    await small.reconciler.stop(0)
    await choice.close()


# A whole sandbox in a process of its own: a service whose container starts an orphan in another
# session, as Prefect's flow runs are.
SANDBOX = """
import asyncio, json, sys
from support.small_account import SmallAccount
from spcs_worker_tui.sandbox.clock import WallClock
from spcs_worker_tui.sandbox.reconciler.delays import INSTANT
from spcs_worker_tui.sandbox.runtimes.guardian import Guardian
from spcs_worker_tui.sandbox.runtimes.images import KnownImage, KnownImages
from spcs_worker_tui.sandbox.runtimes.process import ProcessRuntime

PARENT = '''if 1:
    import subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"],
                             start_new_session=True)
    print(child.pid, flush=True)
    time.sleep(300)
'''

async def main():
    guardian = Guardian(grace_seconds=0.5)
    guardian.start()
    images = KnownImages({"parent": KnownImage((sys.executable, "-c", PARENT))})
    runtime = ProcessRuntime(images, guardian, WallClock())
    small = SmallAccount(delays=INSTANT, runtime=runtime, clock=WallClock())
    small.reconciler.start()
    small.pool()
    service = small.service(small.image("parent"))
    await small.reconciler.reached(service, {"RUNNING"}, None)
    while not (log := small.reconciler.read_log(service, 0, "parent")):
        await asyncio.sleep(0.02)
    container = small.reconciler.running(service, 0, "parent")
    facts = {"guardian": guardian.pid, "parent": container.pid, "child": int(log),
             "root": str(container.root.parent)}
    print(json.dumps(facts), flush=True)
    await asyncio.sleep(300)

asyncio.run(main())
"""


def test_kill_9_of_the_sandbox_leaves_nothing() -> None:
    tests = Path(__file__).parents[2]
    sandbox = subprocess.Popen(
        [sys.executable, "-c", SANDBOX], cwd=tests, stdout=subprocess.PIPE, text=True
    )
    assert sandbox.stdout is not None
    facts = json.loads(sandbox.stdout.readline())
    assert all(Path(f"/proc/{facts[who]}").exists() for who in ("guardian", "parent", "child"))
    assert Path(facts["root"]).exists()
    sandbox.send_signal(signal.SIGKILL)
    sandbox.wait()
    sandbox.stdout.close()
    deadline = time.monotonic() + 20
    while any(is_running(facts[who]) for who in ("guardian", "parent", "child")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not Path(facts["root"]).exists()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
