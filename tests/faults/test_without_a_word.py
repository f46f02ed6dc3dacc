"""Faults that are put right at once, or change nothing that is said: nobody is troubled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spcs_worker_tui.domain.verdict import Health
from support.faults import VICTIM, Bench, Watched, checked, loop_lag, watched

REFRESHES = 3


async def refreshed(fleet: Watched, times: int = REFRESHES) -> list[str]:
    """What was said of the victim in as many refreshes, where anything was wrong."""
    seen: set[object] = set()
    wrong = []

    def look(now: Watched) -> bool:
        if not now.is_well(VICTIM):
            wrong.append(now.said())
        seen.add(now.connection().observed_at)
        return len(seen) > times

    await fleet.until(look)
    return wrong


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("session-expired", {"times": 3}),
        ("master-expired", {"times": 1}),
        ("session-gone", {"times": 1}),
        ("500", {"every": 3}),
        ("reset", {"every": 3}),
        ("clock", {"seconds": 300}),
        ("clock", {"seconds": -300}),
    ],
)
async def test_the_session_goes_on(bench: Bench, kind: str, fields: dict[str, Any]) -> None:
    async with watched(bench) as fleet, loop_lag() as lag:
        bench.set("snowflake", kind, connection=VICTIM, **fields)
        wrong = await refreshed(fleet)
        report, printed = await checked()
    assert wrong == []
    assert "times" not in fields or bench.faults() == []
    assert report.health is Health.HEALTHY, printed
    assert lag.is_short, lag


async def test_faults_of_the_session_strike(bench: Bench) -> None:
    """Else the test above would prove nothing."""
    bench.set("snowflake", "500", connection=VICTIM, every=3)
    await checked()
    (fault,) = bench.faults()
    assert fault["struck"] > 0


@pytest.mark.parametrize("seconds", [-240])
async def test_prefects_clock_is_off(bench: Bench, seconds: int) -> None:
    async with watched(bench) as fleet:
        bench.set("prefect", "clock", seconds=seconds)
        wrong = await refreshed(fleet, 5)
        report, printed = await checked()
    assert wrong == []
    assert report.health is Health.HEALTHY, printed


async def test_foreman_stopped(bench: Bench) -> None:
    """Nobody calls a worker OFFLINE then; the ages of their heartbeats are judged."""
    async with watched(bench) as fleet:
        await asyncio.to_thread(bench.set, "prefect", "foreman-stopped")
        bench.wait_for_prefect()
        await fleet.until(Watched.all_well, within=60)
        # Until the first heartbeats that the new server was told of.
        async with asyncio.timeout(60):
            while (await checked())[0].health is not Health.HEALTHY:
                pass
        bench.set("prefect", "refuse", workers_only=True)
        await fleet.until(lambda now: "went silent together" in now.said(), within=60)
        report, printed = await checked()
        assert report.health is Health.DEGRADED
        assert "went silent together" in printed
        await asyncio.to_thread(bench.clear)
        bench.wait_for_prefect()
        await fleet.until(Watched.all_well, within=60)
