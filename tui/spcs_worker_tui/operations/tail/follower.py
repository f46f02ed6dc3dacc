"""One service's log: which containers take part, how often to ask, and what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    FleetError,
    PrivilegeError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.log import LogEvent, LogNotice, LogSource
from spcs_worker_tui.operations.tail.container import ContainerTail, port_of
from spcs_worker_tui.operations.tail.explain import explain
from spcs_worker_tui.operations.tail.merge import Merger
from spcs_worker_tui.operations.tail.window import CUT_BYTES

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ContainerSnapshot, ServiceKey, ServiceSnapshot
    from spcs_worker_tui.domain.ports import Clock, SnowflakeSession

_QUEUED_ANSWERS = 16
"""Answers that wait for a slow reader; after that nothing more is asked for."""


@dataclass(frozen=True, slots=True)
class TailTiming:
    """How often a container's log is asked for, in seconds.

    `fast` while lines come, but up to `fastest` where so many come that one answer would not hold
    them; slower and slower down to `slow` while none do, and `retry` after repeated failures.
    `hold_back` is how long a line waits for older ones of other containers.
    """

    fastest: float = 0.2
    fast: float = 1.0
    slow: float = 5.0
    retry: float = 30.0
    slower_by: float = 1.5
    hold_back: float = 1.0


class LogFollower:
    """Follows the logs of services.

    Args:
        sessions: The session of a saved connection, by its name.
        services: The service as last seen, or None while it was not seen or is gone.
        clock: Time.
        timing: How often to ask.
    """

    def __init__(
        self,
        sessions: Callable[[str], SnowflakeSession],
        services: Callable[[ServiceKey], ServiceSnapshot | None],
        clock: Clock,
        timing: TailTiming | None = None,
    ) -> None:
        self._sessions = sessions
        self._services = services
        self._clock = clock
        self._timing = timing or TailTiming()

    async def follow(self, key: ServiceKey) -> AsyncGenerator[Sequence[LogEvent], None]:
        """The service's log from the last few hundred lines on, all containers merged.

        Ends when the service was dropped. Closing the iterator stops everything it started.

        Args:
            key: Which service.
        """
        tail = _ServiceTail(key, self._sessions, self._services, self._clock, self._timing)
        try:
            async with aclosing(tail.batches()) as batches:
                async for events in batches:
                    yield events
        finally:
            await tail.stop()


@dataclass(slots=True)
class _Member:
    """One container that takes part."""

    row: ContainerSnapshot
    leaving: bool = False
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _ServiceTail:
    """One run of `LogFollower.follow`."""

    key: ServiceKey
    sessions: Callable[[str], SnowflakeSession]
    services: Callable[[ServiceKey], ServiceSnapshot | None]
    clock: Clock
    timing: TailTiming
    members: dict[LogSource, _Member] = field(default_factory=dict)
    tails: dict[LogSource, ContainerTail] = field(default_factory=dict)
    """Kept when a container leaves: one that comes back goes on where it was."""
    said: dict[LogSource | str, str] = field(default_factory=dict)
    answers: asyncio.Queue[list[LogEvent]] = field(
        default_factory=lambda: asyncio.Queue(_QUEUED_ANSWERS)
    )

    async def batches(self) -> AsyncGenerator[Sequence[LogEvent], None]:
        """Merged events, as they become due."""
        merger = Merger(timedelta(seconds=self.timing.hold_back))
        seen = False
        while True:
            service = self.services(self.key)
            dropped = seen and service is None
            seen = seen or service is not None
            gone = self._admit(service)
            for source in self.members:
                merger.join(source)
            for notice in self._remarks(service, dropped=dropped):
                merger.add([notice], self.clock.now())
            while not self.answers.empty():
                merger.add(self.answers.get_nowait(), self.clock.now())
            for source in gone:
                merger.leave(source)
            if due := merger.take(self.clock.now()):
                yield due
            if dropped and not self.members and self.answers.empty():
                while (wait := merger.wait(self.clock.now())) is not None:
                    await self.clock.sleep(wait)
                    yield merger.take(self.clock.now())
                return
            wait = merger.wait(self.clock.now())
            first = await self._next(self.timing.fast if wait is None else wait)
            merger.add(first, self.clock.now())

    async def stop(self) -> None:
        """Cancel what still runs and wait for it."""
        tasks = [member.task for member in self.members.values() if member.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _next(self, seconds: float) -> list[LogEvent]:
        """The next answer, or nothing when there was none for that long."""
        answer = asyncio.ensure_future(self.answers.get())
        pause = asyncio.ensure_future(self.clock.sleep(seconds))
        try:
            await asyncio.wait({answer, pause}, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else []
        finally:
            answer.cancel()
            pause.cancel()

    def _admit(self, service: ServiceSnapshot | None) -> list[LogSource]:
        """Let containers that appeared join and those that are gone leave.

        Returns:
            The containers that have left since the last call.
        """
        rows = service.containers.value if service else ()
        present = {LogSource(row.instance_id, row.name): row for row in rows}
        for source, row in present.items():
            member = self.members.get(source)
            if member is None:
                member = self.members[source] = _Member(row)
                member.task = asyncio.create_task(self._run(source, member), name=f"log {source}")
            elif not member.leaving:
                member.row = row
        left = [s for s, m in self.members.items() if m.task and _has_ended(m.task)]
        for source, member in self.members.items():
            member.leaving = member.leaving or source not in present
        for source in left:
            del self.members[source]
            self.said.pop(source, None)
        return left

    def _remarks(self, service: ServiceSnapshot | None, *, dropped: bool) -> list[LogNotice]:
        """Why there is nothing to follow; once, until that changes."""
        if dropped:
            return self._say("service", f"Service {self.key.qualified} was dropped.")
        if service is None or service.containers.observed_at is None or service.containers.value:
            return self._say("service", "")
        why = f"Service is {service.status}: no container runs, so there is no log."
        return self._say("service", why)

    def _say(self, about: LogSource | str, text: str) -> list[LogNotice]:
        """A notice, unless it is what was said last; empty text means that all is well."""
        if self.said.get(about, "") == text:
            return []
        self.said[about] = text
        source = about if isinstance(about, LogSource) else None
        return [LogNotice(text, source)] if text else []

    def _complain(self, source: LogSource, error: FleetError) -> list[LogNotice]:
        """Why this container's log cannot be read; once for all where the connection is down."""
        refused = isinstance(error, StatementRefusedError)
        return self._say(source if refused else "connection", explain(error))

    def _recover(self, source: LogSource) -> list[LogNotice]:
        """That it can be read again, if it was said that it cannot."""
        notices: list[LogNotice] = []
        if self.said.pop("connection", ""):
            notices.append(LogNotice("Snowflake answers again."))
        if self.said.pop(source, ""):
            notices.append(LogNotice("The log can be read now.", source))
        return notices

    async def _run(self, source: LogSource, member: _Member) -> None:
        """Follow one container until it is gone."""
        port = port_of(self.sessions(self.key.connection), self.key, source)
        tail = self.tails.setdefault(source, ContainerTail(source, port))
        delay, failures = self.timing.fast, 0
        asked = self.clock.now()
        while True:
            last = member.leaving
            before, asked = asked, self.clock.now()
            try:
                await tail.poll(member.row)
            except FleetError as error:
                failures += 1
                delay = self._delay_after(failures, error)
                said = [] if last else self._complain(source, error)
                await self._deliver([*tail.drain(), *said])
            else:
                events = tail.drain()
                slower = min(self.timing.slow, max(delay, self.timing.fast) * self.timing.slower_by)
                again = events or failures
                delay = self._busy_delay(tail.new_bytes, asked - before) if again else slower
                failures = 0
                await self._deliver([*self._recover(source), *events])
            if last:
                return
            await self.clock.sleep(delay)

    def _busy_delay(self, size: int, since: timedelta) -> float:
        """How long to wait so that what comes meanwhile fills half an answer, at most.

        Args:
            size: Bytes that came.
            since: In this time.
        """
        wanted = since.total_seconds() * CUT_BYTES / 2 / max(1, size)
        return min(self.timing.fast, max(self.timing.fastest, wanted))

    def _delay_after(self, failures: int, error: FleetError) -> float:
        """Longer and longer, but a container that has not started yet may start any moment."""
        refused = isinstance(error, StatementRefusedError)
        most = (
            self.timing.slow
            if refused and not isinstance(error, PrivilegeError)
            else self.timing.retry
        )
        return min(most, self.timing.fast * 2.0**failures)

    async def _deliver(self, events: list[LogEvent]) -> None:
        if events:
            await self.answers.put(events)


def _has_ended(task: asyncio.Task[None]) -> bool:
    """Whether the task is done; what went wrong in it goes wrong here too."""
    if not task.done():
        return False
    task.result()
    return True
