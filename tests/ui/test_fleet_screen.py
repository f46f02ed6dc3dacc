"""The fleet screen behaves: nothing moves by itself, nothing is sent without a question."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from spcs_worker_tui.domain.verdict import Health
from spcs_worker_tui.ui.rows import ConnectionKey
from spcs_worker_tui.ui.widgets.fleet_table import FleetTable
from support.console import ScriptedConsole, big, demo
from support.pictures import rejudged, without
from support.screen import burst, opened, seen, select, shows, until


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
        await until(pilot, lambda: console.selected)
        burst(pilot, "jjj")
        await until(pilot, lambda: console.selected[-1].name == "INGEST")
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
