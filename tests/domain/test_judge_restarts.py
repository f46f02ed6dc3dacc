"""Restarts, at the first look and from look to look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from spcs_worker_tui.domain.fleet import (
    Observation,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.verdict import Verdict
from support.fleet import (
    connection,
    container,
    fleet,
    instance,
    service,
    work_pool,
    worker,
)
from support.judging import at, one, restarted


@pytest.mark.parametrize(
    ("of", "rule"),
    [
        (restarted(1, 120), 29),
        (restarted(1, 700), 32),  # longer ago than the window
        (restarted(50, 120, made=86400 * 30), 29),  # once in a while for a month
        (restarted(3, 60, made=300), 9),
        (restarted(10, 60, made=1200), 9),
        (restarted(2, 60, made=300), 29),
    ],
)
def test_a_first_look_at_restarts(of: ServiceSnapshot, rule: int) -> None:
    """`--check` looks once; a loop must not hide from it."""
    assert one(of).rule == rule


class Watched:
    """One service, looked at again and again, with a worker that keeps beating."""

    def __init__(self) -> None:
        self.judge = Judge()

    def look(self, seconds: float, *rows: Any, **fields: Any) -> Verdict:
        now = at(seconds)
        own = service(containers=rows or (container(age=9e4),), instances=[instance(age=9e4)])
        own = replace(own, containers=Observation(own.containers.value, now), **fields)
        pool = work_pool(workers=[worker(age=5 - seconds)])
        dev = connection("dev", [own], observed_at=now)
        snapshot = fleet(own, work_pools=[pool], work_pools_seen=0, connections=[dev], now=now)
        return next(iter(self.judge.judge(snapshot, now).verdicts.values()))


def lived(start: float, count: int, **fields: Any) -> Any:
    return container(start_time=at(start), restart_count=count, **fields)


def test_three_restarts_in_ten_minutes_are_a_loop_until_ten_minutes_are_over() -> None:
    watched = Watched()
    assert watched.look(0).rule == 32
    for number, second in enumerate((100, 300, 500), start=1):
        verdict = watched.look(second, lived(second, number, last_restart_time=at(second)))
    assert verdict.rule == 9
    assert verdict.reason.startswith("Restart loop: 3 restarts in 10 min")
    last = lived(500, 3, last_restart_time=at(500))
    assert watched.look(690, last).rule == 9
    watched.look(701, last)
    assert watched.look(702, last).rule == 29
    watched.look(1101, last)
    assert watched.look(1102, last).rule == 32


def test_two_short_lives_are_a_loop() -> None:
    watched = Watched()
    watched.look(0, lived(0, 0))
    assert watched.look(40, lived(30, 1, last_restart_time=at(30))).rule == 29
    verdict = watched.look(90, lived(80, 2, last_restart_time=at(80)))
    assert verdict.rule == 9
    # The third life lasts.
    steady = lived(80, 2, last_restart_time=at(80))
    watched.look(201, steady)
    assert watched.look(202, steady).rule == 29


def test_a_long_life_between_two_restarts_is_no_loop() -> None:
    watched = Watched()
    watched.look(0, lived(0, 0))
    watched.look(40, lived(30, 1, last_restart_time=at(30)))
    assert watched.look(260, lived(250, 2, last_restart_time=at(250))).rule == 29


def test_a_new_container_starts_counting_anew() -> None:
    watched = Watched()
    watched.look(0, lived(-9e4, 7, last_restart_time=at(-8e4)))
    assert watched.look(10, lived(5, 0)).rule == 32
