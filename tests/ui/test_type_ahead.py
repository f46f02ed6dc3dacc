"""Keys that come in one read mean what they would mean one by one."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from spcs_worker_tui.ui.widgets.fleet_table import FleetTable
from support.console import ScriptedConsole, demo
from support.screen import burst, opened, shows, until


async def test_a_filter_typed_in_one_burst_takes_every_character() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        burst(pilot, "/conn:dev !zqdlwy REPORTS\r")
        await until(pilot, lambda: pilot.app.screen.query_one(Input).value)
        await until(pilot, lambda: pilot.app.focused.id == "table")
        assert pilot.app.screen.query_one(Input).value == "conn:dev !zqdlwy REPORTS"
        assert pilot.app.selected.name == "REPORTS"
        assert shows(pilot.app, "1 of 6")
        assert not console.wishes
        assert pilot.app.is_running


async def test_what_follows_the_filter_is_for_the_row_that_it_found() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        burst(pilot, "/service:crash\rw")
        await until(pilot, lambda: shows(pilot.app, "Rule 9"))
        assert pilot.app.selected.name == "CRASHING"


async def test_a_slash_and_a_paste_in_one_read() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        burst(pilot, "/\x1b[200~conn:prod\x1b[201~\r")
        await until(pilot, lambda: shows(pilot.app, "3 of 6"))
        await until(pilot, lambda: pilot.app.focused.id == "table")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("sn", "SERVICE ▾"),
        ("snS", "SERVICE ▴"),
        ("jw3", "auto_suspend_secs"),
        ("jl\x1bS", "by verdict reversed"),
        ("?q!", "3 of 6  problems only"),
        ("z\x1bS", "by verdict reversed"),
        ("/no such\r\x1bS", "by verdict reversed"),
        ("2 f1!", "following"),
    ],
)
async def test_keys_in_one_burst_are_answered_in_order(typed: str, shown: str) -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        burst(pilot, typed)
        await until(pilot, lambda: shows(pilot.app, shown))


async def test_a_burst_moves_the_cursor_as_often_as_it_says() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        table = pilot.app.screen.query_one(FleetTable)
        before = table._index
        burst(pilot, "jjjjk")
        await until(pilot, lambda: table._index == before + 3)


async def test_escape_and_q_in_one_read_are_two_keys() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        burst(pilot, "/conn:prod\r")
        await until(pilot, lambda: shows(pilot.app, "3 of 6"))
        burst(pilot, "\x1bq")
        await until(pilot, lambda: pilot.app._exit)
        assert pilot.app.screen.query_one(Input).value == ""


async def test_a_key_whose_widget_disappears_does_not_hold_the_others_for_ever() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        app = pilot.app
        app._type_ahead._go_through = lambda *_: None
        burst(pilot, "j!")
        await until(pilot, lambda: shows(app, "problems only"))
