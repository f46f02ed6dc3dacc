from __future__ import annotations

from datetime import UTC, datetime

import pytest

from spcs_worker_tui.sandbox.runtimes.docker_logs import FrameDecoder
from spcs_worker_tui.sandbox.runtimes.output import LINE_LIMIT

STAMP = b"2026-01-31T12:00:00.123456789Z"
MOMENT = datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)


def frame(piece: bytes, stream: int = 1, stamp: bytes = STAMP) -> bytes:
    content = stamp + b" " + piece
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4) + content


def decoded(*chunks: bytes) -> list[tuple[datetime, str]]:
    decoder = FrameDecoder()
    lines = [line for chunk in chunks for line in decoder.feed(chunk)]
    return [*lines, *decoder.finish()]


@pytest.mark.parametrize("size", [1, 3, 8, 1000])
def test_however_it_is_cut(size: int):
    stream = frame(b"one\n") + frame(b"two\n", 2) + frame(b"", 1) + frame(b"rest")
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert decoded(*chunks) == [(MOMENT, "one"), (MOMENT, "two"), (MOMENT, "rest")]


def test_pieces_of_a_line_are_put_together_for_each_stream():
    pieces = frame(b"a" * 10, 1) + frame(b"x", 2) + frame(b"b\n", 1) + frame(b"y\n", 2)
    assert [line for _, line in decoded(pieces)] == ["a" * 10 + "b", "xy"]


def test_blanks_and_bytes_that_are_no_utf_8_survive():
    assert [line for _, line in decoded(frame(b" a \xff b \n"))] == [" a \ufffd b "]


def test_a_line_without_an_end_is_cut():
    piece = frame(b"x" * 16384)
    lines = [line for _, line in decoded(*[piece] * 80)]
    assert len(lines) == 2
    assert LINE_LIMIT < len(lines[0]) <= LINE_LIMIT + 16384


@pytest.mark.parametrize(
    ("stamp", "microsecond"),
    [(b"2026-01-31T12:00:00Z", 0), (b"2026-01-31T12:00:00.5Z", 500_000), (STAMP, 123456)],
)
def test_fractions_of_any_length(stamp: bytes, microsecond: int):
    ((moment, _),) = decoded(frame(b"x\n", stamp=stamp))
    assert moment == MOMENT.replace(microsecond=microsecond)


def test_reading_again_from_the_last_timestamp_repeats_nothing():
    later = b"2026-01-31T12:00:00.200000001Z"
    first = frame(b"one\n") + frame(b"two\n", stamp=later) + frame(b"thr", stamp=later)
    rest = [frame(b"ee\n", stamp=later), frame(b"four\n", stamp=b"2026-01-31T12:00:01Z")]
    decoder = FrameDecoder()
    lines = [line for _, line in decoder.feed(first + rest[1][:5])]
    assert decoder.again() == "1769860800.200000001"
    again = frame(b"two\n", stamp=later) + frame(b"thr", stamp=later) + b"".join(rest)
    lines += [line for _, line in decoder.feed(again)]
    assert decoder.again() == "1769860801.000000000"
    lines += [line for _, line in decoder.feed(rest[1])]
    assert lines == ["one", "two", "three", "four"]


def test_reading_again_before_there_was_anything():
    decoder = FrameDecoder()
    assert decoder.again() == "0"
    assert [line for _, line in decoder.feed(frame(b"one\n"))] == ["one"]
