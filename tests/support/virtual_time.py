"""A clock that tests own: time passes only when nothing else is left to do."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

SETTLING = 60
"""Turns of the event loop after which everything that could run has run."""


class VirtualClock:
    """Implements the port `Clock`."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._slept = 0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self._slept += 1
        future = asyncio.get_running_loop().create_future()
        wake = self._now + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (wake, self._slept, future))
        await future

    def skip(self, seconds: float) -> None:
        """It is later now, and nobody was woken."""
        self._now += timedelta(seconds=seconds)

    async def pass_time(self, seconds: float) -> None:
        """Let that much time pass, waking each sleeper in its turn."""
        until = self._now + timedelta(seconds=seconds)
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            wake, _, future = heapq.heappop(self._sleepers)
            self._now = max(self._now, wake)
            if not future.done():
                future.set_result(None)
                await self._settle()
        self._now = until

    async def _settle(self) -> None:
        for _ in range(SETTLING):
            await asyncio.sleep(0)
