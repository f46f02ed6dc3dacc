"""The wall clock, so many times as fast; the same in every process that knows when it began."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class FastClock:
    """Implements the clocks of the program and of the sandbox.

    Args:
        speed: Seconds of its time that pass in one second.
        began: When it and the wall clock said the same, in seconds since 1970.
    """

    def __init__(self, speed: float, began: float) -> None:
        self._speed = speed
        self._began = began

    def now(self) -> datetime:
        passed = (time.time() - self._began) * self._speed
        return datetime.fromtimestamp(self._began + passed, UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)
