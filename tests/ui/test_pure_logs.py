"""Log lines need no terminal: times, levels, marks, wrapping, the store."""

from __future__ import annotations

import dataclasses
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.domain.log import LogGap, LogLine, LogNotice, LogRestart, LogSource
from spcs_worker_tui.domain.text import printable
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui import lines
from spcs_worker_tui.ui.lines import Cell
from spcs_worker_tui.ui.log_lines import LogStyle, event_lines, event_text
from spcs_worker_tui.ui.log_store import LogStore
from support.console import NOW

TEXT = st.text(max_size=60).map(lambda text: printable(text).replace("\n", " ").replace("\t", " "))


SOURCE = LogSource(0, "worker")


def style(timestamps: str = "milliseconds") -> LogStyle:
    return LogStyle(fmt.UNICODE, UTC, timestamps, lambda _: 0)


def test_log_lines_say_when_and_who() -> None:
    event = LogLine(SOURCE, 1_795_435_200_123_456_789, "hello")
    assert event_text(event, style()) == "12:00:00.123 worker/0  hello"
    assert event_text(event, style("seconds")) == "12:00:00 worker/0  hello"
    assert event_text(event, style("")) == "worker/0  hello"
    late = dataclasses.replace(event, late=True, time_ns=None)
    assert event_text(late, style("")) == "worker/0 ~ hello"


NOON = 1_795_435_200_000_000_000


def shown(
    text: str, time_ns: int | None = NOON + 123_000_000, room: int | None = None
) -> list[str]:
    lines_of = event_lines(LogLine(SOURCE, time_ns, text), style("seconds"), room)
    return ["".join(cell.text for cell in line).rstrip() for line in lines_of]


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-23T12:00:00.118 | INFO    | ",
        "2026-11-23 11:59:58,999 | INFO    | ",
        "2026-11-23T13:00:01+01:00 | INFO    | ",
        "[2026-11-23T12:00:00.118Z] ",
        "12:00:00.118 | INFO    | ",
    ],
)
def test_a_line_that_repeats_the_servers_time_says_it_once(stamp: str) -> None:
    assert shown(f"{stamp}Task run 'a'") == [" 12:00:00 worker/0  Task run 'a'"]
    event = LogLine(SOURCE, NOON, f"{stamp}Task run 'a'")
    assert event_text(event, style("seconds")) == f"12:00:00 worker/0  {stamp}Task run 'a'"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T11:34:41.818 | the run of half an hour ago",
        "2026-11-22T12:00:00.000 | yesterday",
        "11:34:41 is another time",
        "2026-99-23T11:34:41 is no time",
        "99:99:99 is no time",
        "2026-11-23 is a day",
    ],
)
def test_another_time_stays_in_the_line(text: str) -> None:
    assert shown(text) == [f" 12:00:00 worker/0  {text}"]


def test_midnight_is_no_difference_of_a_day() -> None:
    midnight = NOON + 43_200_000_000_000
    assert shown("23:59:59.900 | x", midnight) == [" 00:00:00 worker/0  x"]


def test_without_the_servers_time_the_lines_own_is_shown() -> None:
    assert shown("2026-11-23T11:34:41.818 | INFO    | x", None) == [" 11:34:41 worker/0  x"]
    assert shown("11:34:41.818 | INFO    | x", None) == [
        "          worker/0  11:34:41.818 | INFO    | x"
    ]


@pytest.mark.parametrize(
    ("level", "word", "tone"),
    [
        ("INFO   ", "", "ink"),
        ("DEBUG  ", "DEBUG ", "muted"),
        ("WARNING", "WARNING ", "verdict-degraded"),
        ("ERROR  ", "ERROR ", "verdict-broken"),
        ("CRITICAL", "CRITICAL ", "verdict-broken"),
    ],
)
def test_the_level_is_a_colour_and_where_it_matters_a_word(
    level: str, word: str, tone: str
) -> None:
    (line,) = event_lines(LogLine(SOURCE, NOON, f"12:00:00.1 | {level} | well"), style(), None)
    assert "".join(cell.text for cell in line).endswith(f"worker/0  {word}well")
    assert line[-1] == Cell("well", tone)


def test_wrapped_parts_stand_under_the_text() -> None:
    first, second = shown("2026-11-23T12:00:00.118 | WARNING | one two three four", room=40)
    assert first == " 12:00:00 worker/0  WARNING one two"
    assert second == " " * 20 + "three four"


def test_marks_say_what_is_missing() -> None:
    gap = LogGap(SOURCE, 1_795_435_200_000_000_000, 1_795_435_201_000_000_000)
    text = "── worker/0: lines are missing, 12:00:00.000 to 12:00:01.000 ──"
    assert event_text(gap, style()) == text
    assert "before 12:00:01" in event_text(dataclasses.replace(gap, after_ns=None), style())
    assert "after 12:00:00" in event_text(dataclasses.replace(gap, before_ns=None), style())
    restart = LogRestart(SOURCE, 3, 137, NOW)
    assert "worker/0 restarted at 12:00:00, restart 3, exit code 137" in event_text(
        restart, style()
    )


@given(TEXT, st.integers(34, 100))
def test_wrapped_log_lines_fit(text: str, room: int) -> None:
    for event in (LogLine(SOURCE, 1, text), LogNotice(text or "x"), LogRestart(SOURCE, 1)):
        for line in event_lines(event, style(), room):
            assert lines.width_of(line) <= room


def test_a_very_long_line_is_cut_and_says_so() -> None:
    text = event_text(LogLine(SOURCE, 1, "x" * 1_000_000), style())
    assert len(text) < 3000
    assert text.endswith("…")


def test_the_store_counts_what_it_dropped() -> None:
    store = LogStore(limit=10)
    store.append(LogNotice(str(n)) for n in range(25))
    assert (store.first, store.end) == (15, 25)
    lost, kept = store.since(4)
    assert (lost, [event.text for event in kept]) == (11, [str(n) for n in range(15, 25)])  # type: ignore[union-attr]
    assert store.since(24)[1] == [LogNotice("24")]
    assert store.since(25) == (0, [])
