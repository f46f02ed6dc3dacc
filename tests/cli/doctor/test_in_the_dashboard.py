"""The dashboard's console looks and mends as the command does, with its own sessions."""

from __future__ import annotations

import stat
from typing import Any

from spcs_worker_tui.domain.doctor import MakePrivate, Outcome
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from support.doctoring import findings


async def test_it_finds_the_same_and_mends_through_a_plan(home: Any) -> None:
    await home.create("WORKER")
    file = home.program.home / "connections.toml"
    file.chmod(0o644)
    told = {(one.check.id, one.subject, one.outcome) for one in await findings()}
    console = await open_console(["dev"], make_doctor=make_doctor)
    try:
        found = [finding async for finding in console.examine()]
        assert {(one.check.id, one.subject, one.outcome) for one in found} == told
        (fix,) = [one.fix for one in found if isinstance(one.fix, MakePrivate)]
        plan = await console.plan(fix)
        states = [event.state async for event in console.apply(plan)]
        assert states[-1] is StepState.DONE
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        again = [finding async for finding in console.examine()]
        (private,) = [one for one in again if one.check.id == "connections-permissions"]
        assert private.outcome is Outcome.OK
    finally:
        await console.close()
