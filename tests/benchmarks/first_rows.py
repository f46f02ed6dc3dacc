"""Start to first row and to all rows: 20 services, and 1,000 on 20 connections."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.measuring import environment, report
from spcs_worker_tui.sandbox.launch import launch
from support.terminal import Terminal

RUNS = 5
FLEETS = ((20, 1), (1000, 20))
"""Services and connections."""
WITHIN = 120.0
ARGV = [sys.executable, "-m", "spcs_worker_tui.cli.main"]


def started(env: Mapping[str, str], services: int) -> tuple[float, float, float]:
    """Seconds until something is painted, until a service is on the screen, until all are there."""
    with Terminal(ARGV, env, columns=160, rows=45) as terminal:
        taken = []
        for shown in ("spcs-worker-tui", r"WORKER_0\d\d\d", rf"Services {services}\b"):
            terminal.wait_for(shown, WITHIN)
            taken.append(time.perf_counter() - terminal.started)
    first, row, rows = taken
    return first, row, rows


def main() -> None:
    """Print a line for each fleet."""
    for services, accounts in FLEETS:
        with (
            launch(
                fleet="simulated",
                accounts=accounts,
                services=services,
                speed="instant",
                prefect=False,
                within=WITHIN,
            ) as sandbox,
            tempfile.TemporaryDirectory() as home,
        ):
            env = environment(Path(home), SNOWFLAKE_HOME=str(sandbox.home))
            started(env, services)
            runs = [started(env, services) for _ in range(RUNS)]
        figure = ", ".join(f"{1000 * median(column):.0f} ms" for column in zip(*runs, strict=True))
        report(
            f"first frame, first row, all rows: {services:,} services on {accounts} connections",
            figure,
            "-",
        )


if __name__ == "__main__":
    main()
