"""How single facts are written: glyphs, ages, counts, sparklines. Pure, and the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from spcs_worker_tui.domain.fleet import ConnectionState
from spcs_worker_tui.domain.verdict import Health, Remedy, Verdict

NOTHING: Final = "-"
"""Stands for: there is no such thing here. An empty cell would look like a drawing error."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs that stand beside words. All are one cell wide and none is an emoji."""

    health: dict[Health, str]
    connection: dict[ConnectionState, str]
    sparkline: str
    up: str
    down: str
    mine: str
    rule: str
    next_step: str
    product: str
    running: str
    done: str
    failed: str
    dot: str


UNICODE: Final = Glyphs(
    health={
        Health.HEALTHY: "●",
        Health.DEGRADED: "▲",
        Health.BROKEN: "✗",
        Health.SUSPENDED: "○",
        Health.UNKNOWN: "?",
    },
    connection={
        ConnectionState.CONNECTING: "◌",
        ConnectionState.CONNECTED: "●",
        ConnectionState.SIGN_IN_NEEDED: "▲",
        ConnectionState.REFUSED: "✗",
        ConnectionState.UNREACHABLE: "✗",
        ConnectionState.MISCONFIGURED: "✗",
    },
    sparkline="▁▂▃▄▅▆▇█",
    up="▴",
    down="▾",
    mine="▌",
    rule="─",
    next_step="→",
    product="◆",
    running="◌",
    done="✓",
    failed="✗",
    dot="·",
)
ASCII: Final = Glyphs(
    health={
        Health.HEALTHY: "*",
        Health.DEGRADED: "!",
        Health.BROKEN: "X",
        Health.SUSPENDED: "-",
        Health.UNKNOWN: "?",
    },
    connection={
        ConnectionState.CONNECTING: "~",
        ConnectionState.CONNECTED: "*",
        ConnectionState.SIGN_IN_NEEDED: "!",
        ConnectionState.REFUSED: "X",
        ConnectionState.UNREACHABLE: "X",
        ConnectionState.MISCONFIGURED: "X",
    },
    sparkline="_.-=+*%#",
    up="^",
    down="v",
    mine=">",
    rule="-",
    next_step="->",
    product="#",
    running="~",
    done="+",
    failed="X",
    dot="-",
)

_THOUSAND = 1000
_MINUTE = 60
_HOUR = 3600
_DAY = 86400


def age(span: timedelta | None) -> str:
    """An age in at most four cells and one unit: `8s`, `119s`, `12m`, `5h`, `31d`."""
    if span is None:
        return NOTHING
    seconds = max(0, int(span.total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}h"
    return f"{seconds // _DAY}d"


def span(value: timedelta) -> str:
    """A length of time for sentences, in two units: `3 min 12 s`, `2 h 5 min`."""
    seconds = max(0, int(value.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        minutes, rest = divmod(seconds, _MINUTE)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    if seconds < _DAY:
        hours, rest = divmod(seconds // _MINUTE, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, rest = divmod(seconds // _HOUR, 24)
    return f"{days} d {rest} h" if rest else f"{days} d"


def clock(moment: datetime, zone: tzinfo | None) -> str:
    """Time of day in the reader's zone; None is the machine's own."""
    return moment.astimezone(zone).strftime("%H:%M:%S")


def moment(value: datetime | None, zone: tzinfo | None) -> str:
    """Date and time in the reader's zone, with the zone's name."""
    return NOTHING if value is None else value.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def nanoseconds(value: int | None, zone: tzinfo | None) -> str:
    """The time of a log line to the millisecond; blank of the same width when unknown."""
    if value is None:
        return " " * 12
    seconds, rest = divmod(value, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, zone):%H:%M:%S}.{rest // 1_000_000:03d}"


def sparkline(values: Sequence[float], full: float, signs: str) -> str:
    """One sign per value, the highest for `full` and everything above it."""
    top = len(signs) - 1
    return "".join(signs[max(0, min(top, round(value / full * top)))] for value in values)


def size(count: int) -> str:
    """Bytes for people, in powers of ten as Docker counts them: `812 kB`, `4.2 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < _THOUSAND:
            return f"{value:.0f} {unit}" if unit != "MB" else f"{value:.1f} {unit}"
        value /= _THOUSAND
    return f"{value:.1f} GB"


def of(part: int, whole: int) -> str:
    """`part/whole`, for counts that belong together."""
    return f"{part}/{whole}"


def plural(count: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_KEYS = {
    Remedy.READ_LOG: "l",
    Remedy.RESUME: "z",
    Remedy.RESTART: "l, then z",
    Remedy.LOOK_AGAIN: "r",
}


def next_step(verdict: Verdict) -> str:
    """What to do next, with the keys for it."""
    if verdict.remedy is None or not verdict.next_step:
        return verdict.next_step
    return f"{verdict.next_step} ({_KEYS[verdict.remedy]})"
