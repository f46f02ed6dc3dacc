"""Nothing is changed by slip: every dialog begins with Cancel, and says what it would send."""

from __future__ import annotations

import asyncio

import pytest

from spcs_worker_tui.domain.errors import StatementRefusedError
from spcs_worker_tui.domain.wishes import Resume
from spcs_worker_tui.ui.modals.ask import AskModal
from spcs_worker_tui.ui.modals.plan import PlanModal
from support.console import ScriptedConsole, demo
from support.screen import opened, select, shows, until


async def ask(pilot, name: str = "INGEST") -> None:
    await select(pilot, name)
    await pilot.press("z")
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
    await until(pilot, lambda: shows(pilot.app, "ALTER SERVICE"))


async def test_the_question_shows_the_object_the_account_and_the_statement() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await ask(pilot)
        assert shows(pilot.app, "ALTER SERVICE ANALYTICS.PREFECT.INGEST SUSPEND")
        assert shows(pilot.app, "connection dev, account ORG-DEV, role OPERATOR")
        assert shows(pilot.app, "1 run is running on this worker")
        assert pilot.app.focused.id == "cancel"


@pytest.mark.parametrize("key", ["enter", "escape", "space"])
async def test_the_first_key_sends_nothing(key: str) -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await ask(pilot)
        await pilot.press(key)
        await pilot.pause()
        assert not console.applied


async def test_no_letter_sends_anything() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await ask(pilot)
        await pilot.press(*"abcdefghijklmnopqrstuvwxyzYSZ")
        await pilot.pause()
        assert isinstance(pilot.app.screen, PlanModal)
        assert not console.applied


async def test_yes_applies_once_and_shows_every_step() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await ask(pilot)
        await pilot.press("right", "enter")
        await until(pilot, lambda: shows(pilot.app, "✓ Done"))
        assert [plan.service.name for plan in console.applied] == ["INGEST"]
        assert shows(pilot.app, "Statement 01b2 took 0.3 s")
        assert console.refreshes == 1
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, PlanModal))
        assert len(console.applied) == 1


async def test_a_suspended_service_is_resumed() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await ask(pilot, "NIGHTLY")
        assert shows(pilot.app, "ALTER SERVICE ANALYTICS.PREFECT.NIGHTLY RESUME")
        assert isinstance(console.wishes[0], Resume)


async def test_a_refusal_is_told_in_the_dialog() -> None:
    refusal = StatementRefusedError(
        "Insufficient privileges to operate on service 'INGEST'",
        errno=3001,
        next_step="GRANT OPERATE ON SERVICE … TO ROLE OPERATOR",
    )
    console = ScriptedConsole(demo(), refused=refusal)
    async with opened(console) as pilot:
        await ask(pilot)
        await pilot.press("right", "enter")
        await until(pilot, lambda: shows(pilot.app, "✗ Insufficient privileges"))
        assert shows(pilot.app, "GRANT OPERATE ON SERVICE … TO ROLE OPERATOR")
        # Told where it is read, and not a second time beside it.
        assert not pilot.app._notifications


async def test_the_plan_is_about_the_service_it_was_asked_for() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await ask(pilot)
        pilot.app.selected = next(iter(demo().verdicts))
        await pilot.press("right", "enter")
        await until(pilot, lambda: console.applied)
        assert console.applied[0].service.name == "INGEST"


async def test_a_closed_dialog_does_not_stop_the_plan() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await ask(pilot)
        await pilot.press("right", "enter", "escape")
        await until(pilot, lambda: any(t.title == "Done" for t in pilot.app._notifications))


async def test_a_dialog_shows_only_its_own_progress() -> None:
    console = ScriptedConsole(demo())
    gate = asyncio.Event()
    play = console.apply

    async def slow(plan):
        async for progress in play(plan):
            await gate.wait()
            yield progress

    console.apply = slow
    async with opened(console) as pilot:
        await ask(pilot, "INGEST")
        await pilot.press("right", "enter", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskModal))
        await pilot.press("enter")
        await until(pilot, lambda: not pilot.app.screen.is_modal)
        await ask(pilot, "REPORTS")
        gate.set()
        await until(pilot, lambda: any(t.title == "Done" for t in pilot.app._notifications))
        assert shows(pilot.app, "ALTER SERVICE ANALYTICS.PREFECT.REPORTS SUSPEND")
        assert not shows(pilot.app, "✓")
        assert pilot.app.focused.id == "cancel"


async def test_enter_in_the_sort_menu_changes_nothing() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("s", "enter", "z", "escape")
        await pilot.pause()
        assert not console.wishes
        assert shows(pilot.app, "by verdict")
