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
from spcs_worker_tui.operations.tail.window import (
    CUT_BYTES,
    Fit,
    Line,
    Reading,
    Window,
    is_after,
    looks_cut,
    overlap,
    placed,
    size_of,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ContainerSnapshot, ServiceKey
    from spcs_worker_tui.domain.ports import SnowflakeSession

FIRST_LINES = 300
"""How far back a tail begins."""
STEADY_LINES = 100
MOST_LINES = 4_000
"""More lines than this do not fit into 100 KB unless they are nearly empty."""
FEWEST_LINES = 25
_SECOND_NS = 1_000_000_000
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
        self._held: tuple[Reading, ...] = ()
        """Answers of this life that are not shown yet, because more may be had before them."""
        self._guess: Reading | None = None
        """An answer that is of this life if its lines come again; it may be of one that ended."""
        self._out: list[LogEvent] = []
        self.new_bytes = 0
        """What the last call of `poll` found, as the server sends it."""

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
        self.new_bytes = 0
        if self._life is None:
            self._life = _Life(row.restart_count, row.start_time)
        elif self._life.ends_before(row) and (current := await self._port.look()) is not None:
            await self._turn_over(current)
        await self._read_on()

    async def _read_on(self) -> None:
        """Ask until the answer fits what was seen, or until there is no more to get."""
        narrowed = False
        for _ in range(_TRIES):
            reading = self._window.read(await self._port.ask(self._lines, False), self._lines)
            if self._guess is not None and overlap(self._guess, reading):
                self._held = (self._guess,)
            self._guess = None
            parts = self._with_held(reading)
            if reading.fit is Fit.BEHIND and not self._held and self._lines > FEWEST_LINES:
                self._lines, narrowed = max(FEWEST_LINES, self._lines // 2), True
                continue
            if reading.fit in (Fit.JOINED, Fit.BEHIND):
                break
            # Only rows looked at after the answer tell whose life the answer is about.
            current = await self._port.look()
            if current is not None and await self._turn_over(current, reading):
                narrowed = False
                continue
            settled = reading.short or narrowed or self._lines == MOST_LINES
            if settled or not self._is_incomplete(reading):
                if reading.fit is Fit.FIRST and reading.whole and current is not None:
                    await self._life_before(current, len(reading.lines))
                break
            self._held = parts
            self._lines = _wider(self._lines, reading)
        else:
            return  # restarting faster than it can be read: the next poll goes on
        self._take_all(parts)
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

    def _with_held(self, *later: Reading) -> tuple[Reading, ...]:
        """What is held and what was answered after it, the oldest first, without what is twice."""
        parts = self._held
        for reading in later:
            parts = placed(parts, reading, self._since_ns())
        return parts

    def _since_ns(self) -> int:
        """No line that is still to be shown should be older than this."""
        began = self._life.start_time if self._life else None
        return self._window.last_ns or (int(began.timestamp()) * _SECOND_NS if began else 0)

    def _take_all(self, parts: Sequence[Reading]) -> None:
        """Show answers of one life, the oldest first; each may overlap the one before."""
        for part in parts:
            # What was held may have been compared with another life, or with less of this one.
            self._take(self._window.again(part) if self._held or len(parts) > 1 else part)
        self._held = ()

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
        self.new_bytes += size_of(reading.new)

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

    async def _turn_over(self, row: ContainerSnapshot, last: Reading | None = None) -> bool:
        """Close the life that was followed and open the one of a row just looked at.

        Args:
            row: The container now.
            last: The answer that made us look; of the life that was followed, or of the new one.

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
            self._take_all(self._held)
            text = "A new container took this one's place; its last lines can no longer be read."
            self._out.append(LogNotice(text, self._source))
            self._open(_Life(0))
            last = None
        if row.restart_count > 0:
            await self._last_words(row, last)
        else:
            self._open(_Life(0, row.start_time))
        return True

    def _open(self, life: _Life, guess: Reading | None = None) -> None:
        self._life, self._window, self._began_here = life, Window(), True
        self._lines = FIRST_LINES
        self._held, self._guess = (), guess

    async def _last_words(self, row: ContainerSnapshot, last: Reading | None) -> None:
        """What the previous life wrote after the last line shown, and the mark of the restart."""
        once = self._life is not None and self._life.restart_count == row.restart_count - 1
        while self._life is not None and self._life.restart_count < row.restart_count:
            if self._life.restart_count < row.restart_count - 1:
                # Only the latest of the lives that ended can still be read.
                self._take_all(self._held)
                self._out.append(LogGap(self._source, self._window.last_ns, None))
                self._out.append(LogRestart(self._source, row.restart_count - 1))
                self._open(_Life(row.restart_count - 1))
            try:
                reading = await self._read_previous()
            except (PrivilegeError, NotVisibleError):
                raise
            except StatementRefusedError as error:
                self._take_all(self._held)
                self._out.append(LogGap(self._source, self._window.last_ns, None))
                text = f"The log of the previous run cannot be read: {error}"
                self._out.append(LogNotice(text, self._source))
                self._begin(row, last)
                continue
            if reading.fit is not Fit.JOINED:
                current = await self._port.look()
                if current is not None and current.restart_count > row.restart_count:
                    # It restarted again: the answer was about a later life, and so may both be.
                    row, last = current, None
                    continue
            if last is not None and overlap(last, reading):
                self._take_all(self._with_held(last, reading))
                last = None
            else:
                self._take_all(self._with_held(reading))
            if reading.fit is Fit.APART and not reading.lines:
                # Not the life that was followed: its container was replaced in between.
                self._out.append(LogGap(self._source, self._window.last_ns, None))
            self._begin(row, last)
            if last is not None and once and is_after(last, reading):
                self._held, self._guess = (last,), None

    def _begin(self, row: ContainerSnapshot, guess: Reading | None) -> None:
        """The mark of the restart; something may have been read of the new life already."""
        self._out.append(self._restarted(row))
        self._open(_Life(row.restart_count, row.start_time), guess)

    async def _read_previous(self) -> Reading:
        """The previous life's log, as much of it as is needed and can be had."""
        lines = max(self._lines, FIRST_LINES)
        for _ in range(_TRIES):
            reading = self._window.read(await self._port.ask(lines, True), lines)
            if reading.fit is Fit.BEHIND and lines > FEWEST_LINES:
                lines = max(FEWEST_LINES, lines // 2)
            elif self._is_incomplete(reading) and not reading.short and lines < MOST_LINES:
                lines = _wider(lines, reading)
            else:
                break
        return reading


def _wider(lines: int, reading: Reading) -> int:
    """How many lines to ask for after an answer that did not reach back far enough.

    As many of its kind as are surely not cut, because the container goes on writing meanwhile;
    after that, more and more.
    """
    uncut = len(reading.lines) * CUT_BYTES // max(1, size_of(reading.lines))
    return min(MOST_LINES, max(2 * lines, uncut))


def _first_ns(lines: Sequence[Line]) -> int | None:
    return next((time for time, _ in lines if time is not None), None)
