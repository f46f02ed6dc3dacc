"""Signing in may print and ask: it has the terminal to itself, and gives it back."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from spcs_worker_tui.domain.errors import SignInNeededError
from support.console import ScriptedConsole, demo
from support.screen import opened, shows, until
from support.terminal import Terminal

TESTS = Path(__file__).parents[1]
ENTERS, LEAVES = b"\x1b[?1049h", b"\x1b[?1049l"

ASKS = """
import asyncio, sys
from support.console import demo
from support.live_console import LiveConsole
from spcs_worker_tui.domain.errors import SignInNeededError
from spcs_worker_tui.ui.app import FleetApp

class Asks(LiveConsole):
    async def sign_in(self, connection):
        print("Open this address yourself: https://login.example")
        answer = await asyncio.to_thread(input, "Code: ")
        if answer != "right":
            raise SignInNeededError(f"the code {answer} was refused")

FleetApp(Asks(demo, every=0.2, rate=50).open).run()
"""


@pytest.mark.parametrize(("code", "then"), [("right", "lab"), ("wrong", "wrong was refused")])
def test_it_has_the_terminal_to_itself(code: str, then: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "TERM": "xterm-256color"}
    with Terminal([sys.executable, "-c", ASKS], environment) as terminal:
        terminal.wait_for("NIGHTLY", 60)
        terminal.send("g\r")
        terminal.wait_for("Code:", 30)
        shown = bytes(terminal.raw).split(LEAVES)[-1]
        assert b"signing in to lab. A browser may open." in shown
        assert b"Open this address yourself: https://login.example" in shown
        assert ENTERS not in shown
        terminal.send(f"{code}\n")
        terminal.wait_for(lambda _: ENTERS in terminal.raw.split(LEAVES)[-1], 30)
        terminal.wait_for(then, 30)
        asked = bytes(terminal.raw).split(LEAVES)[-1].split(ENTERS)[0]
        assert b"NIGHTLY" not in asked, "nothing is painted over the question"
        terminal.send("q")
        assert terminal.wait_exit(30) == 0


async def test_where_the_screen_cannot_step_aside_it_says_what_happens() -> None:
    console = ScriptedConsole(demo())
    async with opened(console) as pilot:
        await pilot.press("g", "enter")
        await until(pilot, lambda: shows(pilot.app, "Signing in to lab. A browser may open."))
        assert console.signed_in == ["lab"]


async def test_a_refused_sign_in_is_said() -> None:
    console = ScriptedConsole(demo())

    async def refuse(connection: str) -> None:
        raise SignInNeededError(f"{connection} was refused", next_step="Try again.")

    console.sign_in = refuse
    async with opened(console) as pilot:
        await pilot.press("g", "enter")
        await until(pilot, lambda: shows(pilot.app, "lab was refused. Try again."))
