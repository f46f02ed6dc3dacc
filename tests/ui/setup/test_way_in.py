"""The dashboard leads to the set-up, above all where nothing is set up."""

from __future__ import annotations

from spcs_worker_tui.domain.errors import NothingSavedError
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.wishes import CreateWorkPool
from spcs_worker_tui.ui.changing import ChangeRun, simple
from support.console import NOW, ScriptedConsole, demo
from support.plans_by_hand import plan_for
from support.screen import fleet_app, opened, shows, until


async def test_without_a_saved_connection_it_is_offered() -> None:
    async def refuse() -> ScriptedConsole:
        raise NothingSavedError("there is no saved Snowflake connection")

    app = fleet_app(ScriptedConsole())
    app.link._open_console = refuse
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: shows(app, "n set up"))
        await pilot.press("n")
        await until(pilot, lambda: app.wants_set_up)
    assert not app.return_code


async def test_a_change_under_way_is_not_stopped_for_it() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        wish = CreateWorkPool(WorkPoolKey("http://p/api", "spcs"))
        pilot.app.runs.append(ChangeRun(simple("Set up", wish), plan_for(wish), began=NOW))
        await pilot.press("n")
        await until(pilot, lambda: shows(pilot.app, "A change is under way: wait for its end"))
        assert not pilot.app.wants_set_up
