"""All looks side by side: findings come as they are made, and nobody waits for the slowest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.doctor import Check, Finding, unseen
from spcs_worker_tui.domain.errors import FleetError

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey

LOOK_SECONDS = 25.0
"""More than a Snowflake statement may take, so that its own sentence is the one that is read."""
AT_ONCE = 8
"""Looks through one connection, as many as it takes statements: the others' time does not run."""


@dataclass(frozen=True, slots=True)
class Look:
    """Something to look at, within its own time limit.

    Attributes:
        checks: What it makes findings for. Those that it had not come to when the time was up,
            or when it raised a `FleetError`, are reported as not seen.
        subject: What it is about, for that report.
        run: Makes the findings. It may also give further looks, which then run beside it: what
            can be looked at only once something else is known.
        seconds: How long it may take from its turn on, without the looks that it gives.
        connection: Through which saved connection it looks; so many at once are let through.
    """

    checks: tuple[Check, ...]
    subject: str
    run: Callable[[], AsyncGenerator[Finding | Look, None]]
    seconds: float = LOOK_SECONDS
    connection: str = ""
    service: ServiceKey | None = None


async def examine(looks: Sequence[Look]) -> AsyncGenerator[Finding, None]:
    """Every finding of these looks and of those that they give, as it is made.

    Closing it ends what still runs.
    """
    examination = _Examination()
    try:
        for look in looks:
            examination.start(look)
        async with aclosing(examination.findings()) as findings:
            async for finding in findings:
                yield finding
    finally:
        await examination.end()


class _Examination:
    """The looks that run, and what they have found so far."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._found: asyncio.Queue[Finding | None] = asyncio.Queue()
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._defect: BaseException | None = None

    def start(self, look: Look) -> None:
        task = asyncio.create_task(self._run(look))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._found.put_nowait(None)  # wakes whoever waits for the last one
        if not task.cancelled() and (error := task.exception()) is not None:
            self._defect = error

    async def findings(self) -> AsyncGenerator[Finding, None]:
        while self._running or not self._found.empty():
            found = await self._found.get()
            if self._defect is not None:
                raise self._defect
            if found is not None:
                yield found

    async def _run(self, look: Look) -> None:
        if not look.connection:
            await self._look(look)
            return
        async with self._gates.setdefault(look.connection, asyncio.Semaphore(AT_ONCE)):
            await self._look(look)

    async def _look(self, look: Look) -> None:
        done: set[str] = set()
        try:
            async with asyncio.timeout(look.seconds), aclosing(look.run()) as results:
                async for result in results:
                    if isinstance(result, Look):
                        self.start(result)
                    else:
                        done.add(result.check.id)
                        self._found.put_nowait(result)
        except FleetError as error:
            self._unseen(look, done, error)
        except TimeoutError:
            late = FleetError(
                f"it was not seen within {look.seconds:g} s",
                next_step="Look again; check the network if it stays so.",
            )
            self._unseen(look, done, late)

    def _unseen(self, look: Look, done: set[str], error: FleetError) -> None:
        for check in look.checks:
            if check.id not in done:
                self._found.put_nowait(
                    unseen(check, look.subject, error, look.connection, look.service)
                )

    async def end(self) -> None:
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(set(self._running))
