"""The watcher on the unmodified connector, against sandboxes; only Prefect is scripted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.fleet import ConnectionState, ServiceKey, ServiceStatus
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.domain.wishes import Suspend
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.server import SandboxSettings
from spcs_worker_tui.wiring.accounts import saved_connections
from spcs_worker_tui.wiring.bench import open_bench
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from support.catalogue import add_service, new_lab
from support.sandbox import RunningSandbox, running_sandbox
from support.saved_connections import save
from support.scripted import ScriptedPrefect

QUICK = Pace(interval=0.1, slowest=0.5)
GOOD = ServiceKey("good", "D", "S", "SVC")


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def clock() -> ManualClock:
    """The sandbox's."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
async def sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock, unused_port: int
) -> AsyncIterator[RunningSandbox]:
    """One account with one service; connections `good`, `dead`, `wrong` and `browser`."""
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    lab = new_lab()
    add_service(lab, status="RUNNING", target_instances=1)
    settings = SandboxSettings(session_token_seconds=60, master_token_seconds=600)
    async with running_sandbox(lab, clock=clock, settings=settings) as running:
        good = running.connection(enable_server_session_keep_alive_auto_detection=None)
        save(
            tmp_path,
            {
                "good": good,
                "dead": {**good, "port": unused_port},
                "wrong": {**good, "password": "no"},
                "browser": {**good, "authenticator": "externalbrowser"},
            },
        )
        yield running


async def picture(watcher: FleetWatcher, condition: Callable[[JudgedFleet], object]) -> JudgedFleet:
    """The first picture of which this is true."""
    async with asyncio.timeout(20):
        async with aclosing(watcher.watch()) as pictures:  # type: ignore[type-var]
            async for fleet in pictures:
                if condition(fleet):
                    return fleet
    raise AssertionError


@pytest.fixture
async def watcher(sandbox: RunningSandbox) -> AsyncIterator[FleetWatcher]:
    sessions = [ConnectorSession(settings) for settings in saved_connections()]
    watcher = FleetWatcher(sessions, ScriptedPrefect(), Judge(), SystemClock(), QUICK)
    yield watcher
    await watcher.close()
    assert {task.get_name() for task in asyncio.all_tasks() if "Watch" in repr(task)} == set()


def state(fleet: JudgedFleet, name: str) -> ConnectionState:
    connection = fleet.snapshot.connection(name)
    assert connection is not None
    return connection.state


async def test_each_connection_stands_for_itself(watcher: FleetWatcher) -> None:
    expected = {
        "good": ConnectionState.CONNECTED,
        "dead": ConnectionState.UNREACHABLE,
        "wrong": ConnectionState.REFUSED,
        "browser": ConnectionState.SIGN_IN_NEEDED,
    }
    fleet = await picture(
        watcher, lambda fleet: all(state(fleet, name) is expected[name] for name in expected)
    )
    assert [service.key for service in fleet.snapshot.services] == [GOOD]
    assert fleet.snapshot.connections[0].role == "DEPLOYER"
    for connection in fleet.snapshot.connections[1:]:
        assert connection.error is not None
        assert connection.error.next_step


async def test_the_wrong_password_is_tried_once_only(
    watcher: FleetWatcher, sandbox: RunningSandbox
) -> None:
    await picture(watcher, lambda fleet: state(fleet, "wrong") is ConnectionState.REFUSED)
    ticks = len(sandbox.journal)
    await picture(watcher, lambda _fleet: len(sandbox.journal) > ticks + 20)
    assert watcher.snapshot.connections[2].error is not None
    assert watcher.snapshot.connections[2].retry_at is None


async def test_a_service_changes_and_is_dropped_while_selected(
    watcher: FleetWatcher, sandbox: RunningSandbox
) -> None:
    await picture(watcher, lambda fleet: fleet.snapshot.service(GOOD))
    watcher.select(GOOD)
    service = sandbox.lab.account.services["D", "S", "SVC"]
    service.status = "SUSPENDED"
    await picture(
        watcher,
        lambda fleet: (
            (seen := fleet.snapshot.service(GOOD)) and seen.status is ServiceStatus.SUSPENDED
        ),
    )
    del sandbox.lab.account.services["D", "S", "SVC"]
    fleet = await picture(watcher, lambda fleet: fleet.snapshot.service(GOOD) is None)
    assert state(fleet, "good") is ConnectionState.CONNECTED
    assert fleet.snapshot.connections[0].error is None


async def test_the_end_of_a_session_is_not_even_seen(
    watcher: FleetWatcher, sandbox: RunningSandbox, clock: ManualClock
) -> None:
    await picture(watcher, lambda fleet: fleet.snapshot.service(GOOD))
    for seconds in (120, 3600):  # the session token's end, then the master token's
        await clock.advance(seconds)
        before = watcher.snapshot.connections[0].observed_at
        assert before is not None
        fleet = await picture(
            watcher,
            lambda fleet, before=before: fleet.snapshot.connections[0].observed_at > before,
        )
        assert state(fleet, "good") is ConnectionState.CONNECTED
    assert len({entry.session_id for entry in sandbox.journal}) == 2


async def test_the_server_goes_away_and_what_was_seen_stays(
    watcher: FleetWatcher, sandbox: RunningSandbox
) -> None:
    await picture(watcher, lambda fleet: fleet.snapshot.service(GOOD))
    await sandbox.server.stop()
    fleet = await picture(
        watcher, lambda fleet: state(fleet, "good") is ConnectionState.UNREACHABLE
    )
    assert fleet.snapshot.service(GOOD) is not None
    assert fleet.snapshot.connections[0].observed_at is not None


async def test_one_look_for_a_script(sandbox: RunningSandbox) -> None:
    async with open_bench() as bench:
        fleet = await bench.look(lambda _key: True, seconds=20)
    assert [state(fleet, name) for name in ("good", "dead", "wrong", "browser")] == [
        ConnectionState.CONNECTED,
        ConnectionState.UNREACHABLE,
        ConnectionState.REFUSED,
        ConnectionState.SIGN_IN_NEEDED,
    ]
    assert [str(key) for key in fleet.verdicts] == ["good:D.S.SVC"]
    assert len(sandbox.statements) == 3


async def test_the_console_sees_the_fleet_and_its_log(sandbox: RunningSandbox) -> None:
    console = await open_console(["good"], make_doctor=make_doctor)
    try:
        async with asyncio.timeout(20):
            async for fleet in console.watch():
                if fleet.snapshot.service(GOOD):
                    break
        plan = await console.plan(Suspend(GOOD))
        assert plan.steps[0].statement == "ALTER SERVICE D.S.SVC SUSPEND"
    finally:
        await console.close()
