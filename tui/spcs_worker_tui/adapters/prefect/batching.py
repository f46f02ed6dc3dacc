"""Questions that arrive while others are being answered are asked together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from spcs_worker_tui.domain.errors import PrefectError

Key = TypeVar("Key")
Value = TypeVar("Value")

MOST_AT_ONCE = 100


class Batching(Generic[Key, Value]):
    """One question at a time, each about all keys that have gathered meanwhile.

    Args:
        ask: Answers for several keys; an error for one key stands in its place, one that it
            raises is about all of them.
    """

    def __init__(
        self, ask: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value | PrefectError]]]
    ) -> None:
        self._ask = ask
        self._waiting: dict[Key, asyncio.Future[Value]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: Key) -> Value:
        """The answer for one key.

        Raises:
            PrefectError: One of its kinds.
        """
        answer = self._waiting.get(key)
        if answer is None:
            answer = self._waiting[key] = asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())
        return await asyncio.shield(answer)

    async def close(self) -> None:
        """Stop asking; whoever still waits is cancelled."""
        for answer in self._waiting.values():
            answer.cancel()
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _serve(self) -> None:
        # Whoever asks in the same turn of the event loop is asked about in the same question.
        await asyncio.sleep(0)
        while self._waiting:
            keys = list(self._waiting)[:MOST_AT_ONCE]
            asked = {key: self._waiting.pop(key) for key in keys}
            try:
                found = await self._ask(keys)
            except PrefectError as error:
                found = dict.fromkeys(keys, error)
            except BaseException:
                for answer in asked.values():
                    answer.cancel()
                raise
            for key, answer in asked.items():
                _settle(answer, found[key])


def _settle(answer: asyncio.Future[Value], found: Value | PrefectError) -> None:
    if answer.done():
        return
    if isinstance(found, PrefectError):
        answer.set_exception(found)
        answer.exception()  # seen, even when nobody waits any more
    else:
        answer.set_result(found)
