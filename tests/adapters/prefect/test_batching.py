"""Questions asked together: who stops waiting holds up nobody, and stops nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from spcs_worker_tui.adapters.prefect.batching import Batching
from spcs_worker_tui.domain.errors import PrefectUnreachableError


class Slow:
    """Answers nothing before it is told to."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.stopped = 0
        self.may_answer = asyncio.Event()
        self.batching = Batching(self.ask)

    async def ask(self, keys: Sequence[str]) -> Mapping[str, str | PrefectUnreachableError]:
        self.asked.append(list(keys))
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        return {key: key.upper() for key in keys}

    async def begin(self, *keys: str) -> list[asyncio.Task[str]]:
        """Ask for these at once, until they are under way."""
        tasks = [asyncio.create_task(self.batching.get(key)) for key in keys]
        before = len(self.asked)
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(self.asked) == before + 1
        return tasks


async def give_up(*tasks: asyncio.Task[str]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_what_nobody_waits_for_holds_up_nobody() -> None:
    slow = Slow()
    await give_up(*await slow.begin("a", "b"))
    (task,) = await slow.begin("a")
    assert slow.stopped == 1
    slow.may_answer.set()
    assert await task == "A"
    assert slow.asked == [["a", "b"], ["a"]]


async def test_one_who_stops_waiting_stops_nobody_else() -> None:
    slow = Slow()
    one, two, other = await slow.begin("a", "a", "b")
    await give_up(one)
    await give_up(other)
    slow.may_answer.set()
    assert await two == "A"
    assert slow.stopped == 0


async def test_what_waits_for_its_turn_and_is_given_up_is_not_asked() -> None:
    slow = Slow()
    (first,) = await slow.begin("a")
    second = asyncio.create_task(slow.batching.get("b"))
    await asyncio.sleep(0)
    await give_up(second)
    slow.may_answer.set()
    assert await first == "A"
    assert slow.asked == [["a"]]


async def test_closing_stops_all_of_it() -> None:
    slow = Slow()
    tasks = await slow.begin("a", "b")
    await slow.batching.close()
    assert slow.stopped == 1
    for task in tasks:
        with pytest.raises(asyncio.CancelledError):
            await task
