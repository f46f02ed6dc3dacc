"""Questions that arrive while others are being answered are asked together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from spcs_worker_tui.domain.errors import PrefectError

Key = TypeVar("Key")
Value = TypeVar("Value")

MOST_AT_ONCE = 100


class Batching(Generic[Key, Value]):
    """One question at a time, each about all keys that have gathered meanwhile.

    A question that nobody waits for any more is stopped: the next one need not wait for it.

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
        self._waiters: Counter[asyncio.Future[Value]] = Counter()
        self._asked: tuple[asyncio.Future[Value], ...] = ()
        self._question: asyncio.Future[Mapping[Key, Value | PrefectError]] | None = None

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
        self._waiters[answer] += 1
        try:
            return await asyncio.shield(answer)
        finally:
            self._waiters[answer] -= 1
            if not self._waiters[answer]:
                del self._waiters[answer]
                self._left(key, answer)

    async def close(self) -> None:
        """Stop asking; whoever still waits is cancelled."""
        for answer in self._waiting.values():
            answer.cancel()
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _left(self, key: Key, answer: asyncio.Future[Value]) -> None:
        """Nobody waits for that answer any more."""
        if answer.done():
            return
        if self._waiting.get(key) is answer:
            del self._waiting[key]
        elif self._question is not None and not any(one in self._waiters for one in self._asked):
            self._question.cancel()

    async def _serve(self) -> None:
        # Whoever asks in the same turn of the event loop is asked about in the same question.
        await asyncio.sleep(0)
        while self._waiting:
            keys = list(self._waiting)[:MOST_AT_ONCE]
            asked = {key: self._waiting.pop(key) for key in keys}
            self._asked = tuple(asked.values())
            self._question = asyncio.ensure_future(self._ask(keys))
            try:
                found = await self._question
            except PrefectError as error:
                found = dict.fromkeys(keys, error)
            except BaseException:
                for answer in asked.values():
                    answer.cancel()
                if self._question.cancelled() and not _is_stopped():
                    continue
                raise
            for key, answer in asked.items():
                _settle(answer, found[key])


def _is_stopped() -> bool:
    """Whether somebody cancels this very task, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _settle(answer: asyncio.Future[Value], found: Value | PrefectError) -> None:
    if answer.done():
        return
    if isinstance(found, PrefectError):
        answer.set_exception(found)
        answer.exception()  # seen, even when nobody waits any more
    else:
        answer.set_result(found)
