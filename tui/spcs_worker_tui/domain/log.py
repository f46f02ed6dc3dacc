"""A log tail that cannot lie: lines, and the marks that say what is missing between them.

Time stamps are whole nanoseconds since the epoch, because the server's have nine digits and two
lines often share a microsecond (contract 1.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class LogSource:
    """One container of one instance."""

    instance_id: int
    container: str

    def __str__(self) -> str:
        return f"{self.container}/{self.instance_id}"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that the container wrote; `text` is clean of control sequences."""

    source: LogSource
    time_ns: int | None
    text: str
    late: bool = False
    """Came after a newer line of another container had been shown."""


@dataclass(frozen=True, slots=True)
class LogGap:
    """Lines are missing here: the server could not return everything."""

    source: LogSource
    after_ns: int | None
    before_ns: int | None


@dataclass(frozen=True, slots=True)
class LogRestart:
    """The container started a new life here."""

    source: LogSource
    restart_count: int
    exit_code: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogNotice:
    """Why there is nothing to show, or that there is something to show again."""

    text: str
    source: LogSource | None = None


LogEvent = LogLine | LogGap | LogRestart | LogNotice
