"""A container's log as the server keeps and answers it, and a check of what a tail made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from spcs_worker_tui.domain.errors import StatementRefusedError
from spcs_worker_tui.domain.fleet import ContainerSnapshot, ContainerStatus
from spcs_worker_tui.domain.log import (
    LogEvent,
    LogGap,
    LogLine,
    LogNotice,
    LogRestart,
    LogSource,
)

Line = tuple[int | None, str]
EPOCH = datetime(2026, 11, 23, tzinfo=UTC)
STAMP_BYTES = 32


@dataclass
class ServerLog:
    """One container behind SYSTEM$GET_SERVICE_LOGS (contract 1.5).

    `before_each_call` runs before every answer, so that things can happen between two calls.
    """

    source: LogSource = field(default_factory=lambda: LogSource(0, "worker"))
    limit_bytes: int = 100_000
    cuts_newest: bool = False
    stamped: bool = True
    before_each_call: Callable[[], None] = lambda: None
    lives: list[list[Line]] = field(default_factory=lambda: [[]])
    """Of the container that exists now."""
    written: list[Line | str] = field(default_factory=list)
    """Everything ever, with `restart` and `replaced` between lives."""
    containers: int = 1
    asked: list[tuple[int, bool]] = field(default_factory=list)
    looks: int = 0

    def write(self, *lines: Line) -> None:
        lines = lines if self.stamped else tuple((None, text) for _, text in lines)
        self.lives[-1] += lines
        self.written += lines

    def restart(self) -> None:
        self.lives.append([])
        self.written.append("restart")

    def replace(self) -> None:
        """Another container under the same name, as after an upgrade."""
        self.lives = [[]]
        self.containers += 1
        self.written.append("replaced")

    def row(self) -> ContainerSnapshot:
        count = len(self.lives) - 1
        return ContainerSnapshot(
            self.source.instance_id,
            self.source.container,
            ContainerStatus.READY,
            restart_count=count,
            start_time=EPOCH + timedelta(hours=self.containers, minutes=count),
            last_exit_code=1 if count else None,
        )

    async def ask(self, lines: int, previous: bool) -> Sequence[Line]:
        self.before_each_call()
        self.asked.append((lines, previous))
        if previous and len(self.lives) == 1:
            raise StatementRefusedError("no previous run", errno=395000)
        newest = self.lives[-2 if previous else -1][-lines:]
        kept: list[Line] = []
        size = 0
        for line in newest if self.cuts_newest else reversed(newest):
            size += len(line[1]) + STAMP_BYTES
            if size > self.limit_bytes:
                break
            kept.append(line)
        return kept if self.cuts_newest else kept[::-1]

    async def look(self) -> ContainerSnapshot | None:
        self.before_each_call()
        self.looks += 1
        return self.row()


def check_events(written: Sequence[Line | str], events: Iterable[LogEvent]) -> int:
    """The events must tell what was written: each line once, in order, what is missing as a gap.

    Lines that look alike can stand in several places, so all places that fit are followed.

    Returns:
        How many entries at the end of `written` the events do not reach.
    """
    places = set(range(len(written) + 1))  # a tail may begin anywhere
    for number, event in enumerate(events):
        before = places = _alike(written, places)
        if isinstance(event, LogLine):
            line = (event.time_ns, event.text)
            places = {p + 1 for p in places if p < len(written) and written[p] == line}
        elif isinstance(event, LogRestart):
            places = {p + 1 for p in places if p < len(written) and written[p] == "restart"}
        elif isinstance(event, LogGap):
            places = set(range(min(places), len(written) + 1))
        elif isinstance(event, LogNotice) and "new container" in event.text:
            places = {p + 1 for p in range(min(places), len(written)) if written[p] == "replaced"}
        assert places, f"event {number}, {event}, does not follow {[*written][min(before) :][:3]}"
    return len(written) - max(_alike(written, places))


def _alike(written: Sequence[Line | str], places: Iterable[int]) -> set[int]:
    """The places, and those that no look could tell from them.

    A container that wrote nothing, was replaced between two looks, and whose successor has
    restarted more often since, looks as if it had restarted: rows carry nothing else to tell by.
    """
    alike = set(places)
    for place in places:
        silent = place == 0 or isinstance(written[place - 1], str)
        while silent and written[place : place + 1] == ["restart"]:
            place += 1  # noqa: PLW2901 - each of these lives was silent too
        if silent and written[place : place + 1] == ["replaced"]:
            alike |= {n + 1 for n in range(place, len(written)) if written[n] == "restart"}
            alike |= {n for n in range(place, len(written)) if written[n] == "restart"}
    return alike


def lines(*texts: str, start: int = 0, step: int = 1_000_000) -> list[Line]:
    """Lines one millisecond apart."""
    return [(start + index * step, text) for index, text in enumerate(texts)]
