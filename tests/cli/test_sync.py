"""The sync word: whether each image is what its tag means now, and each spec what files say."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from spcs_worker_tui.sandbox.catalogue.model import Image, ImageRepository
from support.project_file import DEV, SPEC, lay_out
from support.terminal import Terminal

if TYPE_CHECKING:
    from conftest import World
    from support.program import Program

LOCAL_SPEC = f"""\
{SPEC}    env: {{LIMIT: "<limit>"}}
    resources:
      requests: {{cpu: 0.01, memory: 16Mi}}
"""
SETTINGS = f"""\
{DEV}service = "WEB"
image = "plain"
variables = {{ REGION = "north" }}
"""


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


def project(world: World, limit: str) -> None:
    """Where the program runs."""
    lay_out(world.program.home, SETTINGS, LOCAL_SPEC.replace("<limit>", limit))


def on_the_screen(world: World, *wanted: str) -> None:
    """The dashboard shows all of this, of the service that is selected."""
    environment = world.program.environment(TERM="xterm-256color")
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main"]
    home = str(world.program.home)
    with Terminal(argv, environment, columns=160, rows=40, cwd=home) as terminal:
        terminal.wait_for(r"Services \d", 60)
        terminal.send("/WEB\r")
        terminal.wait_for(r"Services 1 of 2", 60)
        terminal.send("w")
        for words in wanted:
            terminal.wait_for(words, 60)
        terminal.send("\x1bq")
        assert terminal.wait_exit(30) == 0


def described(world: World) -> int:
    """How many specifications were read so far."""
    return sum(text.startswith("DESCRIBE SERVICE") for text in world.sandbox.statements)


async def test_a_specification_that_differs_from_the_files(world: World) -> None:
    await world.create("WEB", env="LIMIT: '1', REGION: north")
    await world.create("OTHER")
    project(world, limit="1")
    same = "the image is current; the spec is as spcs-worker.toml has it"
    assert (await words(world, "--sync"))["WEB"] == ("in sync", same)

    project(world, limit="2")
    found = await words(world, "--sync")
    word, detail = found["WEB"]
    assert word == "spec differs"
    assert "its specification say otherwise: main.LIMIT;" in detail
    assert found["OTHER"][0] == "in sync"
    before = described(world)
    assert (await words(world, "--sync"))["WEB"] == (word, detail)
    assert described(world) == before, "what was compared once need not be read again"
    # Without the images, which only `--sync` reads, the files are left alone.
    assert (await words(world))["WEB"][0] == "unknown"
    await asyncio.to_thread(on_the_screen, world, r"Sync\s+spec differs", r"otherwise: main\.LIMIT")

    updated = await world.program.run("update", "--env", "dev", "--yes")
    assert updated.status == 0, updated.err
    assert (await words(world, "--sync"))["WEB"] == ("in sync", same)
