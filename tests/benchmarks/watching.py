"""Watches a fleet as the dashboard does, without a screen, and says what that costs.

Run by `benchmarks.growth` in a process of its own, so that nothing else is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from benchmarks.measuring import memory_mib, peak_memory_mib
from spcs_worker_tui.domain.verdict import Health, JudgedFleet
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from support.counted_session import ASKED, counted_sessions
from support.prefect_fleet import COUNTS

REST_WITHIN = 60
"""Refreshes."""


class Watched:
    """What became of a fleet so far."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url
        self.fleet: JudgedFleet | None = None
        self.pictures = 0
        self.changed = asyncio.Event()

    def saw(self, fleet: JudgedFleet) -> None:
        self.fleet = fleet
        self.pictures += 1
        self.changed.set()

    def has_all(self, services: int) -> bool:
        """Whether every service was looked at, and every work pool."""
        if self.fleet is None:
            return False
        snapshot = self.fleet.snapshot
        return (
            len(snapshot.services) == services
            and all(
                one.containers.observed_at and one.spec.observed_at for one in snapshot.services
            )
            and all(pool.observed_at for pool in snapshot.work_pools.values())
        )

    def healthy(self) -> int:
        """How many services are."""
        assert self.fleet is not None
        return sum(one.health is Health.HEALTHY for one in self.fleet.verdicts.values())

    def statements(self) -> int:
        assert self.fleet is not None
        return sum(one.statements for one in self.fleet.snapshot.connections)

    def requests(self) -> Mapping[str, int]:
        with urllib.request.urlopen(self._api_url + COUNTS, timeout=60) as answer:
            found: Mapping[str, int] = json.load(answer)
        return found

    async def until_refreshed(self, times: int) -> None:
        """Return when each connection was asked that often from now on."""
        assert self.fleet is not None
        names = [one.name for one in self.fleet.snapshot.connections]
        wanted = {name: ASKED[name] + times for name in names}
        while any(ASKED[name] < wanted[name] for name in names):
            self.changed.clear()
            await self.changed.wait()


async def watch(options: argparse.Namespace) -> dict[str, Any]:
    """Statements, requests, CPU and memory per refresh of a fleet that is at rest."""
    began, watched = time.perf_counter(), Watched(options.prefect_api_url)
    with counted_sessions():
        console = await open_console(interval=options.interval, make_doctor=make_doctor)

    async def look() -> None:
        async with aclosing(console.watch()) as pictures:  # type: ignore[type-var]
            async for fleet in pictures:
                watched.saw(fleet)

    looking = asyncio.create_task(look())
    try:
        while not watched.has_all(options.services):
            watched.changed.clear()
            await watched.changed.wait()
        found: dict[str, Any] = {
            "all_seen_seconds": time.perf_counter() - began,
            "all_seen_statements": watched.statements(),
        }
        # At rest: none of them is seen as starting any more. Verdicts settle in two polls.
        for _ in range(REST_WITHIN):
            if watched.healthy() == options.services:
                break
            await watched.until_refreshed(1)
        await watched.until_refreshed(3)
        counts = Counter(watched.requests())
        before = time.process_time(), time.perf_counter(), watched.statements(), watched.pictures
        await watched.until_refreshed(options.refreshes)
        refreshes = options.refreshes
        found |= {
            "cpu_seconds": (time.process_time() - before[0]) / refreshes,
            "seconds": (time.perf_counter() - before[1]) / refreshes,
            "statements": (watched.statements() - before[2]) / refreshes,
            "pictures": (watched.pictures - before[3]) / refreshes,
        }
        counts = Counter(watched.requests()) - counts
        return found | {
            "requests": counts.total() / refreshes,
            "requests_by_kind": {kind: n / refreshes for kind, n in counts.items()},
            "memory_mib": memory_mib(os.getpid()),
            "peak_memory_mib": peak_memory_mib(os.getpid()),
            "healthy": watched.healthy(),
        }
    finally:
        looking.cancel()
        await asyncio.wait([looking])
        await console.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefect-api-url", required=True)
    parser.add_argument("--services", type=int, required=True)
    parser.add_argument("--refreshes", type=int, required=True)
    parser.add_argument("--interval", type=float, required=True)
    json.dump(asyncio.run(watch(parser.parse_args())), sys.stdout)


if __name__ == "__main__":
    main()
