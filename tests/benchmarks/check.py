"""`--check` against `snow spcs service list`, and 20 connections against one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measuring import environment, report, seconds, side_by_side
from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.snow import install_snow

RUNS = 5
PROGRAM = [sys.executable, "-m", "spcs_worker_tui.cli.main"]


def run(argv: Sequence[str], env: Mapping[str, str], good: frozenset[int]) -> float:
    """Wall time of one run, which has to end with one of the good exit statuses."""
    done: list[subprocess.CompletedProcess[bytes]] = []
    taken = seconds(
        lambda: done.append(
            subprocess.run(argv, env=dict(env), capture_output=True, check=False, timeout=120)
        )
    )
    if done[0].returncode not in good:
        raise SystemExit(f"{argv}: exit status {done[0].returncode}\n{done[0].stderr.decode()}")
    return taken


def against_snow(sandbox: LaunchedSandbox, home: Path) -> None:
    """One connection, both programs on the same sandbox."""
    env = environment(home, SNOWFLAKE_HOME=str(sandbox.home))
    # Verdicts other than healthy are answers, too; the simulated workers beat nowhere.
    verdicts = frozenset({0, 1, 2})
    snow = [str(install_snow()), "spcs", "service", "list", "-c", sandbox.connections[0]]
    ours, other, ratio = side_by_side(
        RUNS,
        lambda: run([*PROGRAM, "--check"], env, verdicts),
        lambda: run(snow, env, frozenset({0})),
    )
    report(
        "--check of one connection : snow spcs service list",
        f"{ratio:.2f} ({ours:.2f} s : {other:.2f} s)",
        "<= 0.25",
    )


def many_against_one(home: Path) -> None:
    """20 connections with 50 services each, against one with 50."""
    verdicts = frozenset({0, 1, 2})
    with (
        launch(
            fleet="simulated", accounts=20, services=1000, speed="instant", prefect=False
        ) as many,
        launch(fleet="simulated", accounts=1, services=50, speed="instant", prefect=False) as one,
    ):
        twenty, single, ratio = side_by_side(
            RUNS,
            lambda: run(
                [*PROGRAM, "--check"], environment(home, SNOWFLAKE_HOME=str(many.home)), verdicts
            ),
            lambda: run(
                [*PROGRAM, "--check"], environment(home, SNOWFLAKE_HOME=str(one.home)), verdicts
            ),
        )
    report(
        "--check, 20 connections x 50 services : one x 50",
        f"{ratio:.2f} ({twenty:.2f} s : {single:.2f} s)",
        "<= 1.5",
    )


def main() -> None:
    """Print two lines."""
    with tempfile.TemporaryDirectory() as home:
        with launch(fleet="simulated", services=50, speed="instant", prefect=False) as sandbox:
            against_snow(sandbox, Path(home))
        many_against_one(Path(home))


if __name__ == "__main__":
    main()
