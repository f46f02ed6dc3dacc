"""Notices while an answer is still awaited that nothing has come for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock

T = TypeVar("T")


class Silence:
    """Says that nothing comes, long before a time limit is reached, and for how long by now.

    Args:
        clock: Whose time to go by.
        seconds: How long nothing may come.
        say: Called with how long it has been, whenever that time has passed again.
    """

    def __init__(self, clock: Clock, seconds: float, say: Callable[[timedelta], None]) -> None:
        self._clock = clock
        self._seconds = timedelta(seconds=seconds)
        self._say = say
        self._asked = self._heard = clock.now()

    def heard(self) -> None:
        """Something came."""
        self._asked = self._heard = self._clock.now()

    async def over(self, asking: Coroutine[None, None, T], *, again: bool) -> T:
        """Listen while this is done.

        Args:
            asking: Calls `heard` for whatever comes.
            again: The last time failed, too, so what is said counts from then on.
        """
        self._heard = self._clock.now()
        if not again:
            self._asked = self._heard
        listening = asyncio.create_task(self._listen())
        try:
            return await asking
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        due = self._heard + self._seconds
        while True:
            await self._clock.sleep((due - self._clock.now()).total_seconds())
            now = self._clock.now()
            if now - self._heard >= self._seconds:
                self._say(now - self._asked)
                due = now + self._seconds
            else:
                due = self._heard + self._seconds
