"""One container's tail against a model of the server: exact, over bursts, restarts and limits."""

from __future__ import annotations

import pytest

from spcs_worker_tui.domain.errors import SnowflakeUnreachableError
from spcs_worker_tui.domain.log import LogGap, LogLine, LogNotice, LogRestart
from spcs_worker_tui.operations.tail.container import (
    FIRST_LINES,
    STEADY_LINES,
    ContainerPort,
    ContainerTail,
)
from support.service_log import Line, ServerLog, lines
from support.tail_bench import SOURCE, Bench, texts


async def test_begins_with_the_last_few_hundred_lines() -> None:
    bench = Bench()
    bench.write(1000)
    events = await bench.poll()
    assert len(events) == FIRST_LINES
    assert texts(events)[-1].startswith("line 1000 ")


async def test_says_nothing_twice() -> None:
    bench = Bench()
    bench.write(10)
    await bench.poll()
    assert await bench.poll() == []
    bench.write(3)
    assert len(await bench.poll()) == 3
    bench.check()


async def test_equal_lines_at_the_same_time_are_each_shown() -> None:
    bench = Bench()
    bench.log.write((5, "a"), (5, "a"))
    await bench.poll()
    bench.log.write((5, "a"))
    assert texts(await bench.poll()) == ["a"]
    assert await bench.poll() == []


async def test_a_flood_of_equal_lines_at_the_same_time_is_counted() -> None:
    bench = Bench()
    bench.log.write(*[(5, "a")] * 50)
    await bench.poll()
    bench.log.write(*[(5, "a")] * 200)
    assert texts(await bench.poll()) == ["a"] * 200


async def test_where_equal_lines_cannot_be_counted_a_gap_says_so() -> None:
    bench = Bench()
    bench.log.write(*[(5, "a")] * FIRST_LINES)
    await bench.poll()
    bench.log.write(*[(5, "a")] * 200)
    await bench.poll()
    assert bench.gaps


async def test_lines_out_of_order_are_shown_in_the_servers_order() -> None:
    bench = Bench()
    bench.log.write((20, "out"), (10, "err"))
    await bench.poll()
    bench.log.write((30, "out"), (15, "err"))
    assert texts(await bench.poll()) == ["out", "err"]
    assert await bench.poll() == []


async def test_a_late_line_that_the_server_sorts_in_is_shown_once() -> None:
    bench = Bench()
    bench.log.write((10, "a"), (20, "b"), (30, "c"))
    await bench.poll()
    bench.log.lives[-1] = [(10, "a"), (15, "late"), (20, "b"), (30, "c"), (40, "d")]
    assert texts(await bench.poll()) == ["late", "d"]
    assert await bench.poll() == []
    assert not bench.gaps


async def test_a_burst_is_fetched_whole_by_asking_for_more() -> None:
    bench = Bench()
    bench.write(10)
    await bench.poll()
    bench.write(1500)
    assert len(await bench.poll()) == 1500
    assert not bench.gaps
    bench.check()


async def test_a_burst_beyond_what_the_server_returns_is_shown_as_a_gap() -> None:
    bench = Bench()
    bench.write(10)
    await bench.poll()
    last = bench.clock
    bench.write(3000, size=1000)
    events = await bench.poll()
    first = events[1]
    assert isinstance(first, LogLine)
    assert events[0] == LogGap(SOURCE, last, first.time_ns)
    assert len(bench.log.asked) <= 4
    bench.check()


async def test_asks_for_few_lines_while_little_happens() -> None:
    bench = Bench()
    bench.write(2000)
    await bench.poll()
    await bench.poll()
    bench.log.asked.clear()
    await bench.poll()
    assert bench.log.asked == [(STEADY_LINES, False)]


async def test_last_words_and_exit_code_are_shown_before_the_new_life() -> None:
    bench = Bench()
    bench.write(5)
    await bench.poll()
    bench.write(3)
    bench.log.restart()
    bench.write(2)
    events = await bench.poll()
    assert [type(event) for event in events] == [LogLine] * 3 + [LogRestart] + [LogLine] * 2
    assert events[3] == LogRestart(SOURCE, 1, 1)
    bench.check()


