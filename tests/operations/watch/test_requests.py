"""How many requests a Prefect API gets when many of its work pools are watched."""

from __future__ import annotations

import asyncio

import pytest

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.prefect.readers import PrefectReaders
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.operations.watch.work_pools import PrefectWatch
from spcs_worker_tui.sandbox.clock import WallClock
from support.prefect_fleet import PrefectFleet
from support.prefect_stub import prefect_stub

ONCE_A_POLL = 4
"""Pools, queues, late runs, running runs: for up to a hundred work pools together."""
AT_FIRST = 3
"""The server's version, the workers' versions, the names of flows."""


@pytest.mark.parametrize(("pools", "batches"), [(20, 1), (150, 2)])
async def test_work_pools_are_asked_about_together(pools: int, batches: int) -> None:
    names = [f"pool-{number:03}" for number in range(pools)]
    fleet = PrefectFleet([], names, WallClock())
    async with prefect_stub(fleet) as stub:
        readers = PrefectReaders()
        changed = asyncio.Event()
        watch = PrefectWatch(readers, SystemClock(), Pace(interval=600), changed.set)
        watch.want(WorkPoolKey(stub.api_url, name) for name in names)
        running = asyncio.create_task(watch.run())
        async with asyncio.timeout(60):
            while any(pool.observed_at is None for pool in watch.work_pools.values()):
                changed.clear()
                await changed.wait()
        running.cancel()
        await asyncio.wait([running])
        await readers.close()
    assert fleet.counts.total() <= pools + batches * ONCE_A_POLL + AT_FIRST
