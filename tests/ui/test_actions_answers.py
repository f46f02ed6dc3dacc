"""What a change is asked for before its plan, and what was changed before."""

from __future__ import annotations

import dataclasses

import pytest
from textual.widgets import Input

from spcs_worker_tui.domain.errors import KeyMissingError
from spcs_worker_tui.domain.fleet import ConnectionState, ImageSnapshot, Observation
from spcs_worker_tui.domain.keys import KeyKind, KeyName, Secret
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.domain.wishes import (
    Update,
)
from spcs_worker_tui.ui.modals.form import FormModal
from support import fleet as build
from support.console import ScriptedConsole, demo, verdict
from support.screen import at_plan, opened, press_each, seen, select, shows, until

INGEST = build.key("INGEST")
POOL = build.binding().pool
IN_PLAN = "app.change('{}')"


async def test_images_show_digest_age_and_what_runs() -> None:
    judged = demo()
    images = tuple(
        ImageSnapshot("worker", (tag,), digest, "", build.ago(age))
        for tag, digest, age in (
            ("1.4.0", build.DIGEST, 864_000),
            ("1.5.0", build.OTHER_DIGEST, 120),
        )
    )
    seen_images = {f"dev:{build.REPOSITORY}": Observation(images, build.NOW)}
    snapshot = dataclasses.replace(judged.snapshot, images=seen_images)
    console = ScriptedConsole(JudgedFleet(snapshot, judged.verdicts))
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("u")
        await until(pilot, lambda: shows(pilot.app, "bbbbbbbbbbbb"))
        newest, oldest = (
            next(line for line in seen(pilot.app) if digest in line)
            for digest in ("bbbbbbbbbbbb", "aaaaaaaaaaaa")
        )
        assert "2m ago" in newest
        assert "10d ago" in oldest
        assert "runs now" in oldest
        await press_each(pilot, ("enter",))
        await at_plan(pilot)
        assert console.wishes == [Update(INGEST, image="1.5.0")]


async def test_a_service_without_history_says_so() -> None:
    console = ScriptedConsole(demo())
    console.past = ()
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("B")
        await until(pilot, lambda: pilot.app._notifications)
        (toast,) = pilot.app._notifications
        assert "nothing is known that was deployed to INGEST before" in toast.message


@pytest.mark.parametrize("typed", ["x", "0", "-1"])
async def test_a_number_that_is_none_is_refused_in_the_form(typed: str) -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("C")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormModal))
        pilot.app.screen.query_one("#min", Input).value = typed
        await press_each(pilot, ("enter", "enter"))
        assert isinstance(pilot.app.screen, FormModal)
        assert not console.wishes


async def test_a_read_only_environment_is_not_deployed_to() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await press_each(pilot, ("b", "d", "down", "enter"))
        await until(pilot, lambda: pilot.app._notifications)
        (toast,) = pilot.app._notifications
        assert "environment prod is read-only" in toast.message
        assert not console.wishes


def lacking() -> JudgedFleet:
    key = KeyName(KeyKind.PASSWORD, "lab", "ada@org-lab")
    error = KeyMissingError("connection lab needs a password", key=key, next_step="Type it.")
    lab = build.connection("lab", state=ConnectionState.SIGN_IN_NEEDED, error=error)
    service = build.service()
    good = build.connection("dev", [service])
    fleet = build.fleet(connections=[good, lab], work_pools=[build.work_pool()])
    return JudgedFleet(fleet, {service.key: verdict()})


@pytest.mark.parametrize(("button", "keeps"), [("#ok", False), ("#keep", True)])
async def test_a_lacking_password_is_typed_unseen(button: str, keeps: bool) -> None:
    console = ScriptedConsole(lacking())
    async with opened(console) as pilot:
        await pilot.press("g")
        await until(pilot, lambda: pilot.app.selected.name == "lab")
        await pilot.press("enter")
        await until(pilot, lambda: shows(pilot.app, "the password of connection lab"))
        await pilot.press(*"s3cr3t-wort")
        assert not any("s3cr3t" in line for line in seen(pilot.app))
        await pilot.click(button)
        await until(pilot, lambda: console.given)
        name = KeyName(KeyKind.PASSWORD, "lab", "ada@org-lab")
        assert console.given == [(name, Secret("s3cr3t-wort"), keeps)]


async def test_a_key_for_the_prefect_api_can_be_given() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await select(pilot, "INGEST")
        await pilot.press("K")
        await until(pilot, lambda: shows(pilot.app, "the Prefect API key for"))
        await press_each(pilot, (*"a b", "enter"))
        assert shows(pilot.app, "this is no Prefect API key")
        pilot.app.screen.query_one(Input).value = "pnu_abc"
        await press_each(pilot, ("enter",))
        await until(pilot, lambda: console.given)
        assert console.given == [(KeyName.prefect(POOL.api_url), Secret("pnu_abc"), False)]


async def test_the_audit_log_is_listed_the_newest_first() -> None:
    async with opened(ScriptedConsole(demo())) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: shows(pilot.app, "Insufficient privileges"))
        lines = seen(pilot.app)
        first = next(i for i, line in enumerate(lines) if "failed" in line)
        assert "Suspend ANALYTICS.PREFECT.NIGHTLY" in lines[first]
        assert any("done" in line for line in lines[first:])
        await pilot.press("escape")
        await until(pilot, lambda: shows(pilot.app, "Services 6"))
