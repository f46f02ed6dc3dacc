"""A role that may only look sees no spec: what the project's settings say stands in for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.project_file import PLACES, lay_out
from support.project_file import SPEC as PLAIN_SPEC

SPEC = f"""\
{PLAIN_SPEC}    env:
      PREFECT_WORK_POOL: of-the-file
"""
SETTINGS = f"""\
[defaults]
{PLACES}service = "W"

[environments.ours]
connection = "owner"
prefect_api_url = "http://127.0.0.1:1/api"
"""
DEPLOYED = "PREFECT_API_URL: http://127.0.0.1:1/api, PREFECT_WORK_POOL: deployed"


@pytest.fixture
async def watcher(world: Any) -> Any:
    """`world` with a role that may only look, a service, and settings where the program runs."""
    lay_out(world.program.home, SETTINGS, SPEC)
    await world.create("W", env=DEPLOYED)
    for grant in ("USAGE ON DATABASE D", "USAGE ON SCHEMA D.S", "MONITOR ON SERVICE W"):
        await world.lab.sql(f"GRANT {grant} TO ROLE WATCHER")
    world.connections(dev={"role": "WATCHER"})
    return world


async def facts(world: Any, *more: str) -> dict[str, str]:
    """What was looked at, by name."""
    answer = await world.program.run("--check", "--json", *more)
    assert answer.out, answer.err
    (service,) = json.loads(answer.out)["services"]
    return {fact["name"]: fact["value"] for fact in service["facts"]}


@pytest.mark.parametrize("more", [(), ("--service", "W")], ids=["all", "chosen"])
async def test_the_settings_name_the_work_pool_and_it_is_said(
    watcher: Any, more: tuple[str, ...]
) -> None:
    found = await facts(watcher, *more)
    said = "of-the-file at http://127.0.0.1:1/api, from spcs-worker.toml"
    assert found["work pool"] == said
    # Settings are no deployed specification: nothing of them is kept for the next time.
    (watcher.program.home / "spcs-worker.toml").write_text(SETTINGS.replace("/api", "/other/api"))
    assert "/other/api, from spcs-worker.toml" in (await facts(watcher, *more))["work pool"]


async def test_without_an_environment_for_it_nothing_is_known(watcher: Any) -> None:
    settings = watcher.program.home / "spcs-worker.toml"
    settings.write_text(SETTINGS.replace('"W"', '"OTHER"'))
    assert "work pool" not in await facts(watcher)
    two = SETTINGS.replace("ours", "theirs").partition("\n\n")[2].replace("/api", "/b/api")
    settings.write_text(f"{SETTINGS}{two}")
    assert "work pool" not in await facts(watcher)


async def test_settings_that_are_wrong_are_said_and_break_nothing(watcher: Any) -> None:
    (watcher.program.home / "spcs-worker.toml").write_text("[environments]\nnonsense = 1\n")
    answer = await watcher.program.run("--check", "--json")
    (service,) = json.loads(answer.out)["services"]
    assert (service["verdict"], service["rule"]) == ("unknown", 39)
    (said,) = [fact["value"] for fact in service["facts"] if fact["name"] == "specification"]
    assert "shown only to the role that owns it" in said
    assert "spcs-worker.toml is no help" in said
    assert "nonsense" in said


async def test_who_sees_the_spec_goes_by_the_spec(watcher: Any) -> None:
    watcher.connections(dev={})
    assert (await facts(watcher))["work pool"] == "deployed at http://127.0.0.1:1/api"
