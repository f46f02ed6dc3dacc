"""Driving the dashboard in tests: a fixed clock, a scripted console, no waiting for luck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

from textual._context import visible_screen_stack
from textual._xterm_parser import XTermParser
from textual.pilot import Pilot

from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.ui.app import FleetApp
from spcs_worker_tui.ui.log_store import LIMIT
from spcs_worker_tui.ui.modals.plan import PlanModal
from spcs_worker_tui.ui.widgets.fleet_table import FleetTable
from spcs_worker_tui.ui.widgets.log_view import LogView
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
    # With what shines through a dialog: Textual keeps what it painted once.
    visible_screen_stack.set(app._background_screens)
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
    await until(pilot, lambda: is_settled(app))
    await pilot.pause()


def is_settled(app: Any) -> bool:
    """Whether nothing more will change by itself: all keys answered, the whole log shown."""
    if app._type_ahead.is_answering or app._follow_soon is not None or app._log_paint is not None:
        return False
    console, logs = app.link._console, app.screen.query(LogView)
    if console is None or not isinstance(app.selected, ServiceKey):
        return app.judged is not None or app.failure is not None
    came = len(list(app.desk.log.events))
    return (
        console.selected[-1:] == [app.selected]
        and came >= min(len(console.log), LIMIT)
        and not any(log.waiting for log in logs if log.display and log.is_following)
    )


async def still(pilot: Pilot[Any], looks: int = 4) -> None:
    """Wait until nothing moves: no animation, and the same picture that many times on end."""
    same, before = 0, seen(pilot.app)

    def is_same() -> bool:
        nonlocal same, before
        now = seen(pilot.app)
        same = same + 1 if now == before and not pilot.app.animator._animations else 0
        before = now
        return same >= looks

    await until(pilot, is_same)


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


async def press_each(pilot: Pilot[Any], keys: Sequence[str]) -> None:
    """As a person does: the next key when the dialog of the one before is there."""
    for key in keys:
        await pilot.press(key)
        await until(pilot, lambda: not pilot.app._type_ahead.is_answering)
        await until(pilot, lambda: not any(w.group == "plan" for w in pilot.app.workers))
        await pilot.pause()


async def at_plan(pilot: Pilot[Any]) -> None:
    """Wait for a plan, with the focus where nothing happens."""
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanModal))
    await until(pilot, lambda: pilot.app.focused is not None)
    assert pilot.app.focused.id == "cancel"
