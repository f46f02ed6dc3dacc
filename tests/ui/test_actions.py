"""Every change that can be wished for: its key, its place in palette, help and docs, its way."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Mapping
from pathlib import Path
from types import UnionType

import pytest

from spcs_worker_tui.domain.environment import EditEnvironment
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.plan import StepProgress, StepState
from spcs_worker_tui.domain.prefect import WorkQueueKey
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.wishes import (
    Build,
    CreateWorkPool,
    Deploy,
    Drain,
    Drop,
    LimitWork,
    PauseWork,
    PruneWorkers,
    Push,
    Restart,
    Resume,
    ResumeWork,
    RollBack,
    Scale,
    Smoke,
    Suspend,
    Update,
    Wish,
)
from spcs_worker_tui.ui import possible
from spcs_worker_tui.ui.bindings import SCOPES
from spcs_worker_tui.ui.commands import commands
from spcs_worker_tui.ui.modals.ask import AskModal
from spcs_worker_tui.ui.modals.choice import ChoiceModal
from spcs_worker_tui.ui.widgets.option_line import OptionLine
from support import fleet as build
from support.console import ScriptedConsole, demo
from support.screen import at_plan, opened, press_each, seen, select, shows, until

KEYS_PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
OFFERED: Mapping[str, type | UnionType] = {
    "suspend": Suspend | Resume,
    "restart": Restart,
    "scale": Scale,
    "update": Update,
    "rollback": RollBack,
    "environment": EditEnvironment,
    "pause-work": PauseWork,
    "resume-work": ResumeWork,
    "limit-work": LimitWork,
    "smoke": Smoke,
    "prune": PruneWorkers,
    "create-work-pool": CreateWorkPool,
    "build": Build,
    "push": Push,
    "deploy": Deploy,
}
"""What stands behind each name that `app.change` takes."""
INGEST = build.key("INGEST")
POOL = build.binding().pool
IN_PLAN = "app.change('{}')"


def wishes_of(offered: type | UnionType) -> set[type]:
    return set(typing.get_args(offered)) or {typing.cast("type", offered)}


def test_every_wish_has_a_key_but_dropping() -> None:
    """A wish that is added later fails here until the dashboard offers it."""
    offered = set().union(*map(wishes_of, OFFERED.values()))
    assert offered == set(typing.get_args(Wish)) - {Drop}
    assert tuple(OFFERED) == (*possible.SERVICE, *possible.WORK, *possible.PROJECT)
    actions = {binding.action for scope in SCOPES for binding in scope.bindings}
    assert {IN_PLAN.format(name) for name in OFFERED} <= actions


@pytest.mark.parametrize("name", OFFERED)
def test_every_wish_is_in_the_docs(name: str) -> None:
    (binding,) = {
        binding
        for scope in SCOPES
        for binding in scope.bindings
        if binding.action == IN_PLAN.format(name)
    }
    assert f"`{binding.id}`" in KEYS_PAGE.read_text()


async def test_every_wish_is_in_palette_and_help() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await select(pilot, "INGEST")
        offered = {command.action: command for command in commands(pilot.app.screen)}
        for name in OFFERED:
            command = offered[IN_PLAN.format(name)]
            assert command.help.startswith("key")
        await pilot.press("question_mark")
        await until(pilot, lambda: shows(pilot.app, "What every key does"))
        page = pilot.app.screen.query_one("#page")
        text = "\n".join("".join(cell.text for cell in line) for line in page._lines)
        for name in OFFERED:
            assert offered[IN_PLAN.format(name)].title in text


WAYS: tuple[tuple[tuple[str, ...], object], ...] = (
    (("z",), Suspend(INGEST)),
    (("R",), Restart(INGEST)),
    (("C", "enter", "3", "enter"), Scale(INGEST, 1, 3)),
    (("u", "enter"), Update(INGEST, image="1.4.0")),
    (("u", "t"), Update(INGEST)),
    (("u", "o", *"1.9", "enter"), Update(INGEST, image="1.9")),
    (("u", "f", *"a.yaml", "enter"), Update(INGEST, spec="a.yaml")),
    (("B", "enter"), RollBack(INGEST, "3")),
    (("B", "down", "enter"), RollBack(INGEST, "1")),
    (("b", "b", "enter"), Build("dev")),
    (("b", "p", "down", "enter"), Push("prod")),
    (("b", "d", "enter"), Deploy(Build("dev"))),
    (("P", "p"), PauseWork(WorkQueueKey(POOL))),
    (("P", "r"), ResumeWork(WorkQueueKey(POOL))),
    (("P", "l", "5", "enter"), LimitWork(WorkQueueKey(POOL), 5)),
    (("P", "l", "enter"), LimitWork(WorkQueueKey(POOL), None)),
    (("P", "s"), Smoke(WorkQueueKey(POOL))),
    (("P", "w"), PruneWorkers(POOL)),
    (("P", "n"), CreateWorkPool(POOL)),
)


@pytest.mark.parametrize(("keys", "wish"), WAYS, ids=lambda value: "".join(value)[:12] if isinstance(value, tuple) else type(value).__name__)  # fmt: skip # noqa: E501
async def test_keys_lead_to_a_plan_and_no_further(keys: tuple[str, ...], wish: object) -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await press_each(pilot, keys)
        await at_plan(pilot)
        assert console.wishes == [wish]
        assert not console.applied


async def test_a_click_chooses_and_a_click_approves() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("P")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceModal))
        await pilot.click("#items", offset=(5, 1), times=2)
        await at_plan(pilot)
        assert console.wishes == [ResumeWork(WorkQueueKey(POOL))]
        await pilot.click("#approve")
        await until(pilot, lambda: shows(pilot.app, "✓ Done"))


async def test_drain_is_chosen_in_the_plan_which_is_made_anew() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("z")
        await at_plan(pilot)
        await press_each(pilot, ("up", "up", "up", "space"))
        await until(pilot, lambda: shows(pilot.app, "It waits 600 s for flow runs."))
        await press_each(pilot, ("down", "space", "down", "space"))
        wanted = Suspend(INGEST, Drain(600.0, act_anyway=True), with_pool=True)
        await until(pilot, lambda: console.wishes[-1] == wanted)
        await press_each(pilot, ("down", "down", "enter"))
        await until(pilot, lambda: shows(pilot.app, "✓ Done"))
        (applied,) = console.applied
        assert any("600 s" in warning for warning in applied.warnings)


async def test_options_that_cannot_be_keep_the_plan_that_can() -> None:
    console = ScriptedConsole(demo())
    made = console.plan

    async def plan(wish):
        if wish != Suspend(INGEST):
            raise ConfigurationError("the compute pool is in use")
        return await made(wish)

    console.plan = plan
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("z")
        await at_plan(pilot)
        await press_each(pilot, ("up", "space"))
        await until(pilot, lambda: pilot.app._notifications)
        compute_pool = pilot.app.screen.query(OptionLine).last()
        await until(pilot, lambda: compute_pool._value == "leave")
        await press_each(pilot, ("down", "down", "enter"))
        await until(pilot, lambda: console.applied)


async def test_read_only_is_said_and_nothing_can_be_approved() -> None:
    console = ScriptedConsole(demo())
    console.read_only = ReadOnly(everything=True)
    async with opened(console) as pilot:
        assert "READ-ONLY" in seen(pilot.app)[0]
        await select(pilot, "INGEST")
        for keys in (("z",), ("P", "p"), ("b", "d", "enter")):
            await press_each(pilot, keys)
            await at_plan(pilot)
            assert shows(pilot.app, "this is read-only mode, in which nothing is changed")
            assert not pilot.app.screen.query_one("#approve").display
            await press_each(pilot, ("enter",))
            await until(pilot, lambda: not pilot.app.screen.is_modal)
        assert not console.applied


async def test_a_read_only_connection_is_said_beside_its_name() -> None:
    console = ScriptedConsole(demo())
    console.read_only = ReadOnly(connections=frozenset({"prod"}))
    async with opened(console) as pilot:
        assert "prod read-only" in seen(pilot.app)[0]
        assert "dev read-only" not in seen(pilot.app)[0]


def bytes_of(part: str, done: int, total: int) -> StepProgress:
    return StepProgress(None, StepState.RUNNING, part=part, done=done, total=total)


def held(step: str) -> ScriptedConsole:
    console = ScriptedConsole(demo())
    console.held[step] = asyncio.Event()
    console.said = {
        "build": [StepProgress(None, StepState.RUNNING, "Step 3/9 : COPY worker", part="docker")],
        "push": [bytes_of("a1b2c3", 4_200_000, 8_400_000), bytes_of("d4e5f6", 10, 0)],
    }
    return console


async def deploying(pilot) -> None:
    await press_each(pilot, ("b", "d", "enter"))
    await at_plan(pilot)
    await press_each(pilot, ("right", "enter"))


async def test_progress_shows_layers_bytes_and_log_lines() -> None:
    async with opened(held("push")) as pilot:
        await deploying(pilot)
        await until(pilot, lambda: shows(pilot.app, "4.2 MB of 8.4 MB"))
        assert shows(pilot.app, " 50% ")
        assert shows(pilot.app, "docker: Step 3/9 : COPY worker")
        assert shows(pilot.app, "✓  Build the image")
        assert shows(pilot.app, "Leave it running")


async def test_a_change_is_left_and_looked_at_again() -> None:
    console = held("push")
    async with opened(console) as pilot:
        await deploying(pilot)
        await until(pilot, lambda: shows(pilot.app, "4.2 MB of 8.4 MB"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskModal))
        await pilot.press("enter")
        await until(pilot, lambda: not pilot.app.screen.is_modal)
        await pilot.press("p")
        await until(pilot, lambda: shows(pilot.app, "4.2 MB of 8.4 MB"))
        console.held["push"].set()
        await until(pilot, lambda: shows(pilot.app, "✓ Done"))
        assert not shows(pilot.app, "4.2 MB")


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_a_change_is_stopped_only_after_a_question(key: str) -> None:
    async with opened(held("push")) as pilot:
        await deploying(pilot)
        await until(pilot, lambda: shows(pilot.app, "4.2 MB of 8.4 MB"))
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, AskModal))
        assert pilot.app.running
        await pilot.press("right", "enter")
        await until(pilot, lambda: shows(pilot.app, "✗ stopped before its end"))
        assert not pilot.app.running


async def test_quitting_asks_while_a_change_is_under_way() -> None:
    async with opened(held("push")) as pilot:
        await deploying(pilot)
        await until(pilot, lambda: shows(pilot.app, "4.2 MB of 8.4 MB"))
        await pilot.press("enter")
        await until(pilot, lambda: not pilot.app.screen.is_modal)
        await pilot.press("q")
        await until(pilot, lambda: shows(pilot.app, "Stop it and quit"))
        await pilot.press("enter")
        await until(pilot, lambda: not pilot.app.screen.is_modal)
        assert pilot.app.running
        await pilot.press("ctrl+c", "ctrl+c")
        await until(pilot, lambda: shows(pilot.app, "Stop it and quit"))
