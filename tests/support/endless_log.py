"""A container that never stops writing, followed by the real tail into the real dashboard."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from spcs_worker_tui.domain.fleet import ContainerSnapshot, ServiceKey
from spcs_worker_tui.domain.log import LogEvent
from spcs_worker_tui.operations.tail import LogFollower
from support import fleet as build
from support.console import ScriptedConsole, demo
from support.screen import opened

SPEED = 100.0
A_POLL = 500
"""Lines between two answers, of which one holds at least as many of this size."""


class EndlessLog:
    """The part of a Snowflake session that a tail uses.

    Args:
        lines: After so many it falls silent; until `left` is raised.
    """

    def __init__(self, lines: int) -> None:
        self.left = lines
        self.written = 0
        self._kept: deque[tuple[int, str]] = deque(maxlen=20 * A_POLL)

    async def service_logs(
        self, _key: ServiceKey, _instance_id: int, _container: str, *, lines: int, previous: bool
    ) -> Sequence[tuple[int | None, str]]:
        assert not previous, "it never restarted"
        new = min(A_POLL if self.written else lines, self.left)
        for _ in range(new):
            self.written += 1
            text = f"INFO    | Task run 'load-{self.written}' - in state Completed()"
            self._kept.append((self.written * 1_000_000, text))
        self.left -= new
        return list(self._kept)[-lines:]

    async def show_service_containers(self, _key: ServiceKey) -> tuple[ContainerSnapshot, ...]:
        return (build.container(),)


class HastyClock:
    """Implements the port `Clock`: what should take a second takes ten milliseconds."""

    def __init__(self) -> None:
        self._passed = timedelta()

    def now(self) -> datetime:
        return build.NOW + self._passed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)
        self._passed += timedelta(seconds=seconds)


class EndlessConsole(ScriptedConsole):
    """A console with the real tail, a hundred times as fast as life."""

    def __init__(self, log: EndlessLog) -> None:
        super().__init__(demo())
        self.endless = log

    async def follow_log(self, key: ServiceKey) -> AsyncIterator[Sequence[LogEvent]]:
        session: Any = self.endless
        service = build.service(containers=[build.container()])
        follower = LogFollower(lambda _: session, lambda _: service, HastyClock())
        async with aclosing(follower.follow(key)) as batches:
            async for events in batches:
                yield events


@asynccontextmanager
async def endless(lines: int) -> AsyncIterator[tuple[Any, EndlessLog]]:
    """The dashboard's pilot, and the log that it shows."""
    log = EndlessLog(lines)
    async with opened(EndlessConsole(log)) as pilot:
        yield pilot, log
