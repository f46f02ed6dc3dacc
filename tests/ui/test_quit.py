"""Leaving is quick, whatever has to be ended behind it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from spcs_worker_tui.ui import link
from support.console import ScriptedConsole, demo
from support.screen import fleet_app, ready, until
from support.terminal import Terminal

TESTS = Path(__file__).parents[1]
LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"

STUCK = """
import asyncio
from support.console import demo
from support.live_console import LiveConsole
from spcs_worker_tui.ui import link
from spcs_worker_tui.ui.app import FleetApp

class Stuck(LiveConsole):
    async def close(self):
        await asyncio.Event().wait()

link.CLOSES_WITHIN = 3600
FleetApp(Stuck(demo, every=1, rate=50).open).run()
"""


@pytest.mark.parametrize("keys", ["q", "\x1bq", "2\x1bq"])
def test_the_screen_is_gone_while_closing_goes_on_and_says_so(keys: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "TERM": "xterm-256color"}
    with Terminal([sys.executable, "-c", STUCK], environment) as terminal:
        terminal.wait_for("NIGHTLY", 60)
        terminal.send(keys)
        terminal.wait_for(lambda _: LEFT_ALTERNATE_SCREEN in terminal.raw, 30)
        terminal.wait_for("spcs-worker-tui: Ending the sessions.", 30)
        assert terminal.exit_status is None
        terminal.kill()


async def test_closing_that_is_quick_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    console = ScriptedConsole(demo())
    app = fleet_app(console)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("q")
    assert console.is_closed
    assert "Ending" not in capfd.readouterr().err


async def test_closing_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "CLOSES_SILENTLY", 0.01)
    monkeypatch.setattr(link, "CLOSES_WITHIN", 0.01)
    console = ScriptedConsole(demo())
    app = fleet_app(console)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        console.close = console.more_log.get
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
