"""What an examination costs the account: each thing is asked once, and nothing is changed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from support.doctoring import findings, wrong
from support.patients import CREATE, SPEC, admit, suspend


async def test_an_examination_only_looks_and_asks_each_thing_once(ward: Any) -> None:
    await admit(ward)
    for name in ("SECOND", "THIRD"):
        statement = CREATE.format(spec=SPEC, integrations="PREFECT_ACCESS")
        await ward.lab.sql(statement.replace("D.S.WORKER", f"D.S.{name}"))
        await ward.reaches(name, "RUNNING")
        await suspend(ward, name)
    already = len(ward.sandbox.statements)

    assert not wrong(await findings())

    asked = ward.sandbox.statements[already:]
    assert {statement.split()[0] for statement in asked} == {"SHOW", "DESCRIBE"}
    twice = {statement for statement, count in Counter(asked).items() if count > 1}
    assert not twice
    about_services = [one for one in asked if " SERVICE D.S." in one]
    assert len(about_services) == 6
    assert len(asked) < 30


async def test_what_an_account_costs_does_not_grow_with_its_services(ward: Any) -> None:
    await admit(ward)

    async def cost() -> int:
        already = len(ward.sandbox.statements)
        await findings()
        return len(ward.sandbox.statements) - already

    one = await cost()
    await ward.lab.sql(
        CREATE.format(spec=SPEC, integrations="PREFECT_ACCESS").replace("D.S.WORKER", "D.S.OTHER")
    )
    await ward.reaches("OTHER", "RUNNING")
    await suspend(ward, "OTHER")

    assert await cost() - one == 2
