"""The wizard's pages about Prefect, the places and the image."""

from __future__ import annotations

from textual.widgets import Input

from spcs_worker_tui.domain.account import InstanceFamily
from spcs_worker_tui.domain.errors import (
    PrefectUnauthorizedError,
)
from spcs_worker_tui.domain.fleet import ImageSnapshot
from spcs_worker_tui.domain.keys import KeyKind, Secret
from spcs_worker_tui.domain.prefect_places import ActiveProfile, PrefectAccess
from spcs_worker_tui.domain.setup import ImageChoice, Piece, PieceState
from spcs_worker_tui.domain.wizard import SavedConnection
from support.screen import shows
from support.setup_desk import FAMILIES, NOW, PIECES, ScriptedDesk
from support.setup_screen import answer, go_to, opened, text, title

SAVED = (
    SavedConnection("dev", "ORG-DEV as ADA, snowflake"),
    SavedConnection("prod", "ORG-PROD as ADA, externalbrowser", needs_person=True),
)


async def test_prefect_cloud_lists_the_workspaces_of_the_key() -> None:
    desk = ScriptedDesk(SAVED)
    async with opened(desk) as pilot:
        await go_to(pilot, "Where is Prefect?")
        await answer(pilot, "enter", "pnu_1234", "enter")
        assert title(pilot) == "Which workspace?"
        await answer(pilot, "down", "enter")
        url = "https://api.prefect.cloud/api/accounts/a/workspaces/prod"
        assert desk.prefect == [PrefectAccess(url, KeyKind.API_KEY, Secret("pnu_1234"))]
        assert "pnu_1234" not in str(desk.kept)
        await go_to(pilot, "The plan")
        assert desk.answers[-1].secret == "PREFECT_API_KEY"
        assert desk.answers[-1].prefect_api_url == url


async def test_a_server_with_user_and_password() -> None:
    desk = ScriptedDesk(SAVED)
    async with opened(desk) as pilot:
        await go_to(pilot, "Where is Prefect?")
        await answer(pilot, "down", "enter", "prefect.example.com:4200", "down", "ops:wonder")
        await answer(pilot, "enter")
        url = "http://prefect.example.com:4200/api"
        assert desk.prefect == [PrefectAccess(url, KeyKind.AUTH_STRING, Secret("ops:wonder"))]
        await go_to(pilot, "The plan")
        assert desk.answers[-1].secret_variable == "PREFECT_API_AUTH_STRING"
        assert desk.answers[-1].secret == "PREFECT_API_AUTH_STRING"


async def test_what_prefect_uses_here_is_one_answer() -> None:
    profile = ActiveProfile("https://p.example.com/api", "Prefect profile 'x'", KeyKind.API_KEY)
    desk = ScriptedDesk(SAVED, profile=profile)
    desk.kind = KeyKind.API_KEY
    async with opened(desk) as pilot:
        await go_to(pilot, "Where is Prefect?")
        assert shows(pilot.app, "Prefect profile 'x': https://p.example.com/api")
        await answer(pilot, "enter")
        assert desk.prefect == [PrefectAccess(profile.api_url)]
        assert title(pilot) == "Which work pool?"


async def test_a_refused_key_is_said() -> None:
    desk = ScriptedDesk(SAVED)
    desk.refused["use_prefect"] = PrefectUnauthorizedError("it refuses the credentials")
    async with opened(desk) as pilot:
        await go_to(pilot, "Where is Prefect?")
        await answer(pilot, "down", "enter", "https://p.example.com", "enter")
        assert "it refuses the credentials" in text(pilot)
        assert title(pilot) == "A Prefect server"


async def test_an_address_of_this_machine_is_warned_of() -> None:
    async with opened(ScriptedDesk(SAVED)) as pilot:
        await go_to(pilot, "Where is Prefect?")
        await answer(pilot, "down", "enter", "127.0.0.1:4200", "enter")
        assert "Its address belongs to this machine or network" in text(pilot)


async def test_a_pool_of_another_type_is_refused_and_one_of_another_name_made() -> None:
    desk = ScriptedDesk(SAVED)
    async with opened(desk) as pilot:
        await go_to(pilot, "Which work pool?")
        await answer(pilot, "down", "down", "enter")
        assert "k8s is of type kubernetes" in text(pilot)
        await answer(pilot, "down", "down", "down", "enter")
        assert title(pilot) == "A new work pool"
        await answer(pilot, "prefect-own", "enter")
        assert "are Prefect's own" in text(pilot)
        await answer(pilot, *["backspace"] * 11, "mine", "enter")
        assert title(pilot) == "Where do things go?"
        assert desk.kept["work_pool"] == "mine"


async def test_names_that_cannot_be_are_said() -> None:
    desk = ScriptedDesk(SAVED)
    async with opened(desk) as pilot:
        await go_to(pilot, "Where do things go?")
        await answer(pilot, "end", " x", "enter")
        assert "is no name of a database" in text(pilot)
        assert title(pilot) == "Where do things go?"


async def test_nodes_that_are_no_number_are_said() -> None:
    async with opened(ScriptedDesk(SAVED)) as pilot:
        await go_to(pilot, "Where do things go?")
        pilot.app.screen.query_one("#min_nodes", Input).value = "two"
        await answer(pilot, "enter")
        assert "'two' is no number of nodes at least" in text(pilot)


async def test_an_account_of_other_families_keeps_the_one_that_was_answered() -> None:
    desk = ScriptedDesk(SAVED, {"instance_family": "CPU_X64_L"})
    assert InstanceFamily("CPU_X64_L", 28, 116) not in FAMILIES
    async with opened(desk) as pilot:
        await go_to(pilot, "The plan")
        assert desk.answers[-1].instance_family == "CPU_X64_L"


async def test_an_image_that_is_there_can_be_taken() -> None:
    desk = ScriptedDesk(SAVED)
    desk.found_images = [ImageSnapshot("spcs-worker", ("1.4.0",), "sha256:ab", NOW)]
    async with opened(desk) as pilot:
        await go_to(pilot, "Which image?")
        await answer(pilot, "down", "enter")
        answers = desk.answers[-1]
        assert (answers.image_choice, answers.image, answers.tag) == (
            ImageChoice.THERE,
            "spcs-worker",
            "1.4.0",
        )


async def test_without_docker_building_is_refused_and_the_places_are_not() -> None:
    desk = ScriptedDesk(SAVED)
    docker = Piece("image", "Image spcs-worker:latest", PieceState.LACKING, "there is no Docker")
    desk.pieces = (*PIECES, docker)
    async with opened(desk) as pilot:
        await go_to(pilot, "Which image?")
        await answer(pilot, "enter")
        assert "Image spcs-worker:latest: there is no Docker" in text(pilot)
        assert title(pilot) == "Which image?"
