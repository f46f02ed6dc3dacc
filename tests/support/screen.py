"""Driving the dashboard in tests: a fixed clock, a scripted console, no waiting for luck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

from textual._xterm_parser import XTermParser
from textual.pilot import Pilot

from spcs_worker_tui.ui.app import FleetApp
from spcs_worker_tui.ui.widgets.fleet_table import FleetTable
from support.console import NOW, ScriptedConsole

SIZE = (120, 40)


def fleet_app(console: ScriptedConsole, **options: Any) -> FleetApp:
    """The dashboard at `NOW`, in UTC, on that console."""
    return FleetApp(console.open, **({"now": lambda: NOW, "zone": UTC} | options))


async def until(pilot: Pilot[Any], condition: Callable[[], object], *, within: float = 20) -> None:
    """Wait until the condition holds; fail with what is on the screen when it never does."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "\n".join(seen(pilot.app))
        await asyncio.sleep(0.01)
        await pilot.pause()


def seen(app: Any) -> list[str]:
    """The lines on the screen, as a reader sees them."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in line)[:width] for line in lines][:height]


def shows(app: Any, text: str) -> bool:
    """Whether the text stands on one line of the screen."""
    return any(text in line for line in seen(app))


@asynccontextmanager
async def opened(
    console: ScriptedConsole, *, size: tuple[int, int] = SIZE, **options: Any
) -> AsyncIterator[Pilot[None]]:
    """The dashboard with its first picture and the first log lines on the screen."""
    app = fleet_app(console, **options)
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        yield pilot


async def ready(pilot: Pilot[Any]) -> None:
    """Wait for the first picture, the selection and the log that belongs to it."""
    app = pilot.app
    await until(pilot, lambda: app.judged is not None or app.failure is not None)
    if app.judged is not None and app.judged.snapshot.services:
        await until(pilot, lambda: app.screen.query_one(FleetTable).has_row(app.selected))
        await until(pilot, lambda: not app.screen.query("#log").first().waiting)
        await until(pilot, lambda: app.desk.log.end > 0 or not app._link._console.log)
    await until(pilot, lambda: app._log_paint is None)
    await pilot.pause()


def burst(pilot: Pilot[Any], typed: str) -> None:
    """Have the terminal deliver all of this in one read."""
    parser, driver = XTermParser(), pilot.app._driver
    assert driver is not None
    for event in [*parser.feed(typed), *parser.feed("")]:
        driver.send_message(event)


async def select(pilot: Pilot[Any], name: str) -> None:
    """Move the cursor down until it is on that service."""
    for _ in range(20):
        if pilot.app.selected.name == name:
            return
        await pilot.press("j")
        await pilot.pause()
    raise AssertionError(f"no row {name}")
