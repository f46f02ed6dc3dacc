"""The real program in a real pseudo-terminal on the sandbox: fleet, heartbeats, runs, a death."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import alive, container_main_processes, marked_processes
from support.terminal import Terminal

REFRESH_SECONDS = 5.0
"""The dashboard's default interval."""

# A Prefect server that has to migrate an empty database first needs 13 s on an idle machine.
SERVER_STARTS = 120.0
WORKER_STARTS = 60.0


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SNOWFLAKE", "PREFECT"))}
    environment = kept | {
        "HOME": str(tmp_path),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        # The migrated template database is worth keeping between runs.
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path("~/.cache").expanduser())),
    }
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main", "--sandbox"]
    with Terminal(argv, environment, columns=200, rows=60, cwd=str(tmp_path)) as terminal:
        yield terminal


def row(screen: str, service: str, connection: str) -> str:
    """The table row of that service, or an empty text."""
    pattern = rf"^.*\b{service}\b\s+{connection}\b.*$"
    found = re.search(pattern, screen, re.MULTILINE)
    return found[0] if found else ""


@pytest.mark.alone
@pytest.mark.timeout(420)
def test_fleet_heartbeat_flow_run_and_the_death_of_a_worker(terminal: Terminal) -> None:
    # The fleet is there long before Prefect is, and says so.
    terminal.wait_for(lambda screen: bool(row(screen, "ETL_WORKER", "dev")), 30)
    terminal.wait_for(lambda screen: bool(row(screen, "ETL_WORKER", "prod")), 10)
    terminal.wait_for(r"broken\s+INGEST_WORKER\s+dev", 60)
    terminal.wait_for(r"broken\s+FORECAST_WORKER\s+prod", 60)
    terminal.wait_for(r"healthy\s+RATES_API", 30)

    # Heartbeats arrive: the worker of ETL_WORKER in dev becomes healthy, with its age shown.
    terminal.wait_for(
        lambda screen: bool(
            re.search(
                r"healthy\s+ETL_WORKER\s+dev.*\b1/1\b.*\s\d+s\s", row(screen, "ETL_WORKER", "dev")
            )
        ),
        SERVER_STARTS + WORKER_STARTS,
    )

    # A flow run shows in its log. The filter leaves this one row, so it is the selected one.
    terminal.send("/conn:dev ETL_WORKER\r")
    terminal.wait_for(r"Services 1\b", 10)
    terminal.wait_for(r"Log ETL_WORKER", 10)
    terminal.wait_for(r"Beginning flow run|Finished in state Completed", 90)

    # Its worker dies. Within two refreshes the verdict has turned, and says why.
    victims = container_main_processes(terminal.pid, "ANALYTICS_DEV", "ETL_WORKER")
    assert len(victims) == 1
    os.kill(victims[0], signal.SIGKILL)
    killed = time.monotonic()
    reasons = "Restart|Starting for|Container up|Stuck"
    # The whole row: a frame may come in pieces.
    terminal.wait_for(
        rf"(degraded|broken)\s+ETL_WORKER\s+dev\b.*({reasons})", 2 * REFRESH_SECONDS + 3
    )
    assert time.monotonic() - killed < 2 * REFRESH_SECONDS + 3

    # Leaving takes everything along.
    children = marked_processes(terminal.pid)
    assert children
    terminal.send("\x1b")
    # Escape and a letter in one read are one key, alt+q, to any terminal program.
    terminal.wait_for(r"Services 9\b", 10)
    terminal.send("q")
    assert terminal.wait_exit(15) == 0
    deadline = time.monotonic() + 15
    while (left := alive(children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not left
