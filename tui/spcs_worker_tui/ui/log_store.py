"""The log of the selected service, bounded, for all views of it. No widget in here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.log import LogEvent, LogSource

LIMIT = 5_000
"""Events that are kept; the oldest go first."""


class LogStore:
    """The latest events of one service, numbered from the first one that ever came.

    Views remember the number up to which they have shown the log and ask for what came since.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.key: ServiceKey | None = None
        self.end = 0
        self._events: deque[LogEvent] = deque(maxlen=limit)
        self._sources: dict[LogSource, int] = {}

    @property
    def first(self) -> int:
        """The number of the oldest event that is still kept."""
        return self.end - len(self._events)

    @property
    def events(self) -> Iterable[LogEvent]:
        """All that is kept, oldest first."""
        return self._events

    def start(self, key: ServiceKey | None) -> None:
        """Forget everything; what comes from now on belongs to that service."""
        self.key = key
        self._events.clear()
        self._sources.clear()

    def append(self, events: Iterable[LogEvent]) -> None:
        """Take what came."""
        for event in events:
            self._events.append(event)
            self.end += 1
            if event.source is not None and event.source not in self._sources:
                self._sources[event.source] = len(self._sources)

    def since(self, number: int) -> tuple[int, list[LogEvent]]:
        """How many events after that number are kept no more, and those that are."""
        lost = max(0, self.first - number)
        return lost, list(islice(self._events, max(0, number - self.first), None))

    def place(self, source: LogSource) -> int:
        """Which source this was, counted in the order in which they first spoke."""
        return self._sources.get(source, 0)
