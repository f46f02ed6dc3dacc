"""The fleet screen behaves: nothing moves by itself, nothing is sent without a question."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest
from textual.widgets import Input

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    PrefectUnreachableError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import ConnectionState, ServiceKey
from spcs_worker_tui.domain.verdict import Health, JudgedFleet
from spcs_worker_tui.ui.rows import ConnectionKey
from spcs_worker_tui.ui.widgets.fleet_table import FleetTable
from support import fleet as build
from support.console import NOW, ScriptedConsole, big, demo, verdict
from support.screen import fleet_app, opened, ready, seen, select, shows, until


def without(judged: JudgedFleet, name: str) -> JudgedFleet:
    connections = tuple(
        dataclasses.replace(c, services=tuple(s for s in c.services if s.key.name != name))
        for c in judged.snapshot.connections
    )
    snapshot = dataclasses.replace(judged.snapshot, connections=connections)
    verdicts = {key: v for key, v in judged.verdicts.items() if key.name != name}
    return JudgedFleet(snapshot, verdicts)


def rejudged(judged: JudgedFleet, name: str, health: Health) -> JudgedFleet:
    verdicts = dict(judged.verdicts)
    for key, old in judged.verdicts.items():
        if key.name == name:
            verdicts[key] = dataclasses.replace(old, health=health)
    return JudgedFleet(judged.snapshot, verdicts)


def cursor_line(app) -> str:
    table = app.screen.query_one(FleetTable)
    return seen(app)[table.region.y + 1 + table._index - table.scroll_offset.y]


async def test_the_worst_service_is_selected_first() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        assert pilot.app.selected.name == "NIGHTLY"
        assert shows(pilot.app, "Suspended while 2 runs wait")
        assert shows(pilot.app, "Press z to resume it")


async def test_the_cursor_stays_on_its_row_when_the_order_changes() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        console.show(rejudged(demo(), "INGEST", Health.BROKEN))
        await until(pilot, lambda: shows(pilot.app, "4 broken"))
        assert pilot.app.selected.name == "INGEST"
        assert "INGEST" in cursor_line(pilot.app)
        console.show(rejudged(demo(), "CRASHING", Health.HEALTHY))
        await until(pilot, lambda: shows(pilot.app, "2 broken"))
        assert "INGEST" in cursor_line(pilot.app)


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    console = ScriptedConsole(big(300))
    async with opened(console) as pilot:
        await pilot.press("pagedown", "pagedown", "pagedown")
        held = pilot.app.selected
        line = seen(pilot.app).index(cursor_line(pilot.app))
        for gone in ("WORKER_0000", "WORKER_0007", "WORKER_0113"):
            console.show(without(big(300), gone))
            await until(pilot, lambda: shows(pilot.app, "Services 299"))
            assert pilot.app.selected == held
            assert held.name in cursor_line(pilot.app)
        console.show(big(320))
        await until(pilot, lambda: shows(pilot.app, "Services 320"))
        assert held.name in cursor_line(pilot.app)
        assert seen(pilot.app).index(cursor_line(pilot.app)) == line


async def test_a_dropped_service_leaves_a_sentence_and_no_victim() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await select(pilot, "CRASHING")
        console.show(without(demo(), "CRASHING"))
        await until(pilot, lambda: shows(pilot.app, "CRASHING on prod is gone"))
        assert pilot.app.selected.name == "CRASHING"
        await pilot.press("z", "w", "enter")
        await pilot.pause()
        assert not console.wishes
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen.query(FleetTable))
        await pilot.press("j")
        await until(pilot, lambda: pilot.app.selected.name == "PULLING")


async def test_what_the_cursor_rests_on_is_watched_and_followed() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("j", "j", "j")
        await until(pilot, lambda: console.selected and console.selected[-1].name == "INGEST")
        assert len(console.selected) <= 3, "rows that were only passed are not asked for"
        await until(pilot, lambda: shows(pilot.app, "Log INGEST"))


async def test_filter_while_typing_and_esc_clears() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("slash", *"conn:prod")
        await until(pilot, lambda: shows(pilot.app, "3 of 6"))
        assert shows(pilot.app, "filter conn:prod")
        assert not shows(pilot.app, "REPORTS")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.focused.id == "table")
        assert pilot.app.selected.connection == "prod"
        console.show(demo())
        await pilot.pause()
        assert shows(pilot.app, "3 of 6"), "a refresh does not forget the filter"
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot.app, "REPORTS"))
        assert shows(pilot.app, "Services 6")


async def test_a_filter_that_makes_no_sense_says_so() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("slash", *"colour:red")
        await until(pilot, lambda: shows(pilot.app, "there is no column 'colour'"))


async def test_letters_in_the_filter_are_letters() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("slash", *"zqw!s")
        await pilot.pause()
        assert pilot.app.screen.query_one(Input).value == "zqw!s"
        assert not console.wishes
        assert shows(pilot.app, "No row matches.")


async def test_problems_only() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: shows(pilot.app, "3 of 6  problems only"))
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: shows(pilot.app, "Services 6"))


async def test_sort_survives_a_refresh_and_shows_its_arrow() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("s", "n")
        await until(pilot, lambda: shows(pilot.app, "SERVICE ▾"))
        order = ["API", "CRASHING", "INGEST", "NIGHTLY", "PULLING", "REPORTS"]
        assert [r.key.name for r in pilot.app.screen.query_one(FleetTable).rows[1:]] == order
        console.show(demo())
        await pilot.pause()
        await pilot.press("S")
        await until(pilot, lambda: shows(pilot.app, "SERVICE ▴"))
        rows = pilot.app.screen.query_one(FleetTable).rows[1:]
        assert [r.key.name for r in rows] == order[::-1]


async def test_a_click_on_a_title_sorts_and_one_on_a_row_selects() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        table = pilot.app.screen.query_one(FleetTable)
        titles = seen(pilot.app)[table.region.y]
        await pilot.click(FleetTable, offset=(titles.index("SERVICE"), 0))
        await until(pilot, lambda: shows(pilot.app, "by service"))
        await pilot.click(FleetTable, offset=(20, 2))
        await until(pilot, lambda: pilot.app.selected.name == "API")


async def test_pause_holds_the_picture_and_goes_on_with_the_newest() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("space")
        await until(pilot, lambda: shows(pilot.app, "PAUSED"))
        console.show(without(demo(), "API"))
        console.show(without(demo(), "INGEST"))
        await until(pilot, console.pictures.empty)
        await pilot.pause()
        assert shows(pilot.app, "Services 6")
        await pilot.press("space")
        await until(pilot, lambda: shows(pilot.app, "Services 5"))
        assert shows(pilot.app, "API")
        assert not shows(pilot.app, "INGEST")


async def test_refresh_asks_the_console() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("r", "f5")
        assert console.refreshes == 2


async def test_sign_in_happens_only_when_asked_for_on_that_line() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        assert not console.signed_in
        await pilot.press("g")
        await until(pilot, lambda: pilot.app.selected == ConnectionKey("lab"))
        assert shows(pilot.app, "Press enter to sign in.")
        await pilot.press("enter")
        await until(pilot, lambda: console.signed_in == ["lab"])


async def test_an_image_that_is_behind_is_said_in_full() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await select(pilot, "REPORTS")
        await until(pilot, lambda: shows(pilot.app, "for 7 min"))
        assert any("for 7 min" in line and "image behind" in line for line in seen(pilot.app))
        assert shows(pilot.app, "1.4.0 was pushed again 10 min ago and is not rolled out")


@pytest.mark.parametrize("key", ["escape", "question_mark", "f1", "q"])
async def test_the_help_opens_once_and_every_key_for_it_closes_it(key: str) -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: shows(pilot.app, "What every key does"))
        assert "Help" not in seen(pilot.app)[-1]
        await pilot.press(key)
        await until(pilot, lambda: shows(pilot.app, "SERVICE"))
        assert pilot.app.is_running


async def test_panes_that_are_empty_say_why() -> None:
    console = ScriptedConsole(demo(), log=())
    async with opened(console) as pilot:
        assert shows(pilot.app, "Asking for the log of NIGHTLY.")
        await pilot.press("g")
        await until(pilot, lambda: shows(pilot.app, "Move to a service to see its log."))
        assert shows(pilot.app, "Move to a service to see its workers.")


async def test_the_name_is_copied() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("c")
        assert pilot.app.clipboard == "ANALYTICS.PREFECT.NIGHTLY"


async def test_one_ctrl_c_does_not_quit_and_two_do() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert pilot.app.is_running
        assert any("once more" in toast.message for toast in pilot.app._notifications)
        await pilot.press("ctrl+c")
        await pilot.pause()
        assert pilot.app._exit


async def test_q_quits_and_closes_the_console() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("q")
    assert console.is_closed


async def test_q_does_not_quit_elsewhere() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("enter", "q")
        await pilot.pause()
        assert not pilot.app._exit


async def test_panes_by_number_and_tab() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        for key, focused in (("2", "log"), ("3", "workers"), ("1", "table"), ("tab", "log")):
            await pilot.press(key)
            assert pilot.app.focused.id == focused


async def test_no_connections_is_a_friendly_state() -> None:
    console = ScriptedConsole(JudgedFleet(build.fleet(work_pools=[])))
    async with opened(console) as pilot:
        assert shows(pilot.app, "No saved Snowflake connection was found")
        assert shows(pilot.app, "spcs-worker-tui --sandbox")
        console.show(demo())
        await until(pilot, lambda: shows(pilot.app, "NIGHTLY"))
        assert pilot.app.focused.id == "table"


async def test_no_services_says_which_role_sees_none() -> None:
    console = ScriptedConsole(JudgedFleet(build.fleet(connections=[build.connection("dev")])))
    async with opened(console) as pilot:
        assert shows(pilot.app, "No service is visible to OPERATOR on dev.")


async def test_connecting_is_said() -> None:
    opening = build.connection("dev", state=ConnectionState.CONNECTING)
    console = ScriptedConsole(JudgedFleet(build.fleet(connections=[opening])))
    async with opened(console) as pilot:
        assert shows(pilot.app, "Connecting to dev.")


async def test_a_console_that_cannot_be_opened_leaves_one_clear_panel() -> None:
    attempts = []
    console = ScriptedConsole(demo())

    async def refuse():
        attempts.append(1)
        if len(attempts) == 1:
            raise ConfigurationError("connections.toml, line 3: no value", next_step="Mend line 3.")
        return console

    app = fleet_app(console)
    app.link._open_console = refuse
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await until(pilot, lambda: shows(app, "connections.toml, line 3: no value"))
        assert shows(app, "Mend line 3.")
        assert not shows(app, "Traceback")
        await pilot.press("r")
        await until(pilot, lambda: shows(app, "NIGHTLY"))


@pytest.mark.parametrize("error", [ImportError("No module named 'x'"), PermissionError("denied")])
async def test_a_missing_part_is_a_panel_too(error: Exception) -> None:
    async def refuse():
        raise error

    app = fleet_app(ScriptedConsole())
    app.link._open_console = refuse
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: shows(app, str(error)))


async def test_refreshing_while_the_console_is_being_opened_does_not_open_two() -> None:
    console = ScriptedConsole(demo())
    opened_times = []
    gate = asyncio.Event()

    async def slow():
        opened_times.append(1)
        await gate.wait()
        return console

    app = fleet_app(console)
    app.link._open_console = slow
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: opened_times)
        assert shows(app, "Starting")
        await pilot.press("r", "r")
        gate.set()
        await until(pilot, lambda: shows(app, "NIGHTLY"))
    assert len(opened_times) == 1


async def test_a_bug_in_background_work_is_shown_and_ends_nothing_else() -> None:
    console = ScriptedConsole(demo())

    async def broken(key):
        raise TypeError("[/x] unexpected")

    console.plan = broken
    async with opened(console) as pilot:
        await pilot.press("z")
        await until(pilot, lambda: pilot.app._notifications)
        (toast,) = pilot.app._notifications
        assert toast.title == "A bug of the dashboard"
        assert toast.message == "TypeError: [/x] unexpected"
        console.show(without(demo(), "API"))
        await until(pilot, lambda: shows(pilot.app, "Services 5"))


async def test_r_watches_again_after_watching_stopped() -> None:
    console = ScriptedConsole(demo(), SnowflakeUnreachableError("The network is gone"))
    async with opened(console) as pilot:
        await until(pilot, lambda: pilot.app._notifications)
        console.show(without(demo(), "API"))
        await pilot.press("r")
        await until(pilot, lambda: shows(pilot.app, "Services 5"))


async def test_watching_that_stops_says_so_and_keeps_the_picture() -> None:
    console = ScriptedConsole(demo(), SnowflakeUnreachableError("The network is gone"))
    async with opened(console) as pilot:
        await until(pilot, lambda: pilot.app._notifications)
        assert shows(pilot.app, "NIGHTLY")


async def test_an_unreachable_connection_is_a_line_and_its_rows_are_old() -> None:
    error = SnowflakeUnreachableError("prod does not answer", next_step="Trying again in 8 s.")
    lost = build.connection(
        "prod",
        [build.service("FAR", connection="prod", seen=300)],
        state=ConnectionState.UNREACHABLE,
        error=error,
        observed_at=build.ago(300),
    )
    judged = JudgedFleet(build.fleet(build.service("NEAR"), connections=[lost]))
    async with opened(ScriptedConsole(judged)) as pilot:
        assert shows(pilot.app, "✗ unreachable  prod  prod does not answer")
        assert shows(pilot.app, "Trying again in 8 s.")
        assert any("FAR" in line and "5m" in line for line in seen(pilot.app))


async def test_prefect_that_never_answered_says_so_in_the_workers_pane() -> None:
    service = build.service()
    snapshot = build.fleet(
        service,
        work_pools_seen=None,
        work_pools_error=PrefectUnreachableError(
            "The Prefect server is starting", next_step="Wait a few seconds."
        ),
    )
    judged = JudgedFleet(snapshot, {service.key: verdict()})
    async with opened(ScriptedConsole(judged)) as pilot:
        assert shows(pilot.app, "Prefect at 127.0.0.1:4200: The Prefect server")
        assert shows(pilot.app, "Wait a few seconds.")
        assert shows(pilot.app, "unreachable")


async def test_ages_tick_without_a_new_picture() -> None:
    moment = [NOW]
    async with opened(ScriptedConsole(demo()), now=lambda: moment[0]) as pilot:
        await select(pilot, "INGEST")
        assert any("INGEST" in line and " 12s " in line for line in seen(pilot.app))
        moment[0] = NOW + timedelta(seconds=3)
        await until(
            pilot, lambda: any("INGEST" in line and " 15s " in line for line in seen(pilot.app))
        )
        assert any("ingest.0" in line and " 15s " in line for line in seen(pilot.app))


async def test_which_workers_are_this_services() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await select(pilot, "REPORTS")
        await until(pilot, lambda: shows(pilot.app, "Workers reports"))
        assert sum("▌" in line for line in seen(pilot.app)) == 2


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60), (40, 12)])
async def test_every_size_draws_to_its_edges(size: tuple[int, int]) -> None:
    async with opened(ScriptedConsole(demo()), size=size) as pilot:
        lines = seen(pilot.app)
        assert len(lines) == size[1]
        assert {len(line) for line in lines} == {size[0]}
        assert "Help" in lines[-1]


async def test_service_pages_and_back() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await select(pilot, "CRASHING")
        await pilot.press("w")
        await until(pilot, lambda: shows(pilot.app, "Rule 9"))
        for key, text in (("d", "compute pool"), ("y", "spec digest"), ("1", "Containers")):
            await pilot.press(key)
            await until(pilot, lambda text=text: shows(pilot.app, text))
        await pilot.press("full_stop")
        await until(pilot, lambda: shows(pilot.app, "Rule 9"))
        await pilot.press("c")
        assert "Restart loop: 7 restarts" in pilot.app.clipboard
        await pilot.press("l")
        await until(pilot, lambda: shows(pilot.app, "Connection to warehouse LOAD_WH"))
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot.app, "SERVICE"))
        assert pilot.app.selected == ServiceKey("prod", "ANALYTICS", "PREFECT", "CRASHING")
