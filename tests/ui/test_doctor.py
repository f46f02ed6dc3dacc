"""The doctor's screen: findings as they come, what helps, copied or mended through a plan."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.domain.doctor import (
    THIS_MACHINE,
    Cure,
    Finding,
    MakePrivate,
    Outcome,
    SendStatements,
)
from spcs_worker_tui.domain.doctor_clock import CLOCK
from spcs_worker_tui.domain.doctor_connections import LOGIN, PERMISSIONS
from spcs_worker_tui.domain.doctor_machine import DOCKER, KEYRING
from spcs_worker_tui.domain.doctor_prefect import KEY, POOL
from spcs_worker_tui.domain.doctor_privileges import PRIVILEGES
from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.ui.doctor_lines import cure_lines, finding_line, ordered, to_copy
from spcs_worker_tui.ui.format import UNICODE
from spcs_worker_tui.ui.modals.plan import PlanModal
from spcs_worker_tui.ui.screens.doctor import DoctorScreen
from support.console import ScriptedConsole, demo
from support.screen import fleet_app, opened, ready, seen, shows, still, until

GRANT = "GRANT MONITOR ON SERVICE ANALYTICS.PREFECT.INGEST TO ROLE PREFECT_OPERATOR"
API = "https://prefect.example.com/api"
MISSING = Finding(
    PRIVILEGES,
    "prod",
    Outcome.PROBLEM,
    "role PREFECT_OPERATOR lacks MONITOR on service ANALYTICS.PREFECT.INGEST, so its log is not "
    "shown",
    Cure("Have it granted.", statements=(GRANT,)),
    SendStatements("prod", "Grant MONITOR on INGEST", (GRANT,)),
    connection="prod",
)
NO_KEY = Finding(
    KEY,
    API,
    Outcome.PROBLEM,
    "prefect.example.com refuses the key (401)",
    Cure("Keep the right one.", commands=(f"spcs-worker-tui keys set {API}",)),
)
OPEN_FILE = Finding(
    PERMISSIONS,
    THIS_MACHINE,
    Outcome.NOTICE,
    "~/.snowflake/connections.toml (0644) can be read by others",
    Cure("Take the others' rights away.", commands=("chmod 600 ~/.snowflake/connections.toml",)),
    MakePrivate("~/.snowflake/connections.toml"),
)
DISASTER = Finding(LOGIN, "prod", Outcome.PROBLEM, "the account refused the sign-in")
UNSEEN = Finding(CLOCK, "dev", Outcome.UNKNOWN, "dev does not answer", Cure("Check the network."))
WELL = tuple(
    Finding(check, THIS_MACHINE, Outcome.OK, f"{check.id} is as it should be")
    for check in (LOGIN, DOCKER, KEYRING, POOL)
)
FINDINGS = (*WELL, OPEN_FILE, UNSEEN, NO_KEY, MISSING)


def console(*findings: Finding) -> ScriptedConsole:
    made = ScriptedConsole(demo())
    made.findings = findings or FINDINGS
    return made


async def doctor(pilot: Any) -> DoctorScreen:
    await pilot.press("D")
    await until(pilot, lambda: isinstance(pilot.app.screen, DoctorScreen))
    return pilot.app.screen


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_picture(snap_compare: Any, size: tuple[int, int]) -> None:
    app = fleet_app(console())

    async def prepare(pilot: Any) -> None:
        await ready(pilot)
        await doctor(pilot)
        await until(pilot, lambda: shows(app, "GRANT MONITOR") and not shows(app, "looking"))
        await still(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)


async def test_the_worst_comes_first_and_what_is_well_on_request() -> None:
    async with opened(console()) as pilot:
        await doctor(pilot)
        await until(pilot, lambda: shows(pilot.app, "✗ broken"))
        lines = [line for line in seen(pilot.app) if " problem " in line or " notice " in line]
        assert "prefect-key" in lines[1]
        assert "privileges" in lines[0]
        assert not shows(pilot.app, "keyring is as it should be")
        await pilot.press("a")
        await until(pilot, lambda: shows(pilot.app, "keyring is as it should be"))
        assert shows(pilot.app, "2 problem, 1 unknown, 1 notice, 4 ok")


async def test_findings_come_while_it_looks_and_the_cursor_stays_where_one_reads() -> None:
    it = console(OPEN_FILE, NO_KEY)
    it.looking = asyncio.Event()
    async with opened(it) as pilot:
        screen = await doctor(pilot)
        await until(pilot, lambda: len(screen.rows) == 2)
        assert shows(pilot.app, "looking")
        assert screen.finding == NO_KEY
        screen._found.append(DISASTER)
        screen._show()
        await pilot.pause()
        assert screen.finding == DISASTER  # until the cursor is moved it is on the worst
        screen._found.remove(DISASTER)
        screen._show()
        await pilot.press("j")
        await until(pilot, lambda: screen.finding == OPEN_FILE)
        screen._found.append(MISSING)
        screen._show()
        await pilot.pause()
        assert screen.finding == OPEN_FILE
        it.looking.set()
        await until(pilot, lambda: not shows(pilot.app, "looking"))


async def test_what_helps_is_shown_copied_and_mended_through_a_plan() -> None:
    it = console()
    async with opened(it) as pilot:
        screen = await doctor(pilot)
        await until(pilot, lambda: shows(pilot.app, f"{GRANT};"))
        assert shows(pilot.app, "docs/troubleshooting.md#privileges")
        await pilot.press("c")
        assert pilot.app.clipboard == f"{GRANT};"
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
        assert it.wishes == [MISSING.fix]
        assert pilot.app.focused.id == "cancel"
        await pilot.press("right", "enter")
        await until(pilot, lambda: it.applied)
        it.findings = WELL
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen and it.examined == 2)
        await until(pilot, lambda: shows(pilot.app, "Nothing is wrong"))


async def test_a_plan_that_is_not_approved_changes_nothing_and_looks_at_nothing() -> None:
    it = console()
    async with opened(it) as pilot:
        screen = await doctor(pilot)
        await until(pilot, lambda: shows(pilot.app, f"{GRANT};"))
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert (it.applied, it.examined) == ([], 1)


async def test_what_only_a_person_can_do_has_no_key() -> None:
    async with opened(console(NO_KEY)) as pilot:
        screen = await doctor(pilot)
        await until(pilot, lambda: shows(pilot.app, f"keys set {API}"))
        assert screen.check_action("mend", ()) is None
        await pilot.press("m")
        await pilot.pause()
        assert pilot.app.screen is screen


async def test_it_looks_again_and_closing_it_ends_the_looking() -> None:
    it = console()
    it.looking = asyncio.Event()
    async with opened(it) as pilot:
        await doctor(pilot)
        await until(pilot, lambda: it.examined == 1)
        await pilot.press("r")
        await until(pilot, lambda: it.examined == 2)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, DoctorScreen))
        assert not any(worker.group == "examine" for worker in pilot.app.workers)


async def test_without_a_console_it_looks_alone_and_names_the_command() -> None:
    it = console(OPEN_FILE)

    async def open_console() -> ScriptedConsole:
        raise PlanRefusedError("the connections file can be written by others")

    app = fleet_app(it, examine_alone=it.examine)
    app.link._open_console = open_console
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: app.failure is not None)
        screen = await doctor(pilot)
        await until(pilot, lambda: screen.finding == OPEN_FILE)
        assert shows(app, "`spcs-worker-tui doctor --fix` has a plan")
        await pilot.press("m")
        await until(pilot, lambda: any("doctor --fix" in n.message for n in app._notifications))
        assert app.screen is screen


async def test_the_palette_knows_it() -> None:
    async with opened(console()) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: pilot.app.screen.__class__.__name__ == "CommandPalette")
        await pilot.press(*"doctor")
        await until(pilot, lambda: shows(pilot.app, "key D"))


HOSTILE = st.text(max_size=200)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_text_from_outside_is_clean_and_fits(subject: str, text: str, words: str) -> None:
    finding = Finding(CLOCK, subject, Outcome.NOTICE, text, Cure(words, (text,), (words,)))
    lines = [finding_line(finding, UNICODE), *cure_lines(finding, 60)]
    joined = "".join(cell.text for line in lines for cell in line)
    assert "\x1b" not in joined
    assert "\n" not in joined
    assert to_copy(finding)
    assert ordered([finding], with_ok=False) == [finding]
