"""What a log line says of itself before it says anything: its own time, and its level. Pure.

Prefect and our worker begin each line with `2026-11-23T11:34:41.818 | INFO    | `, and the server
puts its own time beside it. Half a screen is too narrow for both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

SAME_TIME = 5
"""Seconds between the line's own time and the server's within which they are the same."""

_DAY = 86_400

_STAMP = re.compile(
    r"""\[?
    (?:(?P<date>\d{4}-\d\d-\d\d)[T ])?
    (?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?
    (?P<zone>Z|[+-]\d\d:?\d\d)?
    \]?(?:\s+\|\s+|\s+-\s+|:?\s+)""",
    re.VERBOSE,
)
_LEVEL = re.compile(r"(CRITICAL|FATAL|ERROR|WARNING|WARN|INFO|DEBUG|TRACE)\s+\|\s+")


@dataclass(frozen=True, slots=True)
class Stamped:
    """A line taken apart: `text` is what is left when time and level stand elsewhere."""

    time_ns: int | None
    level: str
    text: str


def take_apart(text: str, time_ns: int | None) -> Stamped:
    """Take the line's own time from its text where it repeats the server's, and the level after it.

    Args:
        text: The line as it was written.
        time_ns: When the server received it; None where it does not say. Then a line that
            writes a date with its time is believed, as UTC unless it says otherwise, because that
            is what containers run in.
    """
    found = _STAMP.match(text)
    own = _nanoseconds(found, time_ns) if found else None
    if found is None or own is None:
        rest, time = text, time_ns
    else:
        rest, time = text[found.end() :], own if time_ns is None else time_ns
    level = _LEVEL.match(rest)
    return Stamped(time, level[1] if level else "", rest[level.end() :] if level else rest)


def _nanoseconds(found: re.Match[str], server_ns: int | None) -> int | None:
    """The line's own time, or None where it is another one than the server's."""
    fraction = int((found["fraction"] or "0").ljust(9, "0"))
    if found["date"] is None:
        if server_ns is None:
            return None
        hours, minutes, seconds = map(int, found["time"].split(":"))
        behind = (server_ns // 1_000_000_000 - hours * 3600 - minutes * 60 - seconds) % _DAY
        return server_ns if min(behind, _DAY - behind) <= SAME_TIME else None
    try:
        own = datetime.fromisoformat(f"{found['date']}T{found['time']}{found['zone'] or ''}")
    except ValueError:
        return None
    own = own if own.tzinfo else own.replace(tzinfo=UTC)
    own_ns = int(own.timestamp()) * 1_000_000_000 + fraction
    if server_ns is not None and abs(own_ns - server_ns) > (SAME_TIME + 1) * 1_000_000_000:
        return None
    return own_ns
