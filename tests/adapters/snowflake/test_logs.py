from __future__ import annotations

from datetime import UTC, datetime

import pytest

from spcs_worker_tui.adapters.snowflake.logs import plain_lines, stamped_lines

SECOND = int(datetime(2024, 10, 22, 1, 12, 29, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("stamp", "nanoseconds"),
    [
        ("2024-10-22T01:12:29.873896187Z", 873896187),
        ("2024-10-22T01:12:29.873Z", 873000000),
        ("2024-10-22T01:12:29Z", 0),
        ("2024-10-22T03:12:29.000000001+02:00", 1),
        ("2024-10-21T17:12:29.5-08:00", 500000000),
    ],
)
def test_nine_digits_are_kept(stamp: str, nanoseconds: int) -> None:
    assert stamped_lines(f"{stamp} hello  world") == [(SECOND + nanoseconds, "hello  world")]


def test_an_empty_line_is_a_line() -> None:
    stamp = "2024-10-22T01:12:29Z"
    text = f"{stamp} \n{stamp}\n{stamp} end\n"
    assert stamped_lines(text) == [(SECOND, ""), (SECOND, ""), (SECOND, "end")]
    assert plain_lines("a\n\nb") == [(None, "a"), (None, ""), (None, "b")]


def test_nothing_is_no_line() -> None:
    assert stamped_lines("") == []
    assert plain_lines("") == []


def test_a_line_without_time_stamp_continues_the_one_before() -> None:
    text = "rest of a line\n2024-10-22T01:12:29Z Traceback\n  File x\n2024-10-22T01:12:30Z next"
    assert stamped_lines(text) == [
        (None, "rest of a line"),
        (SECOND, "Traceback"),
        (SECOND, "  File x"),
        (SECOND + 10**9, "next"),
    ]


def test_a_time_stamp_that_the_container_wrote_itself_stays() -> None:
    text = "2024-10-22T01:12:29Z 2024-10-22T01:12:28Z started"
    assert stamped_lines(text) == [(SECOND, "2024-10-22T01:12:28Z started")]


@pytest.mark.parametrize("text", ["2024-13-22T01:12:29Z x", "2024-10-22T01:12:29Zx", "2024"])
def test_what_only_looks_like_a_time_stamp(text: str) -> None:
    assert stamped_lines(text) == [(None, text)]


def test_text_is_clean_and_only_newlines_end_lines() -> None:
    stamp = "2024-10-22T01:12:29Z"
    text = f"{stamp} \x1b[31mred\x1b[0m\u2028same\x85line\tend\r\n{stamp} 10%\r50%\r100%"
    assert stamped_lines(text) == [(SECOND, "redsameline\tend"), (SECOND, "100%")]
