"""The agenda: many things later, one sleeper."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.sandbox.clock import Agenda, ManualClock


@given(st.lists(st.integers(0, 50), max_size=30))
def test_everything_is_done_at_its_time(delays: list[int]) -> None:
    import asyncio

    async def scenario() -> None:
        clock, done = ManualClock(), []
        agenda, begin = Agenda(clock), clock.now()
        for delay in delays:
            due = begin + timedelta(seconds=delay)
            agenda.at(due, lambda: done.append((clock.now() - begin).total_seconds()))
        await clock.advance(60)
        assert done == sorted(delays)

    asyncio.run(scenario())


async def test_cancelled_and_closed() -> None:
    clock, done = ManualClock(), []
    agenda = Agenda(clock)
    first = agenda.at(clock.now() + timedelta(seconds=1), lambda: done.append(1))
    agenda.at(clock.now() + timedelta(seconds=2), lambda: done.append(2))
    agenda.at(clock.now() + timedelta(seconds=9), lambda: done.append(9))
    first.cancel()
    await clock.advance(5)
    agenda.close()
    await clock.advance(5)
    assert done == [2]


async def test_an_action_may_make_further_appointments_and_may_fail() -> None:
    clock, done = ManualClock(), []
    agenda, begin = Agenda(clock), clock.now()

    def again() -> None:
        done.append((clock.now() - begin).total_seconds())
        agenda.at(clock.now() + timedelta(seconds=2), again)
        raise RuntimeError("boom")

    agenda.at(begin, again)
    await clock.advance(5)
    assert done == [0, 2, 4]
