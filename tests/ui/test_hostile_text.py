"""Whatever comes from outside is text: no markup, no control sequence, no broken column."""

from __future__ import annotations

import dataclasses
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spcs_worker_tui.domain.errors import FleetError, SnowflakeUnreachableError
from spcs_worker_tui.domain.fleet import ConnectionState
from spcs_worker_tui.domain.log import LogLine, LogNotice, LogSource
from spcs_worker_tui.domain.spec_document import Variable
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.domain.verdict import Fact, Health, JudgedFleet
from support import fleet as build
from support.console import NOW, ScriptedConsole, plan, verdict
from support.screen import opened, seen, select, shows, until

HOSTILE = [
    "[/x] [bold red]not red[/] [@click=app.quit]quit[/]",
    "\x1b[2J\x1b]52;c;ZXZpbA==\x07\x1b[31mred",
    "\x9b31mred \x90q\x9c \x00\x07\x08",
    "\u202egnirts\u2066 a\u200bb \ufeff",
    "日本語のサービス 🚀 e\u0301",
    "$verdict-broken {} %s \\[",
    "\ud800",
    "",
]


def hostile_fleet(raw: str) -> JudgedFleet:
    """A picture in which that text, cleaned as an adapter does, is everywhere."""
    text = one_line(raw)
    name = text or "X"
    error = FleetError(text, next_step=text)
    container = build.container(message=text, image_name=f"/db/s/r/{name}:{name}")
    pool_key = dataclasses.replace(build.binding(name))
    service = build.service(
        name,
        database=name,
        schema=name,
        containers=[container],
        binding=pool_key,
        compute_pool=name,
        comment=text,
        owner=name,
    )
    pool = build.work_pool(
        name,
        workers=[build.worker(name)],
        queues=[build.queue(name)],
        late=[build.late_run(name=name, flow_name=name)],
        running=[build.running_run(name=name, worker_name=name)],
        type=text,
        status=text,
        server_version=text,
    )
    bad = build.connection(
        f"{name}-2", state=ConnectionState.REFUSED, error=error, account=text, role=text
    )
    good = build.connection("dev", [service], account=text, user=text, role=text)
    snapshot = build.fleet(work_pools=[pool], connections=[good, bad], work_pools_error=error)
    facts = (Fact(name, text, NOW, text),)
    judged = verdict(
        Health.BROKEN, text, next_step=text, sync_detail=text, facts=facts, workers=(name,)
    )
    return JudgedFleet(snapshot, {service.key: judged})


@pytest.mark.parametrize("raw", [*HOSTILE[:2], "a[/]"])
async def test_every_dialog_shows_hostile_text_as_text(raw: str) -> None:
    console = ScriptedConsole(hostile_fleet(raw))
    console.variables = [Variable("X", one_line(raw)), Variable("Y", secret=one_line(raw))]
    async with opened(console) as pilot:
        before = len(pilot.app.screen_stack)
        for key in ("z", "u", "e", "R", "C", "B", "P", "K", "p", "a", "D", "s", "question_mark"):
            await pilot.press(key)
            await pilot.pause()
            lines = seen(pilot.app)
            assert not any(ch in "".join(lines) for ch in "\x1b\x9b\x00\x07\u202e\u200b")
            for _ in range(5):
                if len(pilot.app.screen_stack) > before:
                    await pilot.press("escape")
                    await pilot.pause()
            assert len(pilot.app.screen_stack) == before, key
        assert pilot.app.is_running


@pytest.mark.parametrize("raw", HOSTILE)
async def test_every_place_shows_hostile_text_as_text(raw: str) -> None:
    source = LogSource(0, one_line(raw) or "c")
    log = [LogLine(source, 1, one_line(raw)), LogNotice(one_line(raw))]
    console = ScriptedConsole(hostile_fleet(raw), log=log)

    async def make_plan(wish):
        return plan(wish.service, warnings=(one_line(raw),))

    console.plan = make_plan  # type: ignore[method-assign]
    async with opened(console) as pilot:
        for key in ("j", "k", "w", "d", "y", "1", "l", "escape", "z", "escape", "c", "colon"):
            await pilot.press(key)
            await pilot.pause()
            lines = seen(pilot.app)
            assert not any(ch in "".join(lines) for ch in "\x1b\x9b\x00\x07\u202e\u200b")
        assert pilot.app.is_running


async def test_markup_is_shown_as_it_was_written() -> None:
    async with opened(ScriptedConsole(hostile_fleet(HOSTILE[0]))) as pilot:
        await until(pilot, lambda: shows(pilot.app, "[/x] [bold red]not red[/]"))


async def test_columns_stay_in_line_with_wide_characters() -> None:
    wide = build.service("日本語サービス")
    plain = build.service("PLAIN")
    judged = JudgedFleet(build.fleet(wide, plain), {wide.key: verdict(), plain.key: verdict()})
    async with opened(ScriptedConsole(judged)) as pilot:
        from rich.cells import cell_len

        rows = [line for line in seen(pilot.app) if " RUNNING " in line]
        assert len({cell_len(row[: row.index("RUNNING")]) for row in rows}) == 1


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=80))
async def test_any_text_at_all(raw: str) -> None:
    console = ScriptedConsole(
        hostile_fleet(raw), log=[LogLine(LogSource(0, "c"), 1, one_line(raw))]
    )
    async with opened(console) as pilot:
        await pilot.press("w", "1", "escape")
        assert pilot.app.is_running


async def test_hostile_errors_in_toasts_and_panels() -> None:
    for raw in HOSTILE:
        text = one_line(raw)
        console = ScriptedConsole(
            hostile_fleet(raw), SnowflakeUnreachableError(text, next_step=text)
        )
        async with opened(console) as pilot:
            await until(pilot, lambda: pilot.app._notifications)
            await pilot.pause()
            assert pilot.app.is_running


async def test_nothing_but_text_reaches_the_terminal(monkeypatch) -> None:
    """What the driver would write holds no sequence that came from outside."""
    evil = "\x1b]52;c;ZXZpbA==\x07"
    console = ScriptedConsole(
        hostile_fleet(evil), log=[LogLine(LogSource(0, "c"), 1, one_line(evil))]
    )
    async with opened(console) as pilot:
        written = io.StringIO()
        monkeypatch.setattr(pilot.app._driver, "write", written.write)
        await select(pilot, "X")
        pilot.app.screen.refresh()
        await pilot.pause()
        assert "52;c" not in written.getvalue()
