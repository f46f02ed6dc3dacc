"""Looks at Prefect: each API and each pool once, and with patience."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

import pytest

from spcs_worker_tui.domain.doctor import Finding, Outcome
from spcs_worker_tui.domain.errors import PrefectBusyError, PrefectError, PrefectUnreachableError
from spcs_worker_tui.domain.fleet import PrefectBinding
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.operations.doctor.examine import examine
from spcs_worker_tui.operations.doctor.prefect import PrefectLooks
from spcs_worker_tui.operations.doctor.session import AccountSession
from support.virtual_time import VirtualClock
from support.workloads import workload

API = "https://prefect.example.com/api"
NOBODY = cast("AccountSession", None)


class Leaping(VirtualClock):
    """Whoever sleeps has slept."""

    async def sleep(self, seconds: float) -> None:
        self.skip(seconds)


class Reader:
    """Answers after those errors; remembers what it was asked."""

    def __init__(self, *errors: PrefectError) -> None:
        self.errors = list(errors)
        self.asked: list[WorkPoolKey] = []

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        self.asked.append(key)
        if self.errors:
            raise self.errors.pop(0)
        return WorkPoolSnapshot(key, "process", "READY", server_version="3.8.8")


class Looks:
    """One examination of services that serve these pools."""

    def __init__(
        self, reader: Reader, *, counted: int | PrefectError | Callable[[datetime], int] = 0
    ) -> None:
        self.clock = Leaping()
        self.counted = counted
        self.before: list[datetime] = []
        self.looks = PrefectLooks(reader, self.overdue, self.clock)

    async def overdue(self, _: WorkPoolKey, before: datetime) -> int:
        self.before.append(before)
        if isinstance(self.counted, PrefectError):
            raise self.counted
        return self.counted(self.clock.now()) if callable(self.counted) else self.counted

    async def findings(self, *pools: str) -> list[Finding]:
        looks = []
        for pool in pools:
            bound = PrefectBinding(WorkPoolKey(API, pool), "worker")
            looks += list(self.looks(NOBODY, workload(binding=bound)))
        return [finding async for finding in examine(looks)]


async def test_one_answer_for_an_api_and_one_for_each_pool() -> None:
    reader = Reader()
    found = await Looks(reader).findings("a", "b", "a")
    assert sorted(key.name for key in reader.asked) == ["a", "b"]
    assert [one.check.id for one in found].count("prefect-key") == 1
    assert [one.check.id for one in found].count("work-pool") == 2


async def test_an_api_that_is_starting_is_asked_once_more() -> None:
    reader = Reader(PrefectBusyError("it is starting (503)", retry_after=2))
    looks = Looks(reader)
    began = looks.clock.now()
    found = await looks.findings("a")
    assert {one.check.id: one.outcome for one in found}["prefect-reachable"] is Outcome.OK
    assert len(reader.asked) == 2
    assert looks.clock.now() - began == timedelta(seconds=2)


@pytest.mark.parametrize(
    "errors",
    [
        (PrefectBusyError("429", retry_after=60),),
        (PrefectBusyError("503", retry_after=1), PrefectBusyError("503", retry_after=1)),
    ],
)
async def test_an_api_that_stays_busy_is_unknown(errors: tuple[PrefectError, ...]) -> None:
    (finding,) = await Looks(Reader(*errors)).findings("a")
    assert (finding.check.id, finding.outcome) == ("prefect-reachable", Outcome.UNKNOWN)


async def test_what_cannot_be_counted_is_unknown_and_no_more() -> None:
    found = await Looks(Reader(), counted=PrefectUnreachableError("gone")).findings("a")
    unknown = [one.check.id for one in found if one.outcome is Outcome.UNKNOWN]
    assert unknown == ["prefect-services"]


@pytest.mark.parametrize(
    ("marked_after", "outcome", "waited"),
    [(10, Outcome.OK, 12), (29, Outcome.OK, 30), (60, Outcome.PROBLEM, 30)],
)
async def test_a_server_that_has_just_come_up_has_time_to_mark_runs(
    marked_after: int, outcome: Outcome, waited: int
) -> None:
    looks = Looks(Reader())
    began = looks.clock.now()
    looks.counted = lambda now: 3 if now - began < timedelta(seconds=marked_after) else 0
    found = await looks.findings("a")
    assert {one.check.id: one.outcome for one in found}["prefect-services"] is outcome
    assert looks.clock.now() - began == timedelta(seconds=waited)
    assert found[-1].check.id == "prefect-services", "the others are said before"


async def test_a_server_that_goes_away_meanwhile() -> None:
    reader = Reader()
    looks = Looks(reader, counted=3)

    def gone(_: datetime) -> int:
        reader.errors = [PrefectUnreachableError("gone")]
        return 3

    looks.counted = gone
    found = {one.check.id: one.outcome for one in await looks.findings("a")}
    assert found["prefect-services"] is Outcome.UNKNOWN
    assert found["work-pool"] is Outcome.OK


async def test_runs_are_overdue_by_the_servers_clock() -> None:
    looks = Looks(Reader())
    await looks.findings("a")
    assert looks.before == [looks.clock.now() - timedelta(seconds=60)]


async def test_a_service_that_is_no_worker_asks_nobody() -> None:
    reader = Reader()
    incomplete = PrefectBinding(WorkPoolKey("", "a"), "worker")
    looks = Looks(reader).looks
    assert not list(looks(NOBODY, workload(binding=None)))
    assert not list(looks(NOBODY, workload(binding=incomplete)))
