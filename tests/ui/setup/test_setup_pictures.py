"""What the wizard looks like. `pytest tests/ui/setup --snapshot-update` takes new pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.widgets import Input

from spcs_worker_tui.domain.errors import PlanRefusedError, SignInRefusedError
from spcs_worker_tui.domain.prefect_places import ActiveProfile
from spcs_worker_tui.domain.wizard import SavedConnection
from spcs_worker_tui.ui.format import ASCII
from support.screen import still, until
from support.setup_desk import LACKING, PIECES, ScriptedDesk
from support.setup_screen import answer, go_to, settled, setup_app

SMALL, USUAL = (80, 24), (120, 40)
SAVED = (
    SavedConnection("dev", "ORG-DEV as ADA, snowflake"),
    SavedConnection("prod", "", problem="cannot be used: account has to be text in quotes"),
)
Pictures = Callable[..., bool]


@pytest.fixture
def picture(snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    """Compare that page, after those keys, with its picture."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda _: None)  # a cursor that does not blink

    def compare(
        desk: ScriptedDesk,
        page: str = "",
        *keys: str,
        size: tuple[int, int] = USUAL,
        going_on: str = "",
        **options: Any,
    ) -> bool:
        app = setup_app(desk, **options)

        async def prepare(pilot: Any) -> None:
            await settled(pilot)
            if page:
                await go_to(pilot, page)
            if going_on:
                await pilot.press(*keys)
                await until(pilot, lambda: going_on in desk.asked)
                await until(pilot, lambda: not app._type_ahead.is_answering)
            else:
                await answer(pilot, *keys)
            await until(
                pilot, lambda: all(f._cursor_visible for f in app.screen.query("Input:focus"))
            )
            await still(pilot)

        return bool(snap_compare(app, terminal_size=size, run_before=prepare))

    return compare


@pytest.mark.parametrize("size", [SMALL, USUAL])
def test_new_connection(picture: Pictures, size: tuple[int, int]) -> None:
    assert picture(ScriptedDesk(), size=size)


def test_a_sign_in_that_is_refused(picture: Pictures) -> None:
    desk = ScriptedDesk()
    desk.refused["sign_in"] = SignInRefusedError(
        "the account refused the sign-in of ADA with connection default: Incorrect username or "
        "password was specified.",
        next_step="The password came from what was typed.",
    )
    keys = ("ACME-MAIN", "enter", "ADA", "enter", "swordfish", "enter")
    assert picture(desk, "", *keys, size=SMALL)


def test_saved_connections(picture: Pictures) -> None:
    assert picture(ScriptedDesk(SAVED), theme="spcs-light")


@pytest.mark.parametrize("size", [SMALL, USUAL])
def test_a_role_that_may_not(picture: Pictures, size: tuple[int, int]) -> None:
    desk = ScriptedDesk(SAVED)
    desk.pieces = (*PIECES[:3], LACKING, *PIECES[4:])
    assert picture(desk, "Which role owns the workers?", size=size)


def test_prefect(picture: Pictures) -> None:
    profile = ActiveProfile("https://prefect.example.com/api", "Prefect profile 'work'")
    assert picture(ScriptedDesk(SAVED, profile=profile), "Where is Prefect?", size=SMALL)


@pytest.mark.parametrize("size", [SMALL, USUAL])
def test_places(picture: Pictures, size: tuple[int, int]) -> None:
    assert picture(ScriptedDesk(SAVED), "Where do things go?", size=size)


@pytest.mark.parametrize("size", [SMALL, USUAL])
def test_plan(picture: Pictures, size: tuple[int, int]) -> None:
    assert picture(ScriptedDesk(), "The plan", size=size)


def test_under_way(picture: Pictures) -> None:
    desk = ScriptedDesk()
    desk.held["service"] = asyncio.Event()
    assert picture(desk, "The plan", "down", "enter", going_on="service", size=SMALL)


def test_a_step_that_failed(picture: Pictures) -> None:
    desk = ScriptedDesk()
    desk.refused["service"] = PlanRefusedError("no room", next_step="Ask for more nodes.")
    assert picture(desk, "The plan", "down", "enter", glyphs=ASCII)


@pytest.mark.parametrize("size", [SMALL, USUAL])
def test_done(picture: Pictures, size: tuple[int, int]) -> None:
    assert picture(ScriptedDesk(), "A worker is running", size=size)
