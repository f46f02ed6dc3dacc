"""What containers say: new log lines while a step runs, and the last words of one that failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.log import LogLine
from spcs_worker_tui.operations.tail import LogFollower

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ContainerSnapshot, ServiceKey, ServiceSnapshot
    from spcs_worker_tui.domain.ports import Clock, SnowflakeSession
    from spcs_worker_tui.operations.apply.action import Tell

LAST_LINES = 20


class LogTeller:
    """Tells a service's log lines that are newer than a moment, each once.

    Args:
        session: Of the service's connection.
        key: Which service.
        service: The service as last seen, with its containers.
        clock: Time.
        since: Lines before this are nobody's business here.
    """

    def __init__(
        self,
        session: SnowflakeSession,
        key: ServiceKey,
        service: Callable[[], ServiceSnapshot | None],
        clock: Clock,
        since: datetime,
    ) -> None:
        self._key = key
        self._follower = LogFollower(lambda _: session, lambda _: service(), clock)
        self._told_ns = int(since.timestamp() * 1_000_000_000)

    @asynccontextmanager
    async def telling(self, tell: Tell) -> AsyncIterator[None]:
        """Tell lines while the context lasts; that a log cannot be read ends nothing."""
        task = asyncio.create_task(self._follow(tell))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _follow(self, tell: Tell) -> None:
        async with aclosing(self._follower.follow(self._key)) as batches:
            async for events in batches:
                for event in events:
                    # Without the server's time nobody knows whether a line is new.
                    if not isinstance(event, LogLine) or event.time_ns is None:
                        continue
                    if event.time_ns > self._told_ns or event.late:
                        tell(event.text, part=str(event.source))
                        self._told_ns = max(self._told_ns, event.time_ns)


async def last_words(
    session: SnowflakeSession, key: ServiceKey, row: ContainerSnapshot
) -> tuple[str, ...]:
    """The last lines of the container's life that ended, or of the present one."""
    for previous in (True, False) if row.restart_count else (False,):
        try:
            lines = await session.service_logs(
                key, row.instance_id, row.name, lines=LAST_LINES, previous=previous
            )
        except FleetError:
            continue  # kept for a short while only, or not readable by this role
        if lines:
            return tuple(text for _, text in lines)
    return ()
