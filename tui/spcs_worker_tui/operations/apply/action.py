"""What does one step of a plan, and how it says what it is at."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.plan import Step

_KEPT = 1000
"""Sayings that wait for a slow reader; older ones are dropped."""


class Tell(Protocol):
    """Says what a running step is at. Call it on the event loop's thread."""

    def __call__(
        self, text: str, *, part: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        """Say it; the arguments are those of `StepProgress`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended well: what to show, and under which id the account knows it."""

    detail: str = ""
    query_id: str = ""


async def _never_done() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Action:
    """A step, and what does it.

    Args:
        step: What the plan shows.
        do: Does it and verifies it; doing it twice is the same as doing it once.
        is_done: Why it need not be done any more, in words, or nothing. Asked right before.

    Both raise `FleetError` where the step fails, which ends the plan, and may be cancelled at
    any await.
    """

    step: Step
    do: Callable[[Tell], Awaitable[Outcome]]
    is_done: Callable[[], Awaitable[str]] = _never_done


@dataclass(frozen=True, slots=True)
class Said:
    """One saying of a running step."""

    text: str
    part: str = ""
    done: int | None = None
    total: int | None = None


class Telling:
    """Implements `Tell`, and hands on what is said while a task runs."""

    def __init__(self) -> None:
        self._said: deque[Said] = deque(maxlen=_KEPT)
        self._wake = asyncio.Event()

    def __call__(
        self, text: str, *, part: str = "", done: int | None = None, total: int | None = None
    ) -> None:
        """Say it; see `Tell`."""
        self._said.append(Said(text, part, done, total))
        self._wake.set()

    async def until_done(self, task: asyncio.Task[Outcome]) -> AsyncGenerator[Said, None]:
        """Everything that is said until the task has ended, the last words included."""
        task.add_done_callback(lambda _: self._wake.set())
        while True:
            await self._wake.wait()
            self._wake.clear()
            ended = task.done()
            while self._said:
                yield self._said.popleft()
            if ended:
                return
