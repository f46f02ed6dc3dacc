"""The real program in a real pseudo-terminal on the sandbox: services changed with its keys.

Nothing is built or pushed here, which needs a Docker engine.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.terminal import Terminal

ENTER, ESCAPE, RIGHT = "\r", "\x1b", "\x1b[C"
SOON = 90.0
"""Generous: a screen of this size is much to paint for a machine that does other things, too."""
FLEET = 90.0
CHANGE = 240.0


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """One dashboard for all of this: a sandbox takes half a minute to come to life."""
    home = tmp_path_factory.mktemp("home")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SNOWFLAKE", "PREFECT"))}
    environment = kept | {
        "HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path("~/.cache").expanduser())),
    }
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main", "--sandbox"]
    with Terminal(argv, environment, columns=200, rows=60, cwd=str(home)) as terminal:
        terminal.wait_for(r"RATES_API\s+prod\b.*RUNNING\s+1/1", FLEET)
        yield terminal


def choose(terminal: Terminal, service: str, connection: str) -> None:
    """Filter so that this row is the only one, and so the selected one."""
    terminal.send(ESCAPE)
    terminal.wait_for(r"Services 9\b(?! of)", SOON)
    terminal.send(f"/conn:{connection} {service}{ENTER}")
    terminal.wait_for(r"Services 1 of 9", SOON)
    terminal.wait_for(rf"Log {service}\b", SOON)


def planned(terminal: Terminal, *said: str) -> None:
    """The plan's dialog is there, with all of this in it."""
    for words in (*said, r"\bCancel\b"):
        terminal.wait_for(words, CHANGE)


def approved(terminal: Terminal, verb: str, ends: str = "✓ Done") -> None:
    """Say yes to the plan whose button is called so, and see it through."""
    terminal.wait_for(rf"Cancel\s+{verb}\b", SOON)
    terminal.send(RIGHT)
    terminal.send(ENTER)
    terminal.wait_for(ends, CHANGE)


def close(terminal: Terminal) -> None:
    """Leave a dialog that has come to its end."""
    terminal.wait_for(r"\bClose\b", SOON)
    terminal.send(ENTER)
    terminal.wait_for(lambda screen: not re.search(r"\bClose\b", screen), SOON)


@pytest.mark.timeout(900)
def test_scale_update_environment_roll_back_restart_suspend_resume(terminal: Terminal) -> None:
    choose(terminal, "RATES_API", "prod")

    terminal.send("C")
    terminal.wait_for("It has 1 instance now", SOON)
    terminal.send(f"{ENTER}\x7f2{ENTER}")
    planned(terminal, "SET MIN_INSTANCES = 1 MAX_INSTANCES = 2")
    approved(terminal, "Scale")
    close(terminal)

    terminal.send("u")
    terminal.wait_for(r"5\.2 .* runs now", SOON)
    terminal.send("t")
    terminal.wait_for("Nothing differs from what is deployed", CHANGE)
    close(terminal)

    terminal.send("e")
    terminal.wait_for(r"PORT\s+8000\s+literal", SOON)
    terminal.send("a")
    terminal.wait_for("Add a variable", SOON)
    terminal.send(f"REGION{ENTER}eu-west-1{ENTER}")
    terminal.wait_for(r"\+ REGION\s+eu-west-1", SOON)
    terminal.send("s")
    planned(terminal, r"\+  api: variable REGION added: 'eu-west-1'", "FROM SPECIFICATION")
    approved(terminal, "Apply")
    close(terminal)
    # What was sent is no edit any more.
    terminal.wait_for("Services 1 of 9", SOON)

    terminal.send("B")
    terminal.wait_for("deployed now .*updated by", SOON)
    terminal.send(ENTER)
    planned(terminal, r"-  api: variable REGION removed", "rates-api:5.2@sha256:")
    approved(terminal, "Roll back")
    close(terminal)

    terminal.send("R")
    planned(terminal, "RATES_API SUSPEND", "RATES_API RESUME")
    approved(terminal, "Restart")
    close(terminal)

    terminal.send("z")
    planned(terminal, "RATES_API SUSPEND")
    # No worker, so no drain is offered; the last option is above Cancel.
    terminal.wait_for(r"Compute pool SHARED_POOL\s+< leave >", SOON)
    approved(terminal, "Suspend")
    close(terminal)
    terminal.wait_for(r"suspended\s+RATES_API", SOON)
    terminal.send("z")
    planned(terminal, "RATES_API RESUME")
    approved(terminal, "Resume")
    close(terminal)
    terminal.wait_for(r"RATES_API\s+prod\b.*RUNNING", SOON)
