"""One registry of keys: ids, help, keymap, palette and docs/keys.md never drift apart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from spcs_worker_tui.ui.bindings import (
    CHOICE,
    ENVIRONMENT,
    PROJECT,
    SCOPES,
    SCROLL,
    WORK,
    Scope,
    keymap_problems,
    keys_page,
)
from spcs_worker_tui.ui.commands import commands
from support.console import ScriptedConsole, demo
from support.screen import opened, seen, shows, until

ROOT = Path(__file__).parents[2]
BINDINGS = [binding for scope in SCOPES for binding in scope.bindings]


def test_docs_are_current() -> None:
    page = (ROOT / "docs" / "keys.md").read_text()
    assert page == keys_page(), "run `python -m spcs_worker_tui.ui.bindings > docs/keys.md`"


@pytest.mark.parametrize("binding", BINDINGS, ids=lambda binding: f"{binding.id}-{binding.key}")
def test_every_binding_has_an_id_and_a_tooltip(binding) -> None:
    assert binding.id
    assert binding.tooltip


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.title)
def test_ids_and_keys_are_unique_in_their_scope(scope: Scope) -> None:
    assert max(Counter(binding.id for binding in scope.bindings).values()) == 1
    assert not keymap_problems({}, [scope])


@pytest.mark.parametrize("bindings", [ENVIRONMENT, WORK, PROJECT, CHOICE])
def test_no_key_of_a_list_moves_its_cursor(bindings) -> None:
    """The list has the focus, so what moves it would win."""
    moving = {key for binding in SCROLL for key in binding.key.split(",")}
    assert not moving & {key for binding in bindings for key in binding.key.split(",")}


def test_a_keymap_is_checked_before_it_is_used() -> None:
    assert not keymap_problems({"service.suspend": "ctrl+z"})
    assert "there is no action 'service.explode'" in keymap_problems({"service.explode": "x"})
    (problem,) = keymap_problems({"fleet.sort": "w"})
    assert "Fleet" in problem
    assert "'w'" in problem


async def test_a_keymap_moves_a_key_everywhere() -> None:
    console = ScriptedConsole(demo())
    async with opened(console, keymap={"fleet.sort": "o", "service.why": "W"}) as pilot:
        assert shows(pilot.app, " o Sort")
        await pilot.press("o")
        assert pilot.app.screen.__class__.__name__ == "SortMenu"
        await pilot.press("escape", "question_mark")
        await until(pilot, lambda: shows(pilot.app, "What every key does"))
        assert any(line.split()[:2] == ["W", "Why"] for line in seen(pilot.app))


async def test_a_bad_keymap_is_not_used_and_says_why() -> None:
    async with opened(ScriptedConsole(demo()), keymap={"nonsense": "o"}) as pilot:
        (toast,) = pilot.app._notifications
        assert "there is no action 'nonsense'" in toast.message
        assert shows(pilot.app, " s Sort")


MOVING = {"view.down", "view.up", "view.top", "view.bottom", "view.page-down", "view.page-up"}
MOVING |= {"view.left", "view.right"}


async def test_the_palette_offers_what_the_keys_do() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        screen = pilot.app.screen
        offered = {command.title for command in commands(screen)}
        active = [(b, enabled) for _, b, enabled, _ in screen.active_bindings.values() if b.id]
        ours = {b.tooltip for b, enabled in active if enabled and b.id not in MOVING}
        menus = {binding.tooltip for binding in (*WORK, *PROJECT)}
        assert offered == ours | menus
        assert len(offered) > 15


async def test_the_palette_asks_what_the_keys_ask() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("g")
        await until(pilot, lambda: pilot.app.selected.name == "lab")
        titles = {command.title for command in commands(pilot.app.screen)}
        assert not any("suspend it" in title for title in titles)


async def test_a_command_of_the_palette_does_what_its_key_does() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: pilot.app.screen.__class__.__name__ == "CommandPalette")
        await pilot.press(*"neither healthy")
        await until(pilot, lambda: shows(pilot.app, "neither healthy nor suspended"))
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot.app, "problems only"))


async def test_the_palette_goes_to_a_service() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: pilot.app.screen.__class__.__name__ == "CommandPalette")
        await pilot.press(*"go to reports")
        others = ["Go to API on prod", "Go to NIGHTLY on dev"]
        await until(
            pilot,
            lambda: (
                shows(pilot.app, "Go to REPORTS on dev")
                and not any(shows(pilot.app, other) for other in others)
            ),
        )
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.selected.name == "REPORTS")


async def test_the_key_bar_shows_only_what_works() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        bar = seen(pilot.app)[-1]
        assert "w Why" in bar
        assert bar.rstrip().endswith("? Help")
        await pilot.press("2")
        await until(pilot, lambda: "f Follow" in seen(pilot.app)[-1])
        assert "w Why" not in seen(pilot.app)[-1], "w wraps while the log has the focus"


async def test_a_click_on_a_key_is_that_key() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        x = seen(pilot.app)[-1].index("Sort")
        await pilot.click("KeyBar", offset=(x, 0))
        await until(pilot, lambda: pilot.app.screen.__class__.__name__ == "SortMenu")
