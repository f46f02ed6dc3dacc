from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import NOW
from support.scripted import ScriptedPrefect, ScriptedSession, settle

Watch = Callable[..., FleetWatcher]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def prefect() -> ScriptedPrefect:
    return ScriptedPrefect()


@pytest.fixture
async def watch(clock: ManualClock, prefect: ScriptedPrefect) -> AsyncIterator[Watch]:
    """Makes a watcher over these sessions, and closes it; no task may be left behind."""
    made: list[FleetWatcher] = []

    def make(*sessions: ScriptedSession, pace: Pace | None = None) -> FleetWatcher:
        watcher = FleetWatcher(sessions, prefect, Judge(), clock, pace)
        made.append(watcher)
        return watcher

    yield make
    for watcher in made:
        await watcher.close()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
