"""`--check --json --sync`: whether each image is the one that its tag means now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from spcs_worker_tui.sandbox.catalogue.model import Image, ImageRepository

if TYPE_CHECKING:
    from conftest import World
    from support.program import Program


async def words(world: World, *more: str) -> dict[str, tuple[str, str]]:
    """Service to the sync word and what it means here."""
    answer = await world.program.run("--check", "--json", *more)
    services: list[dict[str, Any]] = json.loads(answer.out)["services"]
    return {one["service"]: (one["sync"], one["sync_detail"]) for one in services}


def repository(world: World) -> ImageRepository:
    return world.lab.account.image_repositories["D", "S", "REPO"]


def push_again(world: World) -> None:
    """Another image under the tag that `plain` has."""
    old = next(image for image in repository(world).images if image.name == "plain")
    old.tags.clear()
    new = Image("plain", {"1.0"}, f"sha256:{'7' * 64}", old.created_on, command="plain")
    repository(world).images.append(new)


async def test_a_new_build_under_the_same_tag(world: World) -> None:
    await world.create("WEB")
    await world.create("DOWN")
    await world.lab.sql("ALTER SERVICE DOWN SUSPEND")
    await world.reaches("DOWN", "SUSPENDED")
    before = await words(world, "--sync")
    assert {word for word, _ in before.values()} == {"in sync"}
    push_again(world)
    # Also of a service whose specification is remembered, and of one that runs nothing.
    after = await words(world, "--sync")
    assert {word for word, _ in after.values()} == {"image behind"}
    assert "plain:1.0" in after["WEB"][1]


async def test_what_it_was_not_asked_for_is_unknown(world: World) -> None:
    await world.create("WEB")
    assert (await words(world))["WEB"] == ("unknown", "image repository d/s/repo not read")


async def test_a_repository_that_the_role_may_not_read(world: World) -> None:
    await world.create("WEB")
    repository(world).grants.owner = "ACCOUNTADMIN"
    word, detail = (await words(world, "--sync"))["WEB"]
    assert word == "unknown"
    assert "image repository d/s/repo not read: " in detail


@pytest.mark.parametrize("form", ["--prometheus", "--wait"])
async def test_only_json_has_it(program: Program, form: str) -> None:
    answer = await program.run("--check", "--sync", form)
    assert answer.status == 64
    assert "--sync goes with --json" in answer.err
