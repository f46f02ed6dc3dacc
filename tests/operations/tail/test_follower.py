"""A service's log: containers that come and go, errors, the pace, and stopping."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from spcs_worker_tui.domain.errors import (
    FleetError,
    PrivilegeError,
    SnowflakeUnreachableError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.fleet import ContainerSnapshot, ServiceKey, ServiceSnapshot
from spcs_worker_tui.domain.log import LogEvent, LogGap, LogLine, LogNotice, LogSource
from spcs_worker_tui.operations.tail import LogFollower, TailTiming
from support import fleet as build
from support.service_log import ServerLog, check_events
from support.virtual_time import VirtualClock

KEY = build.key()
SECOND = 1_000_000_000


class Session:
    """The part of a Snowflake session that a tail uses, over server logs."""

    def __init__(self, *logs: ServerLog) -> None:
        self.logs = {log.source: log for log in logs}
        self.errors: dict[LogSource, FleetError] = {}
        self.asked: list[LogSource] = []

    async def service_logs(
        self, _key: ServiceKey, instance_id: int, container: str, *, lines: int, previous: bool
    ) -> Sequence[tuple[int | None, str]]:
        source = LogSource(instance_id, container)
        self.asked.append(source)
        if error := self.errors.get(source):
            raise error
        return await self.logs[source].ask(lines, previous)

    async def show_service_containers(self, _key: ServiceKey) -> tuple[ContainerSnapshot, ...]:
        return tuple(log.row() for log in self.logs.values())


class Bench:
    """A follower on a service whose containers the test writes to."""

    def __init__(self, *logs: ServerLog) -> None:
        self.clock = VirtualClock()
        self.session: Any = Session(*logs)
        self.service: ServiceSnapshot | None = None
        self.events: list[LogEvent] = []
        self.ended = False
        self.show()

    def show(self, **fields: Any) -> None:
        """The watched snapshot catches up."""
        rows = tuple(log.row() for log in self.session.logs.values())
        self.service = build.service(containers=rows, **fields)

    @asynccontextmanager
    async def following(self, timing: TailTiming | None = None) -> AsyncIterator[None]:
        follower = LogFollower(lambda _: self.session, lambda _: self.service, self.clock, timing)

        async def read() -> None:
            async for events in follower.follow(KEY):
                self.events += events
            self.ended = True

        task = asyncio.create_task(read())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled():
            task.result()

    def stamp(self) -> int:
        return int(self.clock.now().timestamp()) * SECOND

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, LogNotice)]

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, LogLine)]


async def test_merges_all_instances_by_time() -> None:
    logs = [ServerLog(LogSource(n, "worker")) for n in range(3)]
    bench = Bench(*logs)
    for n in range(30):
        logs[n % 3].write((n * SECOND, str(n)))
    async with bench.following():
        await bench.clock.pass_time(3)
    assert bench.texts == [str(n) for n in range(30)]


async def test_the_only_container_is_shown_as_soon_as_it_answers() -> None:
    log = ServerLog()
    bench = Bench(log)
    log.write((bench.stamp(), "now"))
    async with bench.following(TailTiming(hold_back=3600)):
        await bench.clock.pass_time(1)
    assert bench.texts == ["now"]


async def test_asks_often_while_lines_come_and_seldom_when_none_do() -> None:
    log = ServerLog()
    bench = Bench(log)
    async with bench.following():
        for n in range(20):
            log.write((bench.stamp(), str(n)))
            await bench.clock.pass_time(1)
        busy = len(bench.session.asked)
        await bench.clock.pass_time(60)
        idle = len(bench.session.asked) - busy
    assert busy >= 20
    assert idle <= 60 / 5 + 5


async def test_is_asked_more_often_where_one_answer_would_not_hold_what_comes_in_a_second() -> None:
    log = ServerLog()
    bench = Bench(log)
    text = "x" * 168
    async with bench.following():
        for n in range(300):
            log.write(*[(bench.stamp() + n * 1000 + k, text) for k in range(100)])
            await bench.clock.pass_time(0.1)
            if n == 50:
                bench.events.clear()
        asked = len(bench.session.asked)
        log.write((bench.stamp() + SECOND, "calm"))
        await bench.clock.pass_time(60)
    assert not [event for event in bench.events if isinstance(event, LogGap)], "200 KB a second"
    assert asked <= 30 / 0.2 + 10
    assert len(bench.session.asked) - asked <= 60 / 5 + 10


async def test_a_crash_is_told_with_its_last_words() -> None:
    log = ServerLog()
    bench = Bench(log)
    log.write((1, "starting"))
    async with bench.following():
        await bench.clock.pass_time(3)
        log.write((2, "boom"))
        log.restart()
        log.write((3, "starting"))
        bench.show()
        await bench.clock.pass_time(10)
    assert check_events(log.written, bench.events) == 0


async def test_containers_join_and_leave() -> None:
    first, second = ServerLog(LogSource(0, "worker")), ServerLog(LogSource(1, "worker"))
    bench = Bench(first)
    async with bench.following():
        await bench.clock.pass_time(3)
        bench.session.logs[second.source] = second
        bench.show()
        second.write((5, "hello from 1"))
        await bench.clock.pass_time(5)
        assert bench.texts == ["hello from 1"]
        second.write((6, "bye from 1"))
        del bench.session.logs[second.source]
        bench.show()
        bench.session.logs[second.source] = second  # its log can be read for a while
        await bench.clock.pass_time(10)
        assert bench.texts == ["hello from 1", "bye from 1"]
        bench.session.asked.clear()
        await bench.clock.pass_time(20)
        assert set(bench.session.asked) == {first.source}


async def test_a_container_that_vanished_for_a_moment_repeats_nothing() -> None:
    log = ServerLog()
    log.write((1, "one"))
    bench = Bench(log)
    async with bench.following():
        await bench.clock.pass_time(5)
        shown, bench.service = bench.service, build.service(containers=())
        await bench.clock.pass_time(10)
        bench.service = shown
        log.write((2, "two"))
        await bench.clock.pass_time(10)
    assert bench.texts == ["one", "two"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PrivilegeError("Insufficient privileges.", errno=3001), "MONITOR"),
        (StatementRefusedError("has not started", errno=395000), "No log yet: has not started"),
    ],
)
async def test_says_once_why_there_is_no_log_and_when_there_is_one(
    error: FleetError, said: str
) -> None:
    log = ServerLog()
    bench = Bench(log)
    bench.session.errors[log.source] = error
    async with bench.following():
        await bench.clock.pass_time(60)
        assert len(bench.notices) == 1
        assert said in bench.notices[0]
        assert len(bench.session.asked) < 20
        bench.session.errors.clear()
        log.write((1, "here"))
        await bench.clock.pass_time(60)
    assert bench.notices[1:] == ["The log can be read now."]
    assert bench.texts == ["here"]


async def test_a_dead_connection_is_told_once_for_all_containers() -> None:
    logs = [ServerLog(LogSource(n, "worker")) for n in range(3)]
    bench = Bench(*logs)
    async with bench.following():
        for log in logs:
            bench.session.errors[log.source] = SnowflakeUnreachableError("no route")
        await bench.clock.pass_time(60)
        assert bench.notices == ["No answer, trying again: no route"]
        bench.session.errors.clear()
        await bench.clock.pass_time(60)
    assert bench.notices[1:] == ["Snowflake answers again."]


async def test_one_broken_container_does_not_hold_up_the_others() -> None:
    good, bad = ServerLog(LogSource(0, "worker")), ServerLog(LogSource(1, "worker"))
    bench = Bench(good, bad)
    bench.session.errors[bad.source] = StatementRefusedError("not started", errno=395000)
    async with bench.following():
        for n in range(20):
            good.write((bench.stamp(), str(n)))
            await bench.clock.pass_time(1)
        await bench.clock.pass_time(2)
    assert bench.texts == [str(n) for n in range(20)]


async def test_a_suspended_service_says_why_there_is_nothing() -> None:
    bench = Bench()
    bench.show(status="SUSPENDED")
    async with bench.following():
        await bench.clock.pass_time(30)
    assert bench.notices == ["Service is SUSPENDED: no container runs, so there is no log."]


async def test_ends_when_the_service_was_dropped_with_the_last_words() -> None:
    log = ServerLog()
    bench = Bench(log)
    async with bench.following():
        await bench.clock.pass_time(3)
        log.write((1, "bye"))
        bench.service = None
        await bench.clock.pass_time(10)
        assert bench.ended
    assert bench.texts == ["bye"]
    assert bench.notices == ["Service ANALYTICS.PREFECT.INGEST was dropped."]


async def test_waits_for_a_service_that_was_not_seen_yet() -> None:
    log = ServerLog()
    log.write((1, "hello"))
    bench = Bench(log)
    service, bench.service = bench.service, None
    async with bench.following():
        await bench.clock.pass_time(5)
        assert not bench.ended
        bench.service = service
        await bench.clock.pass_time(5)
    assert bench.texts == ["hello"]
    assert bench.notices == []


async def test_closing_stops_everything() -> None:
    log = ServerLog()
    log.write((1, "hello"))
    bench = Bench(log)
    before = asyncio.all_tasks()
    follower = LogFollower(lambda _: bench.session, lambda _: bench.service, bench.clock)
    iterator = follower.follow(KEY)
    reading = asyncio.ensure_future(anext(iterator))
    await bench.clock.pass_time(3)
    assert await reading
    await iterator.aclose()
    assert asyncio.all_tasks() == before


async def test_a_reader_that_does_not_read_stops_the_asking() -> None:
    log = ServerLog()
    bench = Bench(log)
    follower = LogFollower(lambda _: bench.session, lambda _: bench.service, bench.clock)
    iterator = follower.follow(KEY)
    log.write((1, "first"))
    reading = asyncio.ensure_future(anext(iterator))
    await bench.clock.pass_time(3)
    await reading
    for n in range(100):
        log.write((bench.stamp(), str(n)))
        await bench.clock.pass_time(1)
    asked = len(bench.session.asked)
    assert asked < 30
    await iterator.aclose()


async def test_a_defect_is_not_hidden() -> None:
    log = ServerLog()
    bench = Bench(log)
    log.before_each_call = lambda: 1 / 0  # type: ignore[assignment, return-value]
    with pytest.raises(ZeroDivisionError):
        async with bench.following():
            await bench.clock.pass_time(5)


async def test_a_stale_row_with_another_status_does_not_matter() -> None:
    log = ServerLog()
    log.write((1, "hello"))
    bench = Bench(log)
    assert bench.service is not None
    bench.service = replace(bench.service, error=SnowflakeUnreachableError("old"))
    async with bench.following():
        await bench.clock.pass_time(3)
    assert bench.texts == ["hello"]
