from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    SignInNeededError,
    SignInRefusedError,
    SnowflakeUnreachableError,
    UnknownConnectionError,
)
from spcs_worker_tui.domain.fleet import (
    ConnectionState,
)
from spcs_worker_tui.domain.verdict import Health
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import service
from support.scripted import ScriptedSession, begin, many, pass_time

Watch = Callable[..., FleetWatcher]


def unreachable(name: str = "dev") -> SnowflakeUnreachableError:
    return SnowflakeUnreachableError(f"no connection with {name}")


async def test_one_dead_connection_delays_no_other(watch: Watch, clock: ManualClock) -> None:
    dead, mute = ScriptedSession("dead"), ScriptedSession("mute")
    dead.failure = unreachable("dead")
    mute.hang = asyncio.Event()
    alive = ScriptedSession("alive", [service(connection="alive")])
    watcher = watch(dead, mute, alive)
    await begin(watcher)
    await pass_time(clock, 20.5)
    states = {c.name: c.state for c in watcher.snapshot.connections}
    assert states == {
        "dead": ConnectionState.UNREACHABLE,
        "mute": ConnectionState.CONNECTING,
        "alive": ConnectionState.CONNECTED,
    }
    assert alive.calls["show_services"] == 5
    assert watcher.snapshot.connections[0].retry_at is not None


async def test_failures_back_off_and_keep_what_was_seen(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(3))
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 2)
    seen_at = watcher.snapshot.connections[0].observed_at
    session.failure = unreachable()
    session.calls.clear()
    await pass_time(clock, 120, 0.5)
    (connection,) = watcher.snapshot.connections
    assert connection.state is ConnectionState.UNREACHABLE
    assert str(connection.error) == "no connection with dev"
    assert connection.observed_at == seen_at
    assert len(connection.services) == 3
    assert 4 <= session.calls["show_services"] <= 7
    assert {v.health for v in watcher.judged.verdicts.values()} == {Health.UNKNOWN}
    session.failure = None
    await pass_time(clock, 75, 0.5)
    (connection,) = watcher.snapshot.connections
    assert connection.state is ConnectionState.CONNECTED
    assert (connection.error, connection.retry_at) == (None, None)


async def test_refresh_ends_a_back_off(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession(services=many(1))
    session.failure = unreachable()
    watcher = watch(session)
    await begin(watcher)
    session.failure = None
    watcher.refresh()
    await pass_time(clock, 0.5)
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTED


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SignInNeededError("needs you"), ConnectionState.SIGN_IN_NEEDED),
        (SignInRefusedError("wrong password"), ConnectionState.REFUSED),
    ],
)
async def test_what_needs_a_person_is_not_tried_again_by_itself(
    watch: Watch, clock: ManualClock, error: Exception, state: ConnectionState
) -> None:
    session = ScriptedSession(services=many(1))
    session.sign_in = error  # type: ignore[assignment]
    watcher = watch(session)
    await begin(watcher)
    await pass_time(clock, 300, 5)
    (connection,) = watcher.snapshot.connections
    assert (connection.state, connection.error) == (state, error)
    assert connection.retry_at is None
    assert (session.statements, session.interactive) == (0, 0)

    session.sign_in = None
    await watcher.sign_in("dev")
    await pass_time(clock, 1)
    assert session.interactive == 1
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTED
    assert len(watcher.snapshot.services) == 1


async def test_a_sign_in_that_fails_says_why_and_waits_again(
    watch: Watch, clock: ManualClock
) -> None:
    session = ScriptedSession()
    session.sign_in = SignInNeededError("needs you")
    session.failure = SignInRefusedError("the browser was closed")
    watcher = watch(session)
    await begin(watcher)
    with pytest.raises(SignInRefusedError):
        await watcher.sign_in("dev")
    await pass_time(clock, 60, 5)
    (connection,) = watcher.snapshot.connections
    assert connection.state is ConnectionState.REFUSED
    assert str(connection.error) == "the browser was closed"
    with pytest.raises(UnknownConnectionError):
        await watcher.sign_in("other")


async def test_wrong_settings_are_read_again_later(watch: Watch, clock: ManualClock) -> None:
    session = ScriptedSession()
    session.sign_in = ConfigurationError("no account")
    watcher = watch(session)
    await begin(watcher)
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTING
    await pass_time(clock, 0.5)
    assert watcher.snapshot.connections[0].state is ConnectionState.MISCONFIGURED
    session.sign_in = None
    await pass_time(clock, 10)
    assert watcher.snapshot.connections[0].state is ConnectionState.CONNECTED
