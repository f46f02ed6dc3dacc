"""An update that did not come up: its last words, and the offer to go back."""

from __future__ import annotations

import pytest
from textual.widgets import Button

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.plan import StepProgress, StepState
from spcs_worker_tui.domain.wishes import RollBack, Update
from spcs_worker_tui.ui.modals.plan import PlanModal
from spcs_worker_tui.ui.screens.environment import EnvironmentScreen
from support import fleet as build
from support.console import ScriptedConsole, demo
from support.screen import opened, seen, select, shows, until

INGEST = build.key("INGEST")
BACK = RollBack(INGEST, why="it did not come up")


def broken_update() -> ScriptedConsole:
    console = ScriptedConsole(demo())
    words = StepProgress(
        None, StepState.RUNNING, "KeyError: 'TABLE'", part="last words of worker/0"
    )
    console.said = {"wait": [words]}
    console.failing["wait"] = FleetError("it ended 3 times; its last words: KeyError: 'TABLE'")
    console.back = BACK
    return console


def button(pilot, name: str) -> Button:
    return pilot.app.screen.query_one(name, Button)


async def updated(pilot) -> None:
    await select(pilot, "INGEST")
    await pilot.press("u")
    await until(pilot, lambda: shows(pilot.app, "What its tags mean now"))
    await pilot.press("t")
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
    await until(pilot, lambda: pilot.app.focused is not None)
    assert not button(pilot, "#back").display
    await pilot.press("right", "enter")
    await until(pilot, lambda: shows(pilot.app, "it ended 3 times"))


async def test_it_is_offered_with_the_last_words_and_is_a_plan_of_its_own() -> None:
    console = broken_update()
    async with opened(console) as pilot:
        await updated(pilot)
        assert shows(pilot.app, "last words of worker/0: KeyError: 'TABLE'")
        await until(pilot, lambda: button(pilot, "#back").display)
        # Nothing by accident: who presses enter once more closes it.
        assert pilot.app.focused.id == "cancel"
        await pilot.press("right", "enter")
        await until(pilot, lambda: console.wishes == [Update(INGEST), BACK])
        await until(pilot, lambda: shows(pilot.app, "RollBack INGEST"))
        assert len(console.applied) == 1
        assert pilot.app.focused.id == "cancel"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_who_left_the_dialog_finds_it_again(size: tuple[int, int]) -> None:
    console = broken_update()
    async with opened(console, size=size) as pilot:
        await updated(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not pilot.app.screen.is_modal)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
        assert button(pilot, "#back").display


async def test_its_error_is_told_once_and_its_last_words_whole() -> None:
    console = broken_update()
    words = "KeyError: 'TABLE' " + "which is said at such length that it needs two lines " * 3
    said = StepProgress(None, StepState.RUNNING, f"{words}end", part="last words of worker/0")
    console.said = {"wait": [said]}
    async with opened(console) as pilot:
        await updated(pilot)
        await until(pilot, lambda: button(pilot, "#back").display)
        assert sum("it ended 3 times" in line for line in seen(pilot.app)) == 1
        assert shows(pilot.app, "two lines end")


async def test_the_list_of_variables_is_left_when_what_it_sent_did_not_come_up() -> None:
    console = broken_update()
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EnvironmentScreen))
        await pilot.press("d", "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
        await until(pilot, lambda: pilot.app.focused is not None)
        await pilot.press("right", "enter")
        await until(pilot, lambda: button(pilot, "#back").display)
        await pilot.press("right", "enter")
        await until(pilot, lambda: console.wishes[-1:] == [BACK])
        await until(pilot, lambda: shows(pilot.app, "RollBack INGEST"))
        assert not any(isinstance(s, EnvironmentScreen) for s in pilot.app.screen_stack)


async def test_what_has_no_way_back_offers_none() -> None:
    console = broken_update()
    console.back = None
    async with opened(console) as pilot:
        await updated(pilot)
        assert not button(pilot, "#back").display
