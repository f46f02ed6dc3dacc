"""From the engine's stream of log frames to lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from spcs_worker_tui.sandbox.runtimes.output import LINE_LIMIT

_HEADER: Final = 8
_SECONDS: Final = 19
_MICROSECONDS: Final = 6
_NANOSECONDS: Final = 9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class FrameDecoder:
    """Takes the stream apart: stdout and stderr of a container without a terminal.

    A frame is one byte for the stream, three empty ones, four of length, and a timestamp with
    a piece of a line: the engine cuts lines at 16 KiB, and only the last piece ends in a newline.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: dict[int, tuple[datetime, bytearray]] = {}
        self._last = b""
        self._since_last = 0
        self._to_skip = 0

    def again(self) -> str:
        """Be ready for the stream from its last timestamp on, which is what `since` has to be.

        What was read already is not read twice, though many frames may have that timestamp.
        """
        self._buffer.clear()
        self._to_skip, self._since_last = self._since_last, 0
        if not self._last:
            return "0"
        fraction = self._last.decode().removesuffix("Z").partition(".")[2]
        seconds = (_moment(self._last) - _EPOCH) // timedelta(seconds=1)
        return f"{seconds}.{fraction:0<{_NANOSECONDS}}"

    def feed(self, data: bytes) -> Iterator[tuple[datetime, str]]:
        """The lines that are complete now, each with the time at which it began."""
        self._buffer += data
        while len(self._buffer) >= _HEADER:
            end = _HEADER + int.from_bytes(self._buffer[4:_HEADER])
            if len(self._buffer) < end:
                return
            stream, frame = self._buffer[0], bytes(self._buffer[_HEADER:end])
            del self._buffer[:end]
            stamp, _, piece = frame.partition(b" ")
            self._since_last = self._since_last + 1 if stamp == self._last else 1
            self._to_skip = self._to_skip if stamp == self._last else 0
            self._last = stamp
            if self._to_skip:
                self._to_skip -= 1
                continue
            line = self._lines.setdefault(stream, (_moment(stamp), bytearray()))[1]
            line += piece
            if line.endswith(b"\n") or len(line) > LINE_LIMIT:
                yield self._end(stream)

    def finish(self) -> Iterator[tuple[datetime, str]]:
        """What stood after the last newline is a line, too."""
        for stream in list(self._lines):
            yield self._end(stream)

    def _end(self, stream: int) -> tuple[datetime, str]:
        moment, line = self._lines.pop(stream)
        return moment, line.removesuffix(b"\n").decode(errors="replace")


def _moment(stamp: bytes) -> datetime:
    """`2026-01-31T12:00:00.123456789Z`, whose fraction may be shorter or missing."""
    text = stamp.decode("ascii", errors="replace").removesuffix("Z")
    whole, _, fraction = text.partition(".")
    return datetime.fromisoformat(
        f"{whole[:_SECONDS]}.{fraction[:_MICROSECONDS]:0<{_MICROSECONDS}}"
    ).replace(tzinfo=UTC)
