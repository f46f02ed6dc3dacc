"""All containers of a service in one stream, by the server's time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from spcs_worker_tui.domain.log import LogEvent, LogLine, LogSource

_SECOND_NS = 1_000_000_000


class Merger:
    """Holds events back for a moment, so that containers which answer apart come out in order.

    Within one container the server's order is kept, whatever the time stamps say; an event
    without a time stamp goes right after the one before it.

    Args:
        hold_back: For how long an event waits for older ones of other containers.
    """

    def __init__(self, hold_back: timedelta) -> None:
        self._hold_back = hold_back
        self._hold_back_ns = int(hold_back.total_seconds() * _SECOND_NS)
        self._heap: list[tuple[int, int, datetime, LogEvent]] = []
        self._reached: dict[LogSource | None, int] = {}
        """By container, the time of its newest event so far."""
        self._members: set[LogSource] = set()
        self._newest = 0
        self._shown = 0
        self._added = 0

    def join(self, source: LogSource) -> None:
        """This container takes part: others wait for it, and where it is alone nothing waits."""
        self._members.add(source)

    def add(self, events: Iterable[LogEvent], now: datetime) -> None:
        """Take in events of one container, oldest first.

        Args:
            events: All of the same source.
            now: When they arrived.
        """
        for event in events:
            reached = self._reached.get(event.source, 0)
            key = max(reached, _time_ns(event) or reached or self._newest)
            self._reached[event.source] = key
            self._newest = max(self._newest, key)
            self._added += 1
            heapq.heappush(self._heap, (key, self._added, now, event))

    def take(self, now: datetime) -> list[LogEvent]:
        """The events whose time has come, in order; late ones are marked."""
        out: list[LogEvent] = []
        certain = min((self._reached.get(source, 0) for source in self._members), default=0)
        while self._heap:
            key, _, arrived, event = self._heap[0]
            certain_or_old = key <= max(certain, self._newest - self._hold_back_ns)
            if not certain_or_old and now - arrived < self._hold_back:
                break
            heapq.heappop(self._heap)
            if isinstance(event, LogLine) and key < self._shown:
                event = replace(event, late=True)
            self._shown = max(self._shown, key)
            out.append(event)
        return out

    def wait(self, now: datetime) -> float | None:
        """Seconds until `take` will have something, or None when nothing is held back."""
        if not self._heap:
            return None
        _, _, arrived, _ = self._heap[0]
        return max(0.0, (arrived + self._hold_back - now).total_seconds())

    def leave(self, source: LogSource) -> None:
        """The container is gone; nothing of it has to be remembered."""
        self._reached.pop(source, None)
        self._members.discard(source)


def in_order(parts: Iterable[Iterable[LogEvent]]) -> list[LogEvent]:
    """All at once: the events of several containers, each oldest first, in one order."""
    now = datetime.min.replace(tzinfo=UTC)
    merger = Merger(timedelta())
    for part in parts:
        merger.add(part, now)
    return merger.take(now)


def _time_ns(event: LogEvent) -> int | None:
    return event.time_ns if isinstance(event, LogLine) else None
