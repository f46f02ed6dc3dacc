"""`doctor` as the command uses it, in this process: what it finds, and its cures applied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import aclosing
from typing import Any

from spcs_worker_tui.domain.doctor import Area, Finding, Outcome
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.wiring.doctor import open_doctor

OF_SNOWFLAKE = (Area.CONNECTIONS, Area.ACCOUNT, Area.SERVICE)
"""What this machine and its Prefect are like is another matter."""


async def findings(*names: str, environment: str = "") -> list[Finding]:
    """Everything that an examination finds."""
    async with (
        open_doctor(names, environment=environment) as doctor,
        aclosing(doctor.examine()) as found,
    ):
        return [finding async for finding in found]


def wrong(
    found: Sequence[Finding], check: str = "", areas: Collection[Area] = OF_SNOWFLAKE
) -> list[Finding]:
    """What is not well, of one check or of all in these areas."""
    bad = [one for one in found if one.outcome is not Outcome.OK]
    if check:
        return [one for one in bad if one.check.id == check]
    return [one for one in bad if one.check.area in areas]


async def only(check: str, *names: str, environment: str = "") -> Finding:
    """The only thing that is wrong, of that check."""
    bad = wrong(await findings(*names, environment=environment))
    assert [one.check.id for one in bad] == [check], bad
    return bad[0]


async def apply_fix(finding: Finding) -> None:
    """Let the program mend it itself, as `--fix --yes` does."""
    assert finding.fix is not None, finding
    async with open_doctor() as doctor:
        change = await doctor.plan(finding.fix)
        assert not change.plan.is_empty
        async with aclosing(change.apply()) as events:
            failed = [one async for one in events if one.state is StepState.FAILED]
    assert not failed, failed


async def run_statements(lab: Any, finding: Finding, role: str = "ACCOUNTADMIN") -> None:
    """Have an administrator run what the cure says, in one account of a sandbox."""
    assert finding.cure is not None
    for statement in finding.cure.statements:
        await lab.sql(statement, role=role)
