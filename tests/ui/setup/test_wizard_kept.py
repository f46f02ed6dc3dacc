"""What was typed is there when somebody comes back; what the settings say need not be typed."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.settings import Environment, Project
from spcs_worker_tui.domain.wizard import SavedConnection
from spcs_worker_tui.ui.modals.ask import AskModal
from support.screen import shows, until
from support.setup_desk import ScriptedDesk
from support.setup_screen import answer, go_to, opened, settled, setup_app, text, title

SAVED = (SavedConnection("dev"), SavedConnection("prod"))
KEY = "pnu_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xR"
PLACES = "Where do things go?"


def settings(*, read_only: bool = False) -> Project:
    environments = {
        name: Environment(
            name=name,
            connection=name,
            database=f"{name.upper()}_DB",
            schema="FLOWS",
            service="INGEST",
            compute_pool="POOL",
            image_repository=f"{name}_db/flows/images",
            tag="{version}",
            variables={"LEVEL": "INFO"},
            secrets={"PREFECT_API_AUTH_STRING": "SHARED.S.PREFECT"},
            work_pool="ours",
            prefect_api_url="https://prefect.example.com/api",
            setup={"role": "FLOW_OPERATOR", "max_nodes": 3},
            read_only=read_only,
        )
        for name in ("dev", "prod")
    }
    return Project(PurePath("project/spcs-worker.toml"), environments, "prod")


def value(pilot: Pilot[None], name: str) -> str:
    return pilot.app.screen.query_one(f"#{name}", Input).value


async def leave(pilot: Pilot[None]) -> None:
    await pilot.press("ctrl+c")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskModal))
    await pilot.press("right", "enter")
    await until(pilot, lambda: pilot.app._exit)


async def test_what_was_not_handed_in_is_there_after_going_back() -> None:
    desk = ScriptedDesk(SAVED)
    async with opened(desk) as pilot:
        await go_to(pilot, PLACES)
        pilot.app.screen.query_one("#service", Input).value = "OTHER"
        pilot.app.screen.query_one("#instance_family").focus()
        await answer(pilot, "space")
        assert shows(pilot.app, "< CPU_X64_S:")
        await answer(pilot, "escape")
        assert title(pilot) == "Which work pool?"
        await answer(pilot, "enter")
        assert value(pilot, "service") == "OTHER"
        assert value(pilot, "database") == "PREFECT"
        assert shows(pilot.app, "< CPU_X64_S:")
        assert desk.answers[-1].service == "WORKER", "only what is handed in is taken"
        await answer(pilot, "enter")
        assert (desk.answers[-1].service, desk.answers[-1].instance_family) == (
            "OTHER",
            "CPU_X64_S",
        )
        assert not [name for name in desk.kept if name.startswith("PlacesPage.")]


async def test_a_field_that_nobody_touched_follows_what_changed_elsewhere() -> None:
    async with opened(ScriptedDesk(SAVED)) as pilot:
        await go_to(pilot, PLACES)
        assert value(pilot, "environment") == "dev"
        pilot.app.screen.query_one("#service", Input).value = "OTHER"
        await answer(pilot, *["escape"] * 5)
        assert title(pilot) == "Which Snowflake connection?"
        await answer(pilot, "down", "enter")
        await go_to(pilot, PLACES)
        assert (value(pilot, "environment"), value(pilot, "service")) == ("prod", "OTHER")


async def test_leaving_keeps_it_but_nothing_secret() -> None:
    desk = ScriptedDesk(SAVED)
    async with opened(desk) as pilot:
        await answer(pilot, "end", "enter")
        pilot.app.screen.query_one("#account", Input).value = "ACME-MAIN"
        pilot.app.screen.query_one("#user", Input).value = KEY
        pilot.app.screen.query_one("#secret", Input).value = "swordfish"
        pilot.app.screen.query_one("#way").focus()
        await answer(pilot, "space")
        await leave(pilot)
    assert "swordfish" not in str(desk.kept)
    assert KEY not in str(desk.kept), "typed into the wrong field"
    async with opened(ScriptedDesk(SAVED, desk.kept)) as pilot:
        await answer(pilot, "end", "enter")
        assert (value(pilot, "account"), value(pilot, "user")) == ("ACME-MAIN", "")
        assert shows(pilot.app, "Private key file")


async def test_what_the_settings_say_is_there_already() -> None:
    desk = ScriptedDesk(SAVED)
    desk.settings = settings()
    async with opened(desk) as pilot:
        await answer(pilot, "enter")
        assert desk.signed_in == [("prod", None)], "that of the default environment"
        assert value(pilot, "role") == "FLOW_OPERATOR"
        await answer(pilot, "enter", "enter")
        assert value(pilot, "url") == "https://prefect.example.com/api"
        await answer(pilot, "down", "ops:wonder", "enter")
        assert shows(pilot.app, "Make ours")
        await answer(pilot, "enter")
        assert value(pilot, "database") == "PROD_DB"
        assert value(pilot, "repository") == "PROD_DB.FLOWS.IMAGES"
        assert value(pilot, "secret") == "SHARED.S.PREFECT"
        assert value(pilot, "max_nodes") == "3"
        await go_to(pilot, "The plan")
        answers = desk.answers[-1]
        assert (answers.environment, answers.tag) == ("prod", "latest")
        assert answers.base is desk.settings.environments["prod"]
        assert answers.as_environment().variables == {"LEVEL": "INFO"}
        assert "database" in desk.kept
        assert "role" in desk.kept


async def test_the_environment_is_that_of_the_connection() -> None:
    desk = ScriptedDesk((*SAVED, SavedConnection("new")))
    desk.settings = settings()
    async with opened(desk) as pilot:
        await answer(pilot, "up", "enter")
        await go_to(pilot, PLACES)
        assert (value(pilot, "environment"), value(pilot, "database")) == ("dev", "DEV_DB")
        await answer(pilot, *["escape"] * 5, "end", "up", "enter")
        assert desk.signed_in[-1] == ("new", None)
        await go_to(pilot, PLACES)
        assert (value(pilot, "environment"), value(pilot, "database")) == ("new", "PREFECT")
        assert desk.answers[-1].base is None


async def test_what_was_answered_counts_more_than_the_settings() -> None:
    desk = ScriptedDesk(SAVED, {"database": "MINE", "role": "ME"})
    desk.settings = settings()
    async with opened(desk) as pilot:
        await answer(pilot, "enter")
        assert value(pilot, "role") == "ME"
        await go_to(pilot, PLACES)
        assert (value(pilot, "database"), value(pilot, "schema")) == ("MINE", "FLOWS")


async def test_a_new_connection_gets_the_name_that_the_settings_use() -> None:
    desk = ScriptedDesk()
    desk.settings = settings()
    async with opened(desk) as pilot:
        assert value(pilot, "name") == "prod"


async def test_an_environment_that_is_only_looked_at_is_refused() -> None:
    desk = ScriptedDesk(SAVED)
    desk.settings = settings(read_only=True)
    async with opened(desk) as pilot:
        await go_to(pilot, PLACES)
        await answer(pilot, "enter")
        assert title(pilot) == PLACES
        assert "environment prod is read-only in project/spcs-worker.toml" in text(pilot)


async def test_settings_that_are_wrong_are_said_and_read_again() -> None:
    desk = ScriptedDesk(SAVED)
    desk.refused["project"] = ConfigurationError(
        "spcs-worker.toml line 8: unknown key 'tga'", next_step="Correct that line."
    )
    async with setup_app(desk).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: shows(pilot.app, "unknown key 'tga'. Correct that line."))
        await pilot.press("f5")
        await settled(pilot)
        assert title(pilot) == "Which Snowflake connection?"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://prefect.example.com/api", "A Prefect server"),
        ("https://api.prefect.cloud/api/accounts/a/workspaces/dev", "A Prefect Cloud API key"),
    ],
)
async def test_the_way_to_prefect_is_that_of_the_settings(url: str, page: str) -> None:
    desk = ScriptedDesk(SAVED, {"prefect_api_url": url})
    async with opened(desk) as pilot:
        await go_to(pilot, "Where is Prefect?")
        await answer(pilot, "enter")
        assert title(pilot) == page
