"""The text of SYSTEM$GET_SERVICE_LOGS into lines with time stamps (contract 1.5)."""

from __future__ import annotations

import re
from datetime import datetime

from spcs_worker_tui.domain.text import printable

_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)(?: |\Z)", re.ASCII
)
_SECOND = 1_000_000_000


def stamped_lines(text: str) -> list[tuple[int | None, str]]:
    """Lines that each begin with a time stamp; nanoseconds since the epoch, and the rest.

    A line without a time stamp continues the one before it and gets that one's. Before the first
    stamped line there is nothing to continue: such a line, the rest of one that the server cut
    off, has None.
    """
    lines: list[tuple[int | None, str]] = []
    last: int | None = None
    for line in _split(text):
        if match := _STAMP.match(line):
            stamp = nanoseconds(*match.groups())
            if stamp is not None:
                last = stamp
                line = line[match.end() :]  # noqa: PLW2901 - the rest of the same line
        lines.append((last, _shown(line)))
    return lines


def plain_lines(text: str) -> list[tuple[int | None, str]]:
    """Lines of an answer without time stamps."""
    return [(None, _shown(line)) for line in _split(text)]


def nanoseconds(second: str, fraction: str | None, zone: str) -> int | None:
    """RFC 3339 with up to nine digits, as a whole number; None when there is no such moment."""
    try:
        whole = datetime.fromisoformat(second + zone)
    except ValueError:
        return None
    return int(whole.timestamp()) * _SECOND + int((fraction or "0").ljust(9, "0"))


def _split(text: str) -> list[str]:
    """At newlines only: a container may write any other character of Unicode's line ends."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def _shown(line: str) -> str:
    """What a terminal would be left with: a progress bar rewrites its line after each return."""
    return printable(line.rstrip("\r").rpartition("\r")[2])
