"""The real program in a real pseudo-terminal on the sandbox: services changed with its keys.

Nothing is built or pushed here, which needs a Docker engine.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pressing import (
    DOWN,
    ENTER,
    ESCAPE,
    SOON,
    UP,
    approved,
    close,
    planned,
)
from support.terminal import Terminal

FLEET = 90.0
PREFECT = 240.0
"""A server that migrates an empty database first, and a worker that starts after it."""


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
    terminal.wait_for("Nothing differs from what is deployed", SOON)
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


@pytest.mark.timeout(900)
def test_work_pool_paused_and_resumed_and_suspended_with_drain(terminal: Terminal) -> None:
    choose(terminal, "ETL_WORKER", "dev")
    terminal.wait_for(r"healthy\s+ETL_WORKER\s+dev\b.*\b1/1\b", PREFECT)

    terminal.send("P")
    terminal.wait_for("Work pool etl-dev", SOON)
    terminal.send("p")
    planned(terminal, "PATCH /work_pools/etl-dev is_paused=true")
    approved(terminal, "Pause")
    close(terminal)
    terminal.wait_for(r"process · PAUSED", SOON)
    terminal.send("P")
    terminal.wait_for("Work pool etl-dev", SOON)
    terminal.send("r")
    planned(terminal, "PATCH /work_pools/etl-dev is_paused=false")
    approved(terminal, "Resume")
    close(terminal)
    terminal.wait_for(lambda screen: "PAUSED" not in screen, SOON)

    terminal.send("z")
    planned(terminal, "ETL_WORKER SUSPEND", r"Let flow runs finish first\s+< no >")
    # Above Cancel: the compute pool, what happens when it is late, and this.
    terminal.send(UP * 3 + " ")
    planned(terminal, r"< up to 10 min >", "Pause work pool etl-dev", "Unpause work pool etl-dev")
    terminal.send(DOWN * 3)
    approved(terminal, "Suspend")
    close(terminal)
    terminal.wait_for(r"ETL_WORKER\s+dev\b.*SUSPENDED", SOON)
    terminal.wait_for(lambda screen: "PAUSED" not in screen, SOON)
