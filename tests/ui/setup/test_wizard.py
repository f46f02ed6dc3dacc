"""The wizard's pages: what is asked, what is checked, what is kept, and when something happens."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Input

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    KeyMissingError,
    PlanRefusedError,
    SignInRefusedError,
)
from spcs_worker_tui.domain.keys import KeyKind, KeyName, Secret
from spcs_worker_tui.domain.new_connection import NewConnection, SignInWay
from spcs_worker_tui.domain.setup import ImageChoice, Piece, PieceState
from spcs_worker_tui.domain.wizard import SavedConnection
from spcs_worker_tui.ui.modals.ask import AskModal
from support.screen import seen, shows, until
from support.setup_desk import LACKING, PIECES, ScriptedDesk
from support.setup_screen import answer, go_to, opened, screen_of, settled, text, title

SAVED = (
    SavedConnection("dev", "ORG-DEV as ADA, snowflake"),
    SavedConnection("prod", "ORG-PROD as ADA, externalbrowser", needs_person=True),
)
REFUSED = SignInRefusedError("the account refused the sign-in", next_step="Correct the password.")


async def test_from_nothing_to_a_worker_with_few_answers() -> None:
    desk = ScriptedDesk()
    async with opened(desk) as pilot:
        await go_to(pilot, "The plan")
        assert not desk.applied
        assert not [asked for asked in desk.asked if asked in ("save", "keep", "smoke")]
        await go_to(pilot, "A worker is running")
        assert len(desk.applied) == 1
        assert shows(pilot.app, "A smoke flow finished on it.")
        answers = desk.answers[-1]
        assert (answers.connection, answers.work_pool) == ("default", "spcs")
        assert answers.prefect_api_url == "https://prefect.example.com/api"
        assert answers.secret == ""
        assert answers.image_choice is ImageChoice.BUILD
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.wants_dashboard)
    assert pilot.app.wants_dashboard
    assert desk.is_closed


async def test_what_was_typed_becomes_a_new_connection_and_its_secret_stays_apart() -> None:
    desk = ScriptedDesk()
    async with opened(desk) as pilot:
        await go_to(pilot, "Which role owns the workers?")
        ((connection, secret),) = desk.signed_in
        assert isinstance(connection, NewConnection)
        assert (connection.address.account, connection.user) == ("ACME-MAIN", "ADA")
        assert secret == Secret("swordfish")
        assert "swordfish" not in str(desk.kept)
        assert desk.kept["new.account"] == "ACME-MAIN"
        assert not any("swordfish" in line for line in seen(pilot.app))


@pytest.mark.parametrize(
    ("turns", "way", "label"),
    [
        (1, SignInWay.KEY_PAIR, "Private key file"),
        (2, SignInWay.ACCESS_TOKEN, "Token"),
        (3, SignInWay.BROWSER, ""),
        (4, SignInWay.MFA, "Password"),
        (5, SignInWay.OAUTH, "Token"),
    ],
)
async def test_each_way_to_sign_in_has_its_fields(turns: int, way: SignInWay, label: str) -> None:
    desk = ScriptedDesk()
    async with opened(desk) as pilot:
        await answer(pilot, "ACME-MAIN", "down", "ADA", "down", *["space"] * turns)
        assert shows(pilot.app, f"< {way.words} >")
        assert not label or shows(pilot.app, label)
        names = {field.id for field in pilot.app.screen.query(Input)}
        assert ("secret" in names) is (way.secret is not None)
        assert ("private_key_file" in names) is (way is SignInWay.KEY_PAIR)
        assert pilot.app.screen.query_one("#account", Input).value == "ACME-MAIN"
        if way is SignInWay.BROWSER:
            await answer(pilot, "enter")
            assert desk.signed_in[0][1] is None
            assert desk.signed_in[0][0].way is SignInWay.BROWSER


async def test_enter_goes_to_the_field_that_was_left_out() -> None:
    async with opened(ScriptedDesk()) as pilot:
        await answer(pilot, "ACME-MAIN", "enter")
        assert pilot.app.focused.id == "user"
        await answer(pilot, "ADA", "enter")
        assert pilot.app.focused.id == "secret"


async def test_an_answer_that_cannot_be_is_said_before_anybody_is_asked() -> None:
    desk = ScriptedDesk()
    async with opened(desk, size=(80, 24)) as pilot:
        await answer(pilot, "not an account", "enter", "ADA", "enter", "x", "enter")
        assert "'not an account' is no account" in text(pilot)
        assert not desk.signed_in
        await answer(pilot, "down")
        assert pilot.app.screen.query_one("#secret", Input).value == "x"  # nothing typed is lost


async def test_a_refused_sign_in_stays_on_the_page_and_can_be_tried_again() -> None:
    desk = ScriptedDesk()
    desk.refused["sign_in"] = REFUSED
    async with opened(desk) as pilot:
        await answer(pilot, "ACME-MAIN", "enter", "ADA", "enter", "wrong", "enter")
        assert "the account refused the sign-in. Correct the password." in text(pilot)
        assert title(pilot) == "A Snowflake connection"
        await answer(pilot, "enter")
        assert title(pilot) == "Which role owns the workers?"


async def test_a_bug_is_shown_as_one_and_ends_nothing_else() -> None:
    desk = ScriptedDesk(SAVED)
    desk.refused["sign_in"] = ValueError("[/x] not thought of")
    async with opened(desk) as pilot:
        await answer(pilot, "enter")
        await until(pilot, lambda: "bug of the set-up: ValueError: [/x] not" in text(pilot))
        await answer(pilot, "enter")
        assert title(pilot) == "Which role owns the workers?"


async def test_escape_stops_what_is_being_checked() -> None:
    desk = ScriptedDesk()
    desk.held["sign_in"] = asyncio.Event()
    async with opened(desk) as pilot:
        await answer(pilot, "ACME-MAIN", "enter", "ADA", "enter", "x")
        await pilot.press("enter")
        await until(pilot, lambda: desk.signed_in)
        assert shows(pilot.app, "Signing in.")
        await pilot.press("enter", "enter")
        await pilot.press("escape")
        await settled(pilot)
        assert len(desk.signed_in) == 1
        assert title(pilot) == "A Snowflake connection"
        assert not shows(pilot.app, "Signing in.")


async def test_saved_connections_are_offered_and_one_is_enough() -> None:
    desk = ScriptedDesk(SAVED)
    async with opened(desk) as pilot:
        assert title(pilot) == "Which Snowflake connection?"
        await answer(pilot, "enter")
        assert desk.signed_in == [("dev", None)]
        assert title(pilot) == "Which role owns the workers?"


async def test_a_saved_connection_that_lacks_its_password_asks_for_it() -> None:
    desk = ScriptedDesk(SAVED)
    key = KeyName(KeyKind.PASSWORD, "dev", "ada@org-dev")
    desk.refused["sign_in"] = KeyMissingError("connection dev needs a password", key=key)
    async with opened(desk) as pilot:
        await answer(pilot, "enter")
        assert "the password of connection dev" in text(pilot)
        await answer(pilot, "swordfish", "enter")
        assert desk.signed_in[-1] == ("dev", Secret("swordfish"))
        assert title(pilot) == "Which role owns the workers?"


async def test_a_new_one_beside_the_saved_ones_gets_a_free_name() -> None:
    async with opened(ScriptedDesk((SavedConnection("default"),))) as pilot:
        await answer(pilot, "down", "enter")
        assert pilot.app.screen.query_one("#name", Input).value == "spcs"


async def test_a_connections_file_that_is_wrong_is_said_and_looked_at_again() -> None:
    desk = ScriptedDesk()
    desk.refused["connections"] = ConfigurationError(
        "connections.toml is not valid TOML", next_step="Correct that line."
    )
    from support.setup_screen import setup_app

    async with setup_app(desk).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: shows(pilot.app, "is not valid TOML. Correct that line."))
        await pilot.press("f5")
        await settled(pilot)
        assert title(pilot) == "A Snowflake connection"


async def test_another_role_is_looked_at_before_going_on() -> None:
    desk = ScriptedDesk(SAVED)
    async with opened(desk) as pilot:
        await answer(pilot, "enter", "end")
        await answer(pilot, "_2", "enter")
        assert title(pilot) == "Which role owns the workers?"
        assert desk.answers[-1].role == "PREFECT_OPERATOR_2"
        await answer(pilot, "enter")
        assert title(pilot) == "Where is Prefect?"


async def test_what_a_role_may_not_do_comes_with_the_statements_to_hand_over() -> None:
    desk = ScriptedDesk(SAVED)
    desk.pieces = (*PIECES, LACKING)
    async with opened(desk) as pilot:
        await answer(pilot, "enter")
        assert "GRANT CREATE COMPUTE POOL ON ACCOUNT TO ROLE SYSADMIN" in text(pilot)
        await answer(pilot, "f2")
        assert pilot.app.clipboard == "GRANT CREATE COMPUTE POOL ON ACCOUNT TO ROLE SYSADMIN;\n"
        await go_to(pilot, "Where do things go?")
        await answer(pilot, "enter")
        assert title(pilot) == "Where do things go?"
        assert "this role may not do all of it" in text(pilot)
        desk.pieces = PIECES
        await answer(pilot, "enter")
        assert title(pilot) == "Which image?"


async def test_a_long_text_is_read_on_from_a_field() -> None:
    desk = ScriptedDesk(SAVED)
    desk.pieces = (*PIECES, LACKING)
    async with opened(desk, size=(80, 24)) as pilot:
        await answer(pilot, "enter")
        assert shows(pilot.app, "pgdn Read on")
        assert not shows(pilot.app, "GRANT CREATE COMPUTE POOL ON ACCOUNT")
        await answer(pilot, "pagedown")
        assert shows(pilot.app, "GRANT CREATE COMPUTE POOL ON ACCOUNT")


async def test_the_first_answer_to_the_plan_changes_nothing() -> None:
    desk = ScriptedDesk()
    async with opened(desk) as pilot:
        await go_to(pilot, "The plan")
        await answer(pilot, "enter")
        assert title(pilot) == "Which image?"
        assert not desk.applied


async def test_a_plan_that_cannot_be_made_is_said_and_can_be_made_again() -> None:
    desk = ScriptedDesk(SAVED)
    desk.refused["plan"] = PlanRefusedError("the service is there already")
    async with opened(desk) as pilot:
        await go_to(pilot, "Which image?")
        await answer(pilot, "enter")
        assert "the service is there already" in text(pilot)
        assert not shows(pilot.app, "Set it up")
        await answer(pilot, "f5")
        assert shows(pilot.app, "Set it up")


async def test_a_step_that_fails_leads_back_to_a_plan() -> None:
    desk = ScriptedDesk()
    desk.refused["service"] = PlanRefusedError("no room", next_step="Ask for more nodes.")
    async with opened(desk) as pilot:
        await go_to(pilot, "The plan")
        await answer(pilot, "down", "enter")
        assert "no room" in text(pilot)
        assert shows(pilot.app, "Plan it again")
        await answer(pilot, "enter")
        assert title(pilot) == "The plan"
        await go_to(pilot, "A worker is running")
        assert len(desk.applied) == 2


async def test_a_set_up_under_way_is_stopped_only_when_that_is_said() -> None:
    desk = ScriptedDesk()
    desk.held["pool"] = asyncio.Event()
    async with opened(desk) as pilot:
        await go_to(pilot, "The plan")
        await pilot.press("down", "enter")
        await until(pilot, lambda: "pool" in desk.asked)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskModal))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, AskModal))
        assert screen_of(pilot)._applying is not None
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskModal))
        await pilot.press("right", "enter")
        await settled(pilot)
        assert "stopped before its end" in text(pilot)
        assert "service" not in desk.asked


async def test_leaving_in_the_middle_keeps_every_answer_but_secrets() -> None:
    desk = ScriptedDesk()
    async with opened(desk) as pilot:
        await go_to(pilot, "Where do things go?")
        pilot.app.screen.query_one("#database", Input).value = "OTHER"
        await answer(pilot, "enter")
        await pilot.press("ctrl+c")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskModal))
        await pilot.press("right", "enter")
        await until(pilot, lambda: not pilot.app.screen_stack or pilot.app._exit)
    assert not pilot.app.wants_dashboard
    again = ScriptedDesk(remembered=desk.kept)
    async with opened(again) as pilot:
        assert pilot.app.screen.query_one("#account", Input).value == "ACME-MAIN"
        assert pilot.app.focused.id == "secret"
        await answer(pilot, "swordfish", "enter", "enter", "enter", "enter", "enter")
        assert pilot.app.screen.query_one("#database", Input).value == "OTHER"


async def test_what_is_done_is_not_remembered() -> None:
    desk = ScriptedDesk()
    async with opened(desk) as pilot:
        await go_to(pilot, "A worker is running")
        await until(pilot, lambda: desk.kept == {})


async def test_going_back_keeps_what_was_typed() -> None:
    async with opened(ScriptedDesk(SAVED)) as pilot:
        await go_to(pilot, "Where do things go?")
        pilot.app.screen.query_one("#service", Input).value = "OTHER"
        await answer(pilot, "escape")
        assert title(pilot) == "Which work pool?"
        await answer(pilot, "enter")
        assert title(pilot) == "Where do things go?"


async def test_leaving_from_the_first_page_asks_with_stay_in_focus() -> None:
    async with opened(ScriptedDesk()) as pilot:
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskModal))
        assert pilot.app.focused.id == "stay"


async def test_text_from_outside_is_data() -> None:
    hostile = SavedConnection("[/x][bold]", "[red]\x1b[31mred")
    desk = ScriptedDesk((hostile,))
    desk.pieces = (Piece("database", "[/x] Database", PieceState.THERE, "[b]x"),)
    async with opened(desk) as pilot:
        assert shows(pilot.app, "[/x][bold]")
        await answer(pilot, "enter")
        assert shows(pilot.app, "[/x] Database: [b]x")
