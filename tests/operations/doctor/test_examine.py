"""Looks run side by side, each within its time, and nobody waits for the slowest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from spcs_worker_tui.domain.doctor import Area, Check, Finding, Outcome
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.operations.doctor import Look, examine
from spcs_worker_tui.operations.doctor.examine import AT_ONCE

ONE = Check("one", "One is well", Area.ACCOUNT)
TWO = Check("two", "Two is well", Area.ACCOUNT)

Results = AsyncGenerator[Finding | Look, None]


def well(check: Check, subject: str = "x") -> Finding:
    return Finding(check, subject, Outcome.OK, "is well")


async def quick() -> Results:
    yield well(ONE)
    yield well(TWO)


async def for_ever() -> Results:
    yield well(ONE)
    await asyncio.Event().wait()


async def found(*looks: Look) -> list[Finding]:
    async with asyncio.timeout(10), aclosing(examine(looks)) as findings:
        return [finding async for finding in findings]


async def test_nothing_to_look_at_finds_nothing() -> None:
    assert await found() == []


async def test_every_finding_of_every_look_comes() -> None:
    assert len(await found(Look((ONE, TWO), "a", quick), Look((ONE, TWO), "b", quick))) == 4


async def test_a_finding_comes_before_the_slowest_look_has_ended() -> None:
    looks = [Look((ONE, TWO), "slow", for_ever, 60), Look((ONE, TWO), "quick", quick)]

    async with asyncio.timeout(10), aclosing(examine(looks)) as findings:
        first = [await anext(findings) for _ in range(3)]

    assert {finding.check.id for finding in first} == {"one", "two"}


async def test_what_takes_too_long_is_unknown_and_what_it_had_found_is_kept() -> None:
    first, late = await found(Look((ONE, TWO), "slow", for_ever, 0.01, connection="dev"))

    assert first == well(ONE)
    assert (late.check, late.outcome) == (TWO, Outcome.UNKNOWN)
    assert late.text == "it was not seen within 0.01 s"
    assert late.connection == "dev"


async def test_a_failure_is_unknown_with_its_next_step() -> None:
    async def fails() -> Results:
        yield well(ONE)
        raise FleetError("it is not there", next_step="Make it.")

    first, failed = await found(Look((ONE, TWO), "x", fails))

    assert first == well(ONE)
    assert (failed.check, failed.outcome) == (TWO, Outcome.UNKNOWN)
    assert failed.text == "it is not there"
    assert failed.cure is not None
    assert failed.cure.words == "Make it."


async def test_looks_that_a_look_gives_run_beside_it() -> None:
    gate = asyncio.Event()

    async def opens() -> Results:
        gate.set()
        yield well(TWO)

    async def waits() -> Results:
        yield Look((TWO,), "inner", opens)
        await gate.wait()
        yield well(ONE)

    assert {one.check for one in await found(Look((ONE,), "outer", waits))} == {ONE, TWO}


async def test_the_time_of_a_look_is_not_that_of_those_that_it_gives() -> None:
    async def later() -> Results:
        await asyncio.sleep(0.05)
        yield well(TWO)

    async def gives() -> Results:
        yield Look((TWO,), "inner", later)

    (finding,) = await found(Look((ONE,), "outer", gives, 0.01))

    assert finding == well(TWO)


async def test_a_defect_is_not_hidden() -> None:
    async def breaks() -> Results:
        yield well(ONE)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await found(Look((ONE,), "x", breaks), Look((ONE,), "y", for_ever, 60))


async def test_whoever_stops_listening_ends_what_still_runs() -> None:
    ended = asyncio.Event()

    async def waits() -> Results:
        try:
            yield well(ONE)
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with asyncio.timeout(10), aclosing(examine([Look((ONE,), "x", waits, 60)])) as findings:
        await anext(findings)

    assert ended.is_set()


async def test_a_crowd_on_one_connection_is_let_through_in_turns() -> None:
    inside = most = 0

    async def looks() -> Results:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.02)
        inside -= 1
        yield well(ONE)

    crowd = [Look((ONE,), str(n), looks, 0.3, connection="dev") for n in range(5 * AT_ONCE)]
    findings = await found(*crowd)

    assert most == AT_ONCE
    assert {finding.outcome for finding in findings} == {Outcome.OK}


async def test_a_crowd_on_one_connection_does_not_delay_another() -> None:
    crowd = [Look((ONE, TWO), "slow", for_ever, 60, connection="dead") for _ in range(2 * AT_ONCE)]
    other = Look((ONE, TWO), "quick", quick, connection="dev")

    async with asyncio.timeout(10), aclosing(examine([*crowd, other])) as findings:
        async for finding in findings:
            if finding.check is TWO:
                break
