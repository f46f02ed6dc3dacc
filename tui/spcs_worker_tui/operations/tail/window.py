"""One life of one container: what a new answer adds to the lines that were seen.

The server answers the newest N lines of the container's log and cuts the answer at about 100 KB,
so an answer with fewer than N lines may be cut too (contract 1.5). The log itself only grows at
its end, and its time stamps mostly do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

Line = tuple[int | None, str]
"""Time stamp in nanoseconds since the epoch, or None, and text."""

CUT_BYTES = 60_000
"""An answer at least this long may have been cut at 100 KB: control sequences, which the adapter
took out, counted at the server."""

_STAMP_BYTES = 32
"""`2024-10-22T01:12:29.873896187Z `, and the newline."""

MEMORY_LINES = 5_000
MEMORY_BYTES = 1_000_000
"""Each more than one answer can hold, so whatever still overlaps overlaps what is remembered."""


class Fit(Enum):
    """How an answer relates to the lines that were seen."""

    FIRST = "first"
    """Nothing of this life was seen before."""
    JOINED = "joined"
    """The answer continues what was seen: nothing is missing in between."""
    APART = "apart"
    """No certain overlap: lines may be missing in between."""
    BEHIND = "behind"
    """The answer ends before the last line seen: the server cut its newest end."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer adds.

    `new` are the lines not seen before, in the server's order; `whole` says that the answer is
    everything the container wrote in this life so far, and `short` that it has fewer lines than
    were asked for: there are no more, or no more fit.
    """

    fit: Fit
    new: tuple[Line, ...]
    lines: tuple[Line, ...]
    whole: bool
    short: bool

    @property
    def continues(self) -> bool:
        """Whether the new lines all come after the known ones, as they should."""
        return self.lines[len(self.lines) - len(self.new) :] == self.new


def looks_cut(lines: Sequence[Line]) -> bool:
    """Whether an answer is so long that the server may have cut it."""
    return size_of(lines) >= CUT_BYTES


def size_of(lines: Iterable[Line]) -> int:
    """Bytes that these lines take in an answer."""
    return sum(_size(text) for _, text in lines)


def placed(parts: tuple[Reading, ...], wide: Reading, since_ns: int) -> tuple[Reading, ...]:
    """Answers of one life, the oldest first, and one more that was asked for more lines.

    Those that it holds are left out. The container goes on writing between two answers, so the
    later one may have lost the beginning of the ones before to the server's limit; or their end,
    if that is what the server cuts.

    Args:
        parts: Earlier answers.
        wide: The later answer.
        since_ns: When the last line shown was written, or when the life began.
    """
    if not parts or not wide.lines:
        return parts or (wide,)
    *older, last = parts
    if not last.lines or _holds(wide, last):
        return placed(tuple(older), wide, since_ns)
    if _is_older(wide, last, since_ns):
        return (*placed(tuple(older), wide, since_ns), last)
    return (*parts, wide)


def _holds(wide: Reading, narrow: Reading) -> bool:
    return _reaches(wide, narrow) and narrow.lines[-1] in wide.lines


def _reaches(wide: Reading, narrow: Reading) -> bool:
    """Whether the later answer begins before the earlier one."""
    return wide.fit is Fit.JOINED or narrow.lines[0] in wide.lines


def _is_older(wide: Reading, narrow: Reading, since_ns: int) -> bool:
    """Whether the later answer ends before the one before, because its newest end was cut."""
    if narrow.lines[-1] in wide.lines or not looks_cut(wide.lines):
        return False
    # A clock that was set back makes new lines look old, but mostly too old.
    fits_before = since_ns <= _first_ns(wide) and _newest_ns(wide) <= _first_ns(narrow)
    return _reaches(wide, narrow) or fits_before


def overlap(one: Reading, other: Reading) -> bool:
    """Whether two answers share their last line or their first, so that they are of one life."""
    if not one.lines or not other.lines:
        return False
    ends = one.lines[-1] in other.lines or other.lines[-1] in one.lines
    return ends or one.lines[0] in other.lines or other.lines[0] in one.lines


def is_after(last: Reading, ended: Reading) -> bool:
    """Whether an answer is of the life after the one that ended, of which it shares no line.

    Args:
        last: An answer of one of these two lives.
        ended: The newest lines of the one that ended, read after it had.
    """
    known = ended.fit is Fit.JOINED or ended.whole
    return known or _newest_ns(last) > _newest_ns(ended)


def _first_ns(reading: Reading) -> int:
    return next((time for time, _ in reading.lines if time is not None), 0)


def _newest_ns(reading: Reading) -> int:
    return max((time for time, _ in reading.lines if time is not None), default=0)


def _size(text: str) -> int:
    return _STAMP_BYTES + (len(text) if text.isascii() else len(text.encode()))


class Window:
    """The last lines seen of one life, in the server's order.

    Args:
        memory: How many lines are remembered.
    """

    def __init__(self, memory: int = MEMORY_LINES) -> None:
        self._memory = memory
        self._seen: list[Line] = []
        self._from_start = False

    @property
    def is_empty(self) -> bool:
        """Whether no line of this life was seen."""
        return not self._seen

    @property
    def last_ns(self) -> int | None:
        """The time stamp of the last line seen."""
        return self._seen[-1][0] if self._seen else None

    def read(self, answer: Sequence[Line], asked: int) -> Reading:
        """Compare an answer with what was seen; changes nothing.

        Args:
            answer: Oldest line first.
            asked: How many lines were asked for.
        """
        cut = looks_cut(answer)
        short = len(answer) < asked
        whole = short and not cut
        lines = tuple(_without_torn_start(answer) if cut else answer)
        fit, new = self._compare(lines, short=short)
        return Reading(fit, new, lines, whole, short)

    def again(self, reading: Reading) -> Reading:
        """The same answer, compared with what was seen meanwhile."""
        fit, new = self._compare(reading.lines, short=reading.short)
        return replace(reading, fit=fit, new=new)

    def _compare(self, lines: tuple[Line, ...], *, short: bool) -> tuple[Fit, tuple[Line, ...]]:
        """How these lines relate to those that were seen, and which of them are new."""
        seen = self._seen
        if not seen:
            return Fit.FIRST, lines
        if short and self._from_start and lines[: len(seen)] == tuple(seen):
            return Fit.JOINED, lines[len(seen) :]
        if not lines:
            return Fit.APART, ()
        if self._is_behind(lines):
            return Fit.BEHIND, ()
        return self._overlap(lines)

    def accept(self, reading: Reading) -> None:
        """Remember the lines of a reading that was shown."""
        if reading.fit is Fit.BEHIND:
            return
        if reading.whole:
            self._seen = list(reading.lines)
            self._from_start = True
        elif reading.fit is Fit.JOINED and reading.continues:
            self._seen += reading.new
        elif reading.lines:
            self._seen = list(reading.lines)
            self._from_start = False
        self._forget()

    def _forget(self) -> None:
        """Drop the oldest lines, by number and by size."""
        keep, size = 0, 0
        for _, text in reversed(self._seen):
            size += _size(text)
            if keep and (keep == self._memory or size > MEMORY_BYTES):
                break
            keep += 1
        if keep < len(self._seen):
            del self._seen[: len(self._seen) - keep]
            self._from_start = False

    def _is_behind(self, lines: tuple[Line, ...]) -> bool:
        last = self._seen[-1]
        return last[0] is not None and last not in lines and lines[-1] in self._seen

    def _overlap(self, lines: tuple[Line, ...]) -> tuple[Fit, tuple[Line, ...]]:
        known = known_lines(self._seen, lines)
        shared = lines[max(0, known - len(self._seen)) : known]
        if _is_certain(shared) or (shared and self._are_distinct(lines)):
            return Fit.JOINED, lines[known:]
        new = self._unseen(lines)
        if new is not None:
            return Fit.JOINED, new
        return Fit.APART, lines[known:]

    def _are_distinct(self, lines: tuple[Line, ...]) -> bool:
        """Whether each line has its own time stamp or text, as far as one can see.

        Where that is so, one line is enough to know where an answer goes on; of 64 KB, there is
        room for only one.
        """
        stamped = all(time is not None for time, _ in lines)
        distinct = len(set(lines)) == len(lines)
        return stamped and distinct and len(set(self._seen)) == len(self._seen)

    def _unseen(self, lines: tuple[Line, ...]) -> tuple[Line, ...] | None:
        """The new lines where the server changed the order, by counting; None if that is unsure.

        Lines before the first one seen are older than what was seen, and no news.
        """
        left = Counter(self._seen)
        new: list[Line] = []
        shared: list[Line] = []
        for line in reversed(lines):
            if left[line]:
                left[line] -= 1
                shared.append(line)
                kept = len(new)
            else:
                new.append(line)
        if not _is_certain(shared) or any(time is None for time, _ in shared):
            return None
        return tuple(reversed(new[:kept]))


def _without_torn_start(lines: Sequence[Line]) -> Sequence[Line]:
    """A cut answer may begin inside a line, which then has lost its time stamp."""
    return lines[1:] if len(lines) > 1 and lines[0][0] is None else lines


def _is_certain(shared: Sequence[Line]) -> bool:
    """Whether these lines cannot be new ones that look like old ones.

    Two different time stamps cannot repeat. Lines without time stamps are taken for the same
    where they are many or not all alike, which is the best that can be done.
    """
    if not shared:
        return False
    if any(time is None for time, _ in shared):
        return len(set(shared)) > 1 or len(shared) >= _ALIKE_LINES
    return any(time != shared[0][0] for time, _ in shared)


_ALIKE_LINES = 20


def known_lines(seen: Sequence[Line], answer: Sequence[Line]) -> int:
    """How many lines at the start of the answer were seen or are older than what was seen.

    The end of the last occurrence of `seen` in `answer`, or else the length of the longest start
    of `answer` that is an end of `seen`. Linear in the number of lines, whatever repeats.
    """
    if len(seen) <= len(answer):
        failure = _failure(seen)
        end = matched = 0
        for index, line in enumerate(answer):
            matched = _advance(seen, failure, matched, line)
            if matched == len(seen):
                end = index + 1
        if end:
            return end
    failure = _failure(answer)
    matched = 0
    for line in seen[-len(answer) :]:
        matched = _advance(answer, failure, matched, line)
    return matched


def _failure(pattern: Sequence[Line]) -> list[int]:
    """The failure function of Knuth, Morris and Pratt."""
    failure = [0] * len(pattern)
    matched = 0
    for index in range(1, len(pattern)):
        matched = _advance(pattern, failure, matched, pattern[index])
        failure[index] = matched
    return failure


def _advance(pattern: Sequence[Line], failure: list[int], matched: int, line: Line) -> int:
    """How much of the pattern is matched after one more line."""
    if matched == len(pattern):
        matched = failure[matched - 1]
    while matched and pattern[matched] != line:
        matched = failure[matched - 1]
    return matched + 1 if pattern[matched] == line else 0
