"""Driving the wizard in tests: a fixed clock, a scripted desk, no waiting for luck."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from spcs_worker_tui.ui.screens.setup.screen import SetupScreen
from spcs_worker_tui.ui.setup_app import SetupApp
from support.screen import seen, until
from support.setup_desk import NOW, ScriptedDesk

FROM_NOTHING = ("A Snowflake connection", "ACME-MAIN", "ADA", "swordfish")


def setup_app(desk: ScriptedDesk, **options: Any) -> SetupApp:
    """The wizard at `NOW` on that desk."""
    return SetupApp(desk.open, **({"now": lambda: NOW} | options))


def screen_of(pilot: Pilot[None]) -> SetupScreen:
    """The wizard's screen, whatever dialog is above it."""
    (screen,) = (s for s in pilot.app.screen_stack if isinstance(s, SetupScreen))
    return screen


def is_settled(app: Any) -> bool:
    """Whether nothing more will change by itself."""
    screens = [s for s in app.screen_stack if isinstance(s, SetupScreen)]
    if not screens or screens[0].page is None or app._type_ahead.is_answering:
        return False
    return not screens[0].is_busy and screens[0]._applying is None


async def settled(pilot: Pilot[None]) -> None:
    """Wait until a page is there and nothing is being checked."""
    await until(pilot, lambda: is_settled(pilot.app))
    await pilot.pause()


async def answer(pilot: Pilot[None], *keys: str) -> None:
    """Type those, and wait until that is dealt with."""
    for key in keys:
        await pilot.press(*(key if len(key) > 1 and key not in _NAMED else (key,)))
        await settled(pilot)


_NAMED = frozenset({
    "enter", "escape", "down", "up", "tab", "space", "left", "right", "f2", "f5", "ctrl+c",
    "pagedown", "pageup", "backspace", "end",
})  # fmt: skip


@asynccontextmanager
async def opened(
    desk: ScriptedDesk, *, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[Pilot[None]]:
    """The wizard with its first page."""
    async with setup_app(desk, **options).run_test(size=size, notifications=True) as pilot:
        await settled(pilot)
        yield pilot


def title(pilot: Pilot[None]) -> str:
    """What the page is called."""
    page = screen_of(pilot).page
    assert page is not None
    return page.title


async def go_to(pilot: Pilot[None], wanted: str) -> None:
    """From an empty home, with the answers that nobody has to think about, to that page."""
    ways = {
        "A Snowflake connection": ("ACME-MAIN", "enter", "ADA", "enter", "swordfish", "enter"),
        "Where is Prefect?": ("down", "enter"),
        "A Prefect server": ("https://prefect.example.com", "enter"),
        "The plan": ("down", "enter"),
    }
    while title(pilot) != wanted:
        before = title(pilot)
        await answer(pilot, *ways.get(before, ("enter",)))
        assert title(pilot) != before, "\n".join(seen(pilot.app))


def text(pilot: Any) -> str:
    """What the page says, on one line, without the list of steps."""
    return " ".join(" ".join(line[26:].split()) for line in seen(pilot.app))
