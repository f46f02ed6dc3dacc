"""Lines of several containers in one order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.domain.log import LogEvent, LogLine, LogRestart, LogSource
from spcs_worker_tui.operations.tail.merge import Merger

NOW = datetime(2026, 11, 23, tzinfo=UTC)
A, B = LogSource(0, "a"), LogSource(1, "b")
SECOND = 1_000_000_000


def line(source: LogSource, seconds: float | None, text: str = "") -> LogLine:
    return LogLine(source, None if seconds is None else int(seconds * SECOND), text)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def merger() -> Merger:
    return Merger(timedelta(seconds=1))


def test_containers_that_answer_apart_come_out_in_order() -> None:
    merge = merger()
    merge.add([line(A, 100.2)], at(0))
    assert merge.take(at(0.5)) == []
    merge.add([line(B, 100.1)], at(0.5))
    assert merge.take(at(1.5)) == [line(B, 100.1), line(A, 100.2)]


def test_old_lines_need_not_wait() -> None:
    merge = merger()
    merge.add([line(A, 10), line(A, 98), line(A, 100)], at(0))
    assert merge.take(at(0)) == [line(A, 10), line(A, 98)]
    assert merge.wait(at(0.25)) == 0.75
    assert merge.take(at(1)) == [line(A, 100)]
    assert merge.wait(at(1)) is None


def test_who_is_alone_waits_for_nobody() -> None:
    merge = merger()
    merge.join(A)
    merge.add([line(A, 99.9), line(A, 100)], at(0))
    assert merge.take(at(0)) == [line(A, 99.9), line(A, 100)]


def test_lines_wait_only_until_every_container_has_written_later_ones() -> None:
    merge = merger()
    merge.join(A)
    merge.join(B)
    merge.add([line(A, 100.2), line(A, 100.4)], at(0))
    assert merge.take(at(0)) == [], "of the other nothing is known yet"
    merge.add([line(B, 100.1), line(B, 100.3)], at(0.1))
    assert merge.take(at(0.1)) == [line(B, 100.1), line(A, 100.2), line(B, 100.3)]
    merge.leave(B)
    assert merge.take(at(0.1)) == [line(A, 100.4)]


def test_a_line_that_comes_too_late_is_marked() -> None:
    merge = merger()
    merge.add([line(A, 100)], at(0))
    assert merge.take(at(1)) == [line(A, 100)]
    merge.add([line(B, 99)], at(2))
    assert merge.take(at(3)) == [LogLine(B, 99 * SECOND, "", late=True)]


def test_a_container_that_jumps_back_in_time_keeps_its_order_and_is_not_late() -> None:
    merge = merger()
    events = [line(A, 100, "out"), line(A, 99, "err")]
    merge.add(events, at(0))
    assert merge.take(at(1)) == events


def test_a_restart_stays_between_its_lives() -> None:
    merge = merger()
    events: list[LogEvent] = [line(A, 100), LogRestart(A, 1), line(A, 103)]
    merge.add(events, at(0))
    merge.add([line(B, 101)], at(0))
    merge.add([line(B, 99)], at(0))  # reached 101 before, so it goes after that
    assert merge.take(at(1)) == [*events[:2], line(B, 101), line(B, 99), events[2]]


def test_lines_without_time_stamps_come_as_they_arrive() -> None:
    merge = merger()
    merge.add([line(A, None, "1")], at(0))
    merge.add([line(B, None, "2")], at(0))
    merge.add([line(A, None, "3")], at(0))
    assert [e.text for e in merge.take(at(1)) if isinstance(e, LogLine)] == ["1", "2", "3"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([A, B]), st.floats(0, 20), st.lists(st.floats(0, 30), max_size=5)
        ),
        max_size=20,
    )
)
def test_nothing_is_lost_or_kept_and_each_container_stays_in_order(
    arrivals: list[tuple[LogSource, float, list[float]]],
) -> None:
    merge = merger()
    sent: dict[LogSource, list[int]] = {A: [], B: []}
    shown: list[LogEvent] = []
    number = 0
    for source, moment, times in sorted(arrivals, key=lambda arrival: arrival[1]):
        for seconds in times:
            merge.add([line(source, seconds, str(number))], at(moment))
            sent[source].append(number)
            number += 1
        shown += merge.take(at(moment))
    shown += merge.take(at(100))
    for source, numbers in sent.items():
        texts = [e.text for e in shown if isinstance(e, LogLine) and e.source == source]
        assert texts == [str(n) for n in numbers]
