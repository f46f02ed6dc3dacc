"""The newest of a stream of values, for any number of readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Readers get the newest value at their own pace, and never a queue of old ones.

    Args:
        value: What there is from the beginning on.
    """

    def __init__(self, value: T) -> None:
        self.value = value
        self._version = 0
        self._changed = asyncio.Event()
        self.is_closed = False
        self._failure: BaseException | None = None

    def publish(self, value: T) -> None:
        """Replace the value and wake all readers."""
        self.value = value
        self._version += 1
        self._wake()

    def close(self, failure: BaseException | None = None) -> None:
        """End all readers; with a failure, that is what they raise."""
        self.is_closed = True
        self._failure = self._failure or failure
        self._wake()

    async def follow(self) -> AsyncIterator[T]:
        """The present value, and then each newer one until `close`."""
        seen = -1
        while True:
            if self._failure is not None:
                raise self._failure
            if seen != self._version:
                seen = self._version
                yield self.value
            elif self.is_closed:
                return
            else:
                await self._changed.wait()

    def _wake(self) -> None:
        waking, self._changed = self._changed, asyncio.Event()
        waking.set()
