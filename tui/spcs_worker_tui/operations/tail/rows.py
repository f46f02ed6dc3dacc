"""What a tail outside of the dashboard needs: one service's rows, once or again and again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.fleet import ContainerSnapshot, Observation, ServiceKey, ServiceSnapshot
from spcs_worker_tui.domain.log import LogEvent, LogNotice, LogSource
from spcs_worker_tui.operations.tail.container import ContainerTail, port_of
from spcs_worker_tui.operations.tail.explain import explain
from spcs_worker_tui.operations.tail.merge import in_order

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock, SnowflakeSession

INTERVAL = 5.0


async def last_lines(session: SnowflakeSession, key: ServiceKey) -> list[LogEvent]:
    """The last few hundred lines of each container, merged; says why where there are none.

    Raises:
        FleetError: Which containers there are cannot be read.
    """
    rows = await session.show_service_containers(key)
    if not rows:
        return [LogNotice("No container runs, so there is no log.")]
    parts = await asyncio.gather(*(_lines_of(session, key, row) for row in rows))
    return in_order(parts)


async def _lines_of(
    session: SnowflakeSession, key: ServiceKey, row: ContainerSnapshot
) -> list[LogEvent]:
    source = LogSource(row.instance_id, row.name)
    tail = ContainerTail(source, port_of(session, key, source))
    try:
        await tail.poll(row)
    except FleetError as error:
        return [*tail.drain(), LogNotice(explain(error), source)]
    return tail.drain()


class WatchedRows:
    """Keeps one service's rows fresh while the context lasts.

    Args:
        session: Of the connection that shows the service.
        key: Which service.
        clock: Time.
    """

    def __init__(self, session: SnowflakeSession, key: ServiceKey, clock: Clock) -> None:
        self._session = session
        self._key = key
        self._clock = clock
        self._service: ServiceSnapshot | None = None
        self._task: asyncio.Task[None] | None = None

    def service(self, _key: ServiceKey) -> ServiceSnapshot | None:
        """The service as last seen; None when it is gone."""
        return self._service

    async def __aenter__(self) -> Self:
        """Raises FleetError when the service cannot be read at all."""
        await self._look()
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._clock.sleep(INTERVAL)
            try:
                await self._look()
            except FleetError:
                continue  # the tail asks on the same session, and says what is wrong with it

    async def _look(self) -> None:
        services = await self._session.show_services()
        service = next((s for s in services if s.key == self._key), None)
        if service is not None:
            rows = await self._session.show_service_containers(self._key)
            service = replace(service, containers=Observation(rows, self._clock.now()))
        self._service = service
