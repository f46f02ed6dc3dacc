from __future__ import annotations

import asyncio

import pytest

from spcs_worker_tui.operations.watch.images import repositories
from spcs_worker_tui.operations.watch.latest import Latest
from spcs_worker_tui.operations.watch.pace import Backoff, Pause
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import container, service
from support.scripted import settle


def test_back_off_doubles_up_to_the_slowest_and_starts_over() -> None:
    backoff = Backoff(5, 60, chance=lambda: 0.5)
    assert [backoff.failed() for _ in range(6)] == [5, 10, 20, 40, 60, 60]
    backoff.succeeded()
    assert backoff.failed() == 5


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 4.0), (0.999999, 6.0)])
def test_jitter_is_a_fifth_either_way(chance: float, wait: float) -> None:
    assert Backoff(5, 60, chance=lambda: chance).failed() == pytest.approx(wait, abs=1e-3)


def test_back_off_for_days_does_not_overflow() -> None:
    backoff = Backoff(5, 60)
    assert max(backoff.failed() for _ in range(5000)) <= 72


async def test_a_pause_ends_by_time_or_early() -> None:
    clock = ManualClock()
    pause = Pause(clock)
    waiting = asyncio.create_task(pause.wait(10))
    await clock.advance(10)
    assert await waiting is False
    waiting = asyncio.create_task(pause.wait(10))
    await settle()
    pause.end()
    assert await waiting is True
    waiting = asyncio.create_task(pause.wait(None))
    await clock.advance(1000)
    assert not waiting.done()
    pause.end()
    assert await waiting is True


async def test_a_pause_remembers_an_end_that_came_before_it() -> None:
    pause = Pause(ManualClock())
    pause.end()
    assert await pause.wait(1000) is True
    pause.end()
    pause.forget()
    waiting = asyncio.create_task(pause.wait(None))
    await settle()
    assert not waiting.done()
    waiting.cancel()


async def test_a_cancelled_pause_leaves_no_task() -> None:
    waiting = asyncio.create_task(Pause(ManualClock()).wait(10))
    await settle()
    waiting.cancel()
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_latest_skips_what_a_slow_reader_missed() -> None:
    latest = Latest(0)
    reader = latest.follow()
    assert await anext(reader) == 0
    for number in (1, 2, 3):
        latest.publish(number)
    assert await anext(reader) == 3
    waiting = asyncio.ensure_future(anext(reader))
    await settle()
    assert not waiting.done()
    latest.publish(4)
    assert await waiting == 4
    latest.publish(5)
    latest.close()
    assert [value async for value in reader] == [5]


async def test_latest_wakes_all_readers_with_a_failure() -> None:
    latest = Latest(0)
    readers = [latest.follow() for _ in range(3)]
    assert [await anext(reader) for reader in readers] == [0, 0, 0]
    waiting = [asyncio.ensure_future(anext(reader)) for reader in readers]
    await settle()
    latest.close(ZeroDivisionError())
    for each in waiting:
        with pytest.raises(ZeroDivisionError):
            await each


def test_repositories_once_each_in_lower_case() -> None:
    names = [
        "org-acct.registry.snowflakecomputing.com/DB/Sch/Repo/worker:1",
        "/db/sch/repo/other@sha256:00",
        "db/sch/second/a/b:latest",
        "nonsense",
        "",
    ]
    services = [service(containers=[container(image_name=name) for name in names])]
    assert list(repositories(services)) == ["db/sch/repo", "db/sch/second"]
