"""One container's log: asks for as much as is needed, follows it over restarts, admits gaps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import NotVisibleError, PrivilegeError, StatementRefusedError
from spcs_worker_tui.domain.log import (
    LogEvent,
    LogGap,
    LogLine,
    LogNotice,
    LogRestart,
    LogSource,
)
from spcs_worker_tui.operations.tail.window import Fit, Line, Reading, Window, looks_cut

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ContainerSnapshot, ServiceKey
    from spcs_worker_tui.domain.ports import SnowflakeSession

FIRST_LINES = 300
"""How far back a tail begins."""
STEADY_LINES = 100
MOST_LINES = 4_000
"""More lines than this do not fit into 100 KB unless they are nearly empty."""
FEWEST_LINES = 25
_TRIES = 10
"""From 100 to 4000 lines by doubling takes six; the rest is for lives that change meanwhile."""


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """What a container's tail needs from outside.

    `ask` takes how many lines, and whether of the previous life, and raises domain errors.
    `look` is the container's row as it is right now, or None when it is gone.
    """

    ask: Callable[[int, bool], Awaitable[Sequence[Line]]]
    look: Callable[[], Awaitable[ContainerSnapshot | None]]


def port_of(session: SnowflakeSession, key: ServiceKey, source: LogSource) -> ContainerPort:
    """The port of one container, on a session."""

    async def ask(lines: int, previous: bool) -> Sequence[Line]:
        return await session.service_logs(
            key, source.instance_id, source.container, lines=lines, previous=previous
        )

    async def look() -> ContainerSnapshot | None:
        rows = await session.show_service_containers(key)
        found = (row for row in rows if LogSource(row.instance_id, row.name) == source)
        return next(found, None)

    return ContainerPort(ask, look)


@dataclass(frozen=True, slots=True)
class _Life:
    """What tells one life of a container from the next."""

    restart_count: int
    start_time: datetime | None = None

    def ends_before(self, row: ContainerSnapshot) -> bool:
        """Whether the row shows another life.

        A container that replaced this one between two looks, and has restarted more often since,
        cannot be told from this one after a restart: rows carry nothing else to tell it by.
        """
        moved = None not in (self.start_time, row.start_time) and self.start_time != row.start_time
        return moved or self.restart_count != row.restart_count


class ContainerTail:
    """Follows one container.

    Lines are taken for shown as soon as they are in the list that `drain` returns, so that an
    error in the middle of a poll neither loses nor repeats one.

    Args:
        source: Which container.
        port: How to ask for its log and its row.
    """

    def __init__(self, source: LogSource, port: ContainerPort) -> None:
        self._source = source
        self._port = port
        self._life: _Life | None = None
        self._window = Window()
        self._began_here = False
        """The life's first line was seen or is expected: it began while we were watching."""
        self._lines = FIRST_LINES
        self._out: list[LogEvent] = []

    def drain(self) -> list[LogEvent]:
        """The events since the last call, in order."""
        out, self._out = self._out, []
        return out

    async def poll(self, row: ContainerSnapshot) -> None:
        """Ask for what is new; `drain` has it, even if this raises.

        Args:
            row: The container as last seen; it may be older than what an earlier call found.

        Raises:
            FleetError: The log cannot be read now; the next call goes on where this one ended.
        """
        if self._life is None:
            self._life = _Life(row.restart_count, row.start_time)
        elif self._life.ends_before(row) and (current := await self._port.look()) is not None:
            await self._turn_over(current)
        await self._read_on()

    async def _read_on(self) -> None:
        """Ask until the answer fits what was seen, or until there is no more to get."""
        narrowed, narrower = False, None
        for _ in range(_TRIES):
            reading = self._window.read(await self._port.ask(self._lines, False), self._lines)
            if narrower is not None and narrower.lines[-1] not in reading.lines:
                reading = narrower  # asking for more lost the newest end: take what was had
                break
            if reading.fit is Fit.JOINED:
                break
            if reading.fit is Fit.BEHIND:
                if self._lines == FEWEST_LINES:
                    break
                self._lines, narrowed = max(FEWEST_LINES, self._lines // 2), True
                continue
            # Only rows looked at after the answer tell whose life the answer is about.
            current = await self._port.look()
            if current is not None and await self._turn_over(current):
                narrower = None
                continue
            settled = reading.whole or narrowed or self._lines == MOST_LINES
            if settled or not self._is_incomplete(reading):
                if reading.fit is Fit.FIRST and reading.whole and current is not None:
                    await self._life_before(current, len(reading.lines))
                break
            narrower = reading
            self._lines = min(MOST_LINES, self._lines * 2)
        else:
            return  # restarting faster than it can be read: the next poll goes on
        self._take(reading)
        self._adapt(reading)

    async def _life_before(self, row: ContainerSnapshot, shown: int) -> None:
        """A tail that begins on a young life begins with the end of the one before."""
        if self._began_here or not row.restart_count or shown >= FIRST_LINES:
            return
        try:
            before = await self._port.ask(FIRST_LINES - shown, True)
        except (PrivilegeError, NotVisibleError):
            raise
        except StatementRefusedError:
            return  # kept for a short while only (contract 1.5)
        current = await self._port.look()
        if current is not None and current.restart_count == row.restart_count:
            self._out += self._shown(before)
            self._out.append(self._restarted(row))

    def _is_incomplete(self, reading: Reading) -> bool:
        """Whether lines that should have been shown may be missing before this reading."""
        headless = reading.fit is Fit.FIRST and self._began_here and not reading.whole
        return headless or reading.fit is Fit.APART

    def _take(self, reading: Reading) -> None:
        """Show a reading, after a gap where it does not continue what was shown."""
        if reading.fit is Fit.APART and not reading.lines:
            return
        if self._is_incomplete(reading):
            gap = LogGap(self._source, self._window.last_ns, _first_ns(reading.new))
            self._out.append(gap)
        self._window.accept(reading)
        self._began_here = self._began_here or reading.whole
        self._out += self._shown(reading.new)

    def _shown(self, lines: Sequence[Line]) -> list[LogLine]:
        return [LogLine(self._source, time, text) for time, text in lines]

    def _restarted(self, row: ContainerSnapshot) -> LogRestart:
        at, code = row.last_restart_time, row.last_exit_code
        return LogRestart(self._source, row.restart_count, code, at)

    def _adapt(self, reading: Reading) -> None:
        """Ask next time for twice what came now, so that the overlap is cheap and certain."""
        if looks_cut(reading.lines):
            # Which end a 100 KB answer loses is unknown (contract 10, point 21): ask for less.
            self._lines = max(FEWEST_LINES, len(reading.lines) // 2)
        elif reading.fit is not Fit.BEHIND:
            wanted = 2 * len(reading.new) + FEWEST_LINES
            self._lines = min(MOST_LINES, max(STEADY_LINES, wanted))

    async def _turn_over(self, row: ContainerSnapshot) -> bool:
        """Close the life that was followed and open the one of a row just looked at.

        Returns:
            False where it is the same life.
        """
        life = self._life
        if life is None or not life.ends_before(row):
            return False
        if self._window.is_empty and not self._began_here:
            # Nothing was shown yet, so there is nothing to close.
            self._life = _Life(row.restart_count, row.start_time)
            return True
        if row.restart_count <= life.restart_count:
            text = "A new container took this one's place; its last lines can no longer be read."
            self._out.append(LogNotice(text, self._source))
            self._open(_Life(0))
        if row.restart_count > 0:
            await self._last_words(row)
        else:
            self._open(_Life(0, row.start_time))
        return True

    def _open(self, life: _Life) -> None:
        self._life, self._window, self._began_here = life, Window(), True
        self._lines = FIRST_LINES

    async def _last_words(self, row: ContainerSnapshot) -> None:
        """What the previous life wrote after the last line shown, and the mark of the restart."""
        while self._life is not None and self._life.restart_count < row.restart_count:
            if self._life.restart_count < row.restart_count - 1:
                # Only the latest of the lives that ended can still be read.
                self._out.append(LogGap(self._source, self._window.last_ns, None))
                self._out.append(LogRestart(self._source, row.restart_count - 1))
                self._open(_Life(row.restart_count - 1))
            try:
                reading = await self._read_previous()
            except (PrivilegeError, NotVisibleError):
                raise
            except StatementRefusedError as error:
                self._out.append(LogGap(self._source, self._window.last_ns, None))
                text = f"The log of the previous run cannot be read: {error}"
                self._out.append(LogNotice(text, self._source))
                reading = None
            if reading is not None and reading.fit is not Fit.JOINED:
                current = await self._port.look()
                if current is not None and current.restart_count > row.restart_count:
                    row = current  # it restarted again: the answer was about a later life
                    continue
            if reading is not None and reading.fit is Fit.APART and not reading.lines:
                # Not the life that was followed: its container was replaced in between.
                self._out.append(LogGap(self._source, self._window.last_ns, None))
            elif reading is not None:
                self._take(reading)
            self._out.append(self._restarted(row))
            self._open(_Life(row.restart_count, row.start_time))

    async def _read_previous(self) -> Reading:
        """The previous life's log, as much of it as is needed and can be had."""
        lines = max(self._lines, FIRST_LINES)
        for _ in range(_TRIES):
            reading = self._window.read(await self._port.ask(lines, True), lines)
            if reading.fit is Fit.BEHIND and lines > FEWEST_LINES:
                lines = max(FEWEST_LINES, lines // 2)
            elif self._is_incomplete(reading) and not reading.whole and lines < MOST_LINES:
                lines = min(MOST_LINES, lines * 2)
            else:
                break
        return reading


def _first_ns(lines: Sequence[Line]) -> int | None:
    return next((time for time, _ in lines if time is not None), None)
