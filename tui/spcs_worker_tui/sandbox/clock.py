"""The sandbox's time: the wall clock, or one that a test moves."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

_logger = logging.getLogger(__name__)


class Clock(Protocol):
    """Where everything in the sandbox takes its time from."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return when that much of this clock's time has passed."""


class Appointment:
    """Something to be done at a time; see `Agenda`."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """It will not be done."""
        self.action = None


class Agenda:
    """Many things to be done later, with one sleeper for all of them.

    Actions are plain functions and must not raise; one that does is logged and the rest go on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._order = itertools.count()
        self._entries: list[tuple[datetime, int, Appointment]] = []
        self._sleeper: asyncio.Task[None] | None = None
        self._sleeps_until: datetime | None = None

    def at(self, when: datetime, action: Callable[[], None]) -> Appointment:
        """Do this then, or in the next turn of the event loop if that is past."""
        appointment = Appointment(action)
        heapq.heappush(self._entries, (when, next(self._order), appointment))
        self._arm()
        return appointment

    def close(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._arm()

    def _arm(self) -> None:
        while self._entries and self._entries[0][2].action is None:
            heapq.heappop(self._entries)
        due = self._entries[0][0] if self._entries else None
        if due == self._sleeps_until and due is not None:
            return
        if self._sleeper is not None:
            self._sleeper.cancel()
        self._sleeps_until = due
        self._sleeper = None if due is None else asyncio.create_task(self._sleep(due))

    async def _sleep(self, until: datetime) -> None:
        await self._clock.sleep((until - self._clock.now()).total_seconds())
        self._sleeper = None
        now = self._clock.now()
        while self._entries and self._entries[0][0] <= now:
            action = heapq.heappop(self._entries)[2].action
            try:
                if action is not None:
                    action()
            except Exception:
                # A boundary: one faulty action must not end all that come after it.
                _logger.exception("an action in the sandbox's agenda failed")
        self._sleeps_until = None
        self._arm()


class WallClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for real."""
        await asyncio.sleep(seconds)


class ManualClock:
    """Stands still until `advance` moves it; sleepers wake in the order of their times."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._order = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Where the clock stands."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self._now + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (due, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move on, waking each sleeper at its own time, and let what they start settle."""
        end = self._now + timedelta(seconds=seconds)
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not woken.done():
                woken.set_result(None)
            await self._settle()
        self._now = end
        await self._settle()

    @staticmethod
    async def _settle() -> None:
        # Each turn lets one generation of callbacks run; nothing here chains deeper than this.
        for _ in range(50):
            await asyncio.sleep(0)