async def test_a_restart_that_the_watched_row_does_not_show_yet_is_noticed() -> None:
    bench = Bench()
    bench.write(5)
    old = bench.log.row()
    await bench.poll()
    bench.write(3)
    bench.log.restart()
    bench.write(2)
    await bench.tail.poll(old)
    await bench.tail.poll(old)
    bench.events += bench.tail.drain()
    assert not bench.gaps
    bench.check()


async def test_lives_in_between_are_a_gap() -> None:
    bench = Bench()
    bench.write(5)
    await bench.poll()
    for _ in range(3):
        bench.write(2)
        bench.log.restart()
    bench.write(1)
    events = await bench.poll()
    assert [type(event) for event in events] == [
        LogGap,
        LogRestart,
        LogLine,
        LogLine,
        LogRestart,
        LogLine,
    ]
    bench.check()


async def test_a_young_life_is_shown_with_the_end_of_the_one_before() -> None:
    bench = Bench()
    bench.write(400)
    bench.log.restart()
    bench.write(2)
    events = await bench.poll()
    assert isinstance(events[-3], LogRestart)
    assert len(events) == FIRST_LINES + 1
    bench.check()


async def test_a_new_container_under_the_same_name_starts_afresh() -> None:
    bench = Bench()
    bench.write(5)
    await bench.poll()
    bench.log.replace()
    bench.write(2)
    events = await bench.poll()
    assert [type(event) for event in events] == [LogNotice, LogLine, LogLine]
    bench.check()


async def test_an_old_row_is_not_taken_for_a_new_container() -> None:
    bench = Bench()
    bench.write(5)
    old = bench.log.row()
    await bench.poll()
    bench.log.restart()
    bench.write(1)
    await bench.poll()
    await bench.tail.poll(old)
    assert bench.tail.drain() == []


async def test_without_time_stamps_the_texts_are_matched() -> None:
    bench = Bench(ServerLog(stamped=False))
    bench.write(500)
    await bench.poll()
    bench.write(30)
    assert len(await bench.poll()) == 30
    bench.write(700)
    assert len(await bench.poll()) == 700
    assert not bench.gaps
    bench.check()


async def test_a_server_that_cuts_the_newest_end_is_asked_for_less() -> None:
    bench = Bench(ServerLog(cuts_newest=True))
    bench.write(1000, size=1000)
    for _ in range(4):
        await bench.poll()
    bench.write(20, size=1000)
    for _ in range(4):
        await bench.poll()
    bench.check()


async def test_an_error_in_between_neither_loses_nor_repeats() -> None:
    bench = Bench()
    bench.write(5)
    await bench.poll()
    bench.write(3)
    bench.log.restart()
    bench.write(2)
    calls = 0

    def fail_late() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise SnowflakeUnreachableError("gone")

    bench.log.before_each_call = fail_late
    with pytest.raises(SnowflakeUnreachableError):
        await bench.poll()
    bench.events += bench.tail.drain()
    await bench.poll()
    assert not bench.gaps
    bench.check()


async def test_a_torn_first_line_of_a_cut_answer_is_left_out() -> None:
    log = ServerLog()
    whole = lines(*[f"{n} {'x' * 900}" for n in range(90)])

    async def ask(asked: int, previous: bool) -> list[Line]:
        return [(None, "x tail of a line"), *whole[-asked:]]

    tail = ContainerTail(SOURCE, ContainerPort(ask, log.look))
    await tail.poll(log.row())
    await tail.poll(log.row())
    assert [event.text[:2] for event in tail.drain() if isinstance(event, LogLine)] == [
        text[:2] for _, text in whole
    ]


async def test_a_line_that_fills_an_answer_is_no_gap_each_time_it_is_answered() -> None:
    bench = Bench()
    bench.write(1, size=64 * 1024)
    for _ in range(3):
        await bench.poll()
    bench.write(1, size=64 * 1024)
    for _ in range(3):
        await bench.poll()
    assert len(bench.gaps) == 1, "between the two, which no answer holds together"
    bench.write(5)
    await bench.poll()
    assert len(bench.gaps) == 1
    bench.check()
