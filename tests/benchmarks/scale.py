"""1,000 services on 20 connections: what watching them costs, and how soon a key is answered."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path

from benchmarks.measuring import cpu_seconds, environment, memory_mib, percentile, report
from benchmarks.statements import forget, settle, statements
from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.terminal import Terminal

ACCOUNTS, SERVICES = 20, 1000
INTERVAL_SECONDS = 5.0
WATCHED_SECONDS = 60.0
KEYS = 400
LINES_A_SECOND = 200
CHATTY = "ANALYTICS.ORCHESTRATION.WORKER_0000"
CONNECTION = "site-01"
PROGRAM = [sys.executable, "-m", "spcs_worker_tui.cli.main"]


async def make_chatty(home: Path) -> None:
    """Have one worker write `LINES_A_SECOND` log lines, by an image that does."""
    import snowflake.connector.aio as connector

    parameters = tomllib.loads((home / "connections.toml").read_text())[CONNECTION]
    async with connector.SnowflakeConnection(**parameters) as connection:
        cursor = connection.cursor()
        await cursor.execute(f"DESCRIBE SERVICE {CHATTY}")
        columns = [column.name for column in cursor.description or ()]
        row = await cursor.fetchone()
        spec = str(dict(zip(columns, row or (), strict=True))["spec"])
        # What DESCRIBE shows is more than CREATE and ALTER take (contract 1.2).
        given = re.sub(r"^\s*sha256:.*\n", "", spec, flags=re.MULTILINE)
        louder = given.replace("worker:1", "worker:chatty")
        await cursor.execute(f"ALTER SERVICE {CHATTY} FROM SPECIFICATION $${louder}$$")


def prefect_answers(sandbox: LaunchedSandbox) -> bool:
    """Whether the Prefect server is up and knows the workers of every pool."""
    for number in range(1, ACCOUNTS + 1):
        request = urllib.request.Request(
            f"{sandbox.prefect_api_url}/work_pools/site-{number:02}/workers/filter",
            data=json.dumps({"limit": 1}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                if not json.load(answer):
                    return False
        except OSError:
            return False
    return True


def wait_until_known(sandbox: LaunchedSandbox, terminal: Terminal) -> None:
    """Return once no tick describes any service any more and Prefect has all workers."""
    while True:
        forget(sandbox)
        settle(terminal, 2 * INTERVAL_SECONDS)
        described = any(text.startswith("DESCRIBE") for text in statements(sandbox))
        if not described and prefect_answers(sandbox):
            return


def cursor_row(terminal: Terminal) -> str | None:
    """Service and connection on the line whose background is the cursor's: the only other one."""
    screen = terminal.screen
    for number in range(4, screen.lines):
        backgrounds = {screen.buffer[number][column].bg for column in (6, 40, 90)}
        if len(backgrounds) == 1 and backgrounds != {plain(terminal)}:
            return screen.display[number][14:60]
    return None


def plain(terminal: Terminal) -> str:
    """The background of a table row that the cursor is not on."""
    screen = terminal.screen
    rows = [screen.buffer[number][90].bg for number in range(4, 20)]
    return max(set(rows), key=rows.count)


def key_to_paint(terminal: Terminal, key: str) -> float:
    """Seconds from a key that moves the cursor until the screen shows it on another row."""
    before = cursor_row(terminal)
    start = time.perf_counter()
    terminal.send(key)
    while cursor_row(terminal) in (before, None):
        terminal.pump(0.05)
        if time.perf_counter() - start > 5:
            raise SystemExit(f"the cursor did not move:\n{terminal.text}")
    return time.perf_counter() - start


def select_chatty(terminal: Terminal) -> None:
    """Put the cursor on the service that writes, with all others still in the table."""
    terminal.send("/")
    settle(terminal, 0.5)
    terminal.send(f"conn:{CONNECTION} WORKER_0000\r")
    terminal.wait_for(r"Log WORKER_0000", 20)
    settle(terminal, 1.0)
    terminal.send("\x1b")
    terminal.wait_for(rf"Services {SERVICES}\b", 20)
    terminal.wait_for(r"Finished in state", 30)


def measure(sandbox: LaunchedSandbox, home: Path) -> None:
    """Print both figures."""
    env = environment(home, SNOWFLAKE_HOME=str(sandbox.home))
    argv = [*PROGRAM, "--interval", str(INTERVAL_SECONDS)]
    with Terminal(argv, env, columns=160, rows=45) as terminal:
        terminal.wait_for(rf"Services {SERVICES}\b", 120)
        wait_until_known(sandbox, terminal)
        before, start = cpu_seconds(terminal.pid), time.perf_counter()
        settle(terminal, WATCHED_SECONDS)
        share = (cpu_seconds(terminal.pid) - before) / (time.perf_counter() - start)
        report(
            f"CPU, {SERVICES:,} services on {ACCOUNTS} connections every {INTERVAL_SECONDS:g} s",
            f"{100 * share:.0f} % of a core ({memory_mib(terminal.pid):.0f} MiB)",
            "<= 25 %",
        )
        asyncio.run(make_chatty(sandbox.home))
        select_chatty(terminal)
        answers: list[float] = []
        for number in range(KEYS):
            answers.append(key_to_paint(terminal, "jk"[number % 2]))
            if number % 2:
                # Some time on the line that writes, at every phase of its bursts.
                settle(terminal, random.uniform(0.1, 0.6))
        report(
            f"key press to paint at {LINES_A_SECOND} log lines/s, p50, p95, p99, most",
            ", ".join(
                f"{1000 * percentile(answers, share):.0f} ms" for share in (0.5, 0.95, 0.99, 1)
            ),
            "p95 <= 50 ms",
        )


def main() -> None:
    """Print two lines."""
    with (
        launch(
            fleet="simulated", accounts=ACCOUNTS, services=SERVICES, speed="instant", within=120
        ) as sandbox,
        tempfile.TemporaryDirectory() as home,
    ):
        measure(sandbox, Path(home))


if __name__ == "__main__":
    main()
