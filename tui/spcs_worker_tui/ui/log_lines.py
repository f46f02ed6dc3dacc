"""How log events are written: labels, times, levels, and the marks for what is missing. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from spcs_worker_tui.domain.log import LogEvent, LogGap, LogLine, LogNotice, LogRestart, LogSource
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.lines import Cell, Line, width, wrap
from spcs_worker_tui.ui.log_stamp import take_apart
from spcs_worker_tui.ui.theme import SOURCES

LINE_LIMIT = 2_000
"""Characters of one line that are shown; longer ones end in an ellipsis."""

_LEVEL = re.compile(
    r"\b(?:(CRITICAL|FATAL|ERROR|Traceback \(most recent)|(WARNING|WARN)|(DEBUG|TRACE))\b"
)

_USUAL = {"", "INFO"}
"""Levels that need no word: most lines have them."""


@dataclass(frozen=True, slots=True)
class LogStyle:
    """How the reader wants it.

    `place` says which source came first, second and so on: that decides its tone.
    """

    glyphs: fmt.Glyphs
    zone: tzinfo | None
    timestamps: str
    """Empty for none, `seconds`, or `milliseconds`."""
    place: Callable[[LogSource], int]


def level_tone(text: str) -> str:
    """The tone of a line by the level that it names near its beginning."""
    if found := _LEVEL.search(text, 0, 120):
        error, warning, _ = found.groups()
        return "verdict-broken" if error else "verdict-degraded" if warning else "muted"
    return "ink"


def event_text(event: LogEvent, style: LogStyle) -> str:
    """The event as one plain line for the clipboard: log lines in full, as they were written."""
    if isinstance(event, LogLine):
        head = _head(event, event.time_ns, style)
        return ("".join(cell.text for cell in head) + _shown(event.text)).strip()
    return "".join(cell.text for cell in event_lines(event, style, None)[0]).strip()


def event_lines(event: LogEvent, style: LogStyle, room: int | None) -> list[Line]:
    """The event as lines, wrapped to `room` cells where that is given; at least one."""
    if isinstance(event, LogLine):
        return _log_line(event, style, room)
    if isinstance(event, LogNotice):
        sign = f" {style.glyphs.dot} "
        return [
            (Cell(sign, "muted"), Cell(part, "muted italic"))
            for part in _parts(event.text, room, 3)
        ]
    text, tone = (
        (_gap(event, style), "verdict-degraded")
        if isinstance(event, LogGap)
        else (_restart(event, style), "accent")
    )
    rule = style.glyphs.rule * 2
    return [(Cell(f" {rule} {part} {rule}", tone),) for part in _parts(text, room, 7)]


def _parts(text: str, room: int | None, taken: int) -> list[str]:
    return [text] if room is None else wrap(text, room - taken)


def _log_line(event: LogLine, style: LogStyle, room: int | None) -> list[Line]:
    stamped = take_apart(_shown(event.text), event.time_ns)
    head = _head(event, stamped.time_ns, style)
    taken = sum(width(cell.text) for cell in head)
    tone = level_tone(stamped.level or stamped.text)
    level = "" if stamped.level in _USUAL else f"{stamped.level} "
    first, *others = _parts(level + stamped.text, room, taken)
    lines: list[Line] = [(*head, *_with_level(first, level, tone))]
    lines += [(Cell(" " * taken, ""), Cell(other, tone)) for other in others]
    return lines


def _shown(text: str) -> str:
    text = text.expandtabs(4)
    return text if len(text) <= LINE_LIMIT else text[:LINE_LIMIT] + "…"


def _head(event: LogLine, time_ns: int | None, style: LogStyle) -> list[Cell]:
    head = [Cell(" ", "")]
    if style.timestamps:
        time = fmt.nanoseconds(time_ns, style.zone)
        head.append(Cell(f"{time if style.timestamps == 'milliseconds' else time[:8]} ", "muted"))
    head.append(Cell(f"{event.source}", f"source-{style.place(event.source) % SOURCES}"))
    head.append(Cell(" ~ " if event.late else "  ", "muted"))
    return head


def _with_level(text: str, level: str, tone: str) -> Line:
    """The level in bold, so that it is no part of the sentence behind it."""
    if level and text.startswith(level):
        return (Cell(level, f"{tone} bold"), Cell(text.removeprefix(level), tone))
    return (Cell(text, tone),)


def _gap(event: LogGap, style: LogStyle) -> str:
    def at(time_ns: int | None) -> str:
        return fmt.nanoseconds(time_ns, style.zone).strip()

    text = f"{event.source}: lines are missing"
    if event.after_ns is not None and event.before_ns is not None:
        return f"{text}, {at(event.after_ns)} to {at(event.before_ns)}"
    if event.before_ns is not None:
        return f"{text}, before {at(event.before_ns)}"
    return f"{text}, after {at(event.after_ns)}" if event.after_ns is not None else text


def _restart(event: LogRestart, style: LogStyle) -> str:
    text = f"{event.source} restarted"
    if event.at is not None:
        text += f" at {fmt.clock(event.at, style.zone)}"
    text += f", restart {event.restart_count}"
    return text if event.exit_code is None else f"{text}, exit code {event.exit_code}"
