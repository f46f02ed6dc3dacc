"""One container's tail on a model of the server."""

from __future__ import annotations

from collections.abc import Sequence

from spcs_worker_tui.domain.log import LogEvent, LogGap, LogLine, LogSource
from spcs_worker_tui.operations.tail.container import ContainerPort, ContainerTail
from support.service_log import ServerLog, check_events

SOURCE = LogSource(0, "worker")


class Bench:
    """A tail on a server log."""

    def __init__(self, log: ServerLog | None = None) -> None:
        self.log = log or ServerLog()
        self.tail = ContainerTail(SOURCE, ContainerPort(self.log.ask, self.log.look))
        self.events: list[LogEvent] = []
        self.clock = 0

    def write(self, count: int, *, size: int = 10) -> None:
        for _ in range(count):
            self.clock += 1_000_000
            self.log.write((self.clock, f"line {self.clock // 1_000_000} {'x' * size}"))

    async def poll(self) -> list[LogEvent]:
        await self.tail.poll(self.log.row())
        new = self.tail.drain()
        self.events += new
        return new

    def check(self) -> None:
        assert check_events(self.log.written, self.events) == 0

    @property
    def gaps(self) -> list[LogGap]:
        return [event for event in self.events if isinstance(event, LogGap)]


def texts(events: Sequence[LogEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, LogLine)]
