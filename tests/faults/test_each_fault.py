"""Each fault by itself: what is said of it within two refreshes, that nobody else suffers, and
that all is well again by itself when it is over.

Those that the program takes the same way as another are tried with SPCS_WORKER_TUI_FAULTS_ALL=1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest

from spcs_worker_tui.domain.verdict import Health
from support.fault_cases import TRIED, Case
from support.faults import (
    HARMED,
    OTHERS,
    SPARED,
    VICTIM,
    Bench,
    Watched,
    checked,
    loop_lag,
    watched,
)

RECOVERS = 60.0


async def said_within(fleet: Watched, case: Case) -> int:
    """Wait for the words; how many times a neighbour was refreshed before anything was said."""
    refreshes, before, is_alarmed = 0, fleet.connection(OTHERS[0]).observed_at, False

    def is_said(now: Watched) -> bool:
        nonlocal refreshes, before, is_alarmed
        is_alarmed = is_alarmed or not now.is_well(VICTIM)
        seen = now.connection(OTHERS[0]).observed_at
        if seen != before and not is_alarmed:
            refreshes, before = refreshes + 1, seen
        text = now.said()
        return case.screen in text and case.step in text

    await fleet.until(is_said)
    return refreshes


def spared(fleet: Watched, case: Case) -> bool:
    """Whether everybody else is as well as can be: there is one Prefect for all."""
    if case.at == "prefect":
        return all(map(fleet.is_fresh, OTHERS))
    mine = case.at != "worker" or fleet.verdicts()[SPARED].health is Health.HEALTHY
    return mine and all(map(fleet.is_well, OTHERS))


@pytest.mark.parametrize("case", TRIED, ids=lambda case: case.name)
async def test_it_is_said_by_itself_and_alone(bench: Bench, case: Case) -> None:
    try:
        async with watched(bench) as fleet:
            await see_through(bench, case, fleet)
    finally:
        bench.clear()
        if case.at == "worker":
            await bench.renew()


async def see_through(bench: Bench, case: Case, fleet: Watched) -> None:
    began = {name: fleet.connection(name).observed_at for name in OTHERS}
    async with loop_lag() as lag:
        bench.set(case.at, case.kind, **case.fields)
        refreshes = await said_within(fleet, case)
        print(f"{case.name} said after {refreshes}: {fleet.said()}")
        report, printed = await checked()
        print(printed)
        await fleet.until(lambda now: spared(now, case) and moved_on(now, began))
        bench.clear()
        await fleet.until(lambda now: is_over(now, case), within=RECOVERS)
        print(f"afterwards: {fleet.said()}; {lag}")
    assert refreshes <= case.refreshes
    healths = {case.health} if case.health else {Health.DEGRADED, Health.BROKEN}
    assert report.health in healths
    assert (case.screen if case.check is None else case.check) in printed
    assert lag.is_short, lag


def moved_on(fleet: Watched, began: Mapping[str, datetime | None]) -> bool:
    return all(fleet.connection(name).observed_at != at for name, at in began.items())


def is_over(fleet: Watched, case: Case) -> bool:
    if case.at == "worker":
        return fleet.is_up(HARMED) and case.after in fleet.said()
    return fleet.all_well()
