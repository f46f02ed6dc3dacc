"""`--check` against `snow spcs service list`, and 20 connections against one."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.measuring import environment, report, seconds, side_by_side
from benchmarks.statements import forget, statements
from spcs_worker_tui.domain.judge import DEFAULT_THRESHOLDS
from spcs_worker_tui.domain.short_way import CLOCKS_DIFFER, starts_window
from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.snow import install_snow

RUNS = 5
LAUNCH_SECONDS = 120.0
SETTLE_SECONDS = 1500.0
HEALTHY = frozenset({0})
ANY = frozenset({0, 1, 2, 3})
"""Verdicts other than healthy are answers, too."""
PROGRAM = [sys.executable, "-m", "spcs_worker_tui.cli.main"]


def run(argv: Sequence[str], env: Mapping[str, str], good: frozenset[int]) -> tuple[float, int]:
    """Wall time and exit status of one run, which has to end with one of the good exit statuses."""
    done: list[subprocess.CompletedProcess[bytes]] = []
    taken = seconds(
        lambda: done.append(
            subprocess.run(argv, env=dict(env), capture_output=True, check=False, timeout=120)
        )
    )
    if done[0].returncode not in good:
        raise SystemExit(f"{argv}: exit status {done[0].returncode}\n{done[0].stderr.decode()}")
    return taken, done[0].returncode


def against_snow(sandbox: LaunchedSandbox, home: Path) -> None:
    """One connection, both programs on the same sandbox."""
    env = environment(home, SNOWFLAKE_HOME=str(sandbox.home))
    snow = [str(install_snow()), "spcs", "service", "list", "-c", sandbox.connections[0]]
    ours, other, ratio = side_by_side(
        RUNS,
        lambda: run([*PROGRAM, "--check"], env, ANY)[0],
        lambda: run(snow, env, HEALTHY)[0],
    )
    report(
        "--check of one connection : snow spcs service list",
        f"{ratio:.2f} ({ours:.2f} s : {other:.2f} s)",
        "<= 0.25",
    )


def many_against_one(home: Path) -> None:
    """20 connections with 50 services each, against one with 50: at first, and ever after."""
    with (
        launch(
            fleet="simulated", accounts=20, services=1000, speed="instant", within=LAUNCH_SECONDS
        ) as many,
        launch(
            fleet="simulated", accounts=1, services=50, speed="instant", within=LAUNCH_SECONDS
        ) as one,
    ):
        sandboxes = (many, one)
        for sandbox in sandboxes:
            wait_for_heartbeats(sandbox)
        # Nothing is known: no spec was ever read.
        cold = [
            Checked(sandbox, home / f"cold-{number}")
            for number in range(RUNS)
            for sandbox in sandboxes
        ]
        report_pair("no spec known yet", cold[::2], cold[1::2])
        for sandbox in sandboxes:
            settle(sandbox, home / "warm")
        warm = [Checked(sandbox, home / "warm") for _ in range(RUNS) for sandbox in sandboxes]
        report_pair("specs known", warm[::2], warm[1::2], "<= 1.5")


class Checked:
    """One `--check`: how long it took, and how many statements the accounts got."""

    def __init__(
        self, sandbox: LaunchedSandbox, home: Path, good: frozenset[int] = HEALTHY
    ) -> None:
        cache = home / sandbox.url.rpartition(":")[2]
        env = environment(
            home, SNOWFLAKE_HOME=str(sandbox.home), SPCS_WORKER_TUI_CACHE_DIR=str(cache)
        )
        forget(sandbox)
        before = children_cpu()
        self.seconds, status = run([*PROGRAM, "--check"], env, good)
        self.is_healthy = status == 0
        self.cpu = children_cpu() - before
        self.statements = len(statements(sandbox))


def report_pair(
    what: str, many: Sequence[Checked], one: Sequence[Checked], target: str = "-"
) -> None:
    """Medians, pair by pair, and what they were made of."""
    ratio = median(a.seconds / b.seconds for a, b in zip(many, one, strict=True))
    twenty, single = (median(c.seconds for c in side) for side in (many, one))
    report(
        f"--check, 20 connections x 50 services : one x 50, {what}",
        f"{ratio:.2f} ({twenty:.2f} s : {single:.2f} s)",
        target,
    )
    for name, side in (("20 x 50", many), ("one x 50", one)):
        cpu, sent = median(c.cpu for c in side), median(c.statements for c in side)
        print(f"  {name}: {sent:.0f} statements, {cpu:.2f} s of CPU in the client")


def wait_for_heartbeats(sandbox: LaunchedSandbox) -> None:
    """Until every played worker has reported to Prefect, which is when all are healthy."""
    with tempfile.TemporaryDirectory() as home:
        until(lambda: Checked(sandbox, Path(home), ANY).is_healthy)


def settle(sandbox: LaunchedSandbox, home: Path) -> None:
    """Until a look needs no more than one statement for each connection, and one page of events.

    All workers of this fleet were started at once; a look reads the starts of the last minutes.
    """
    until(lambda: Checked(sandbox, home, ANY).statements == len(sandbox.connections))
    until(lambda: not has_recent_starts(sandbox))


def has_recent_starts(sandbox: LaunchedSandbox) -> bool:
    """Whether a look would be told of a worker that has started."""
    since = datetime.now(UTC) - starts_window(DEFAULT_THRESHOLDS) - CLOCKS_DIFFER
    chosen = {
        "event": {"name": ["prefect.worker.started"]},
        "occurred": {"since": since.isoformat()},
    }
    request = urllib.request.Request(
        f"{sandbox.prefect_api_url}/events/filter",
        data=json.dumps({"filter": chosen, "limit": 1}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bool(json.load(answer)["events"])


def until(done: Callable[[], bool]) -> None:
    """Ask every few seconds."""
    end = time.monotonic() + SETTLE_SECONDS
    while not done():
        if time.monotonic() > end:
            raise SystemExit(f"the fleet did not settle within {SETTLE_SECONDS:g} s")
        time.sleep(5)


def children_cpu() -> float:
    """User and system time of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as home:
        with launch(fleet="simulated", services=50, speed="instant", prefect=False) as sandbox:
            against_snow(sandbox, Path(home))
        many_against_one(Path(home))


if __name__ == "__main__":
    main()
