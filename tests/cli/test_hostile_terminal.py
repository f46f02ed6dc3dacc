"""Nothing of what comes from outside reaches a real terminal as more than text.

Snowflake's rows, its errors, containers' logs, specifications and a Prefect API say what could do
harm, everywhere at once; every byte that the program then writes to its terminal is read.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import sys
from collections.abc import AsyncIterator, Iterable
from typing import Any
from urllib.parse import unquote

import pytest

from support.hostile import CLEAN, EVIL, SEEN, SEQUENCES, foreign_to_a_screen, foreign_to_lines
from support.prefect_stub import WELL, Reply, Request, prefect_stub
from support.pressing import ESCAPE
from support.terminal import Terminal

COLUMNS, ROWS = 200, 60
SECONDS = 60
SPOILT = {"comment", "message", "owner", "compute_pool", "image_name", "node_id", "dns_name"}
"""Columns that hold text of somebody's choice, or of the platform's."""
CHOSEN = {"name", "type", "description"}
"""Fields of Prefect's answers that hold such text."""
RUN = {
    "id": "5f0c2f5a-1c1e-4a64-9f4b-0a4c8f1b2d3e",
    "name": EVIL,
    "flow_id": "11111111-1c1e-4a64-9f4b-0a4c8f1b2d3e",
    "work_pool_name": EVIL,
    "work_queue_name": EVIL,
    "state_name": EVIL,
    "state_type": "RUNNING",
    "state": {"type": "RUNNING", "name": EVIL, "message": EVIL},
    "start_time": "2026-11-23T06:29:46.239640Z",
    "expected_start_time": "2026-11-23T06:29:46.239640Z",
    "labels": {"prefect.worker.name": EVIL},
}
MEGABYTE = EVIL + "x" * 1_000_000


def prefect(request: Request) -> Reply:
    """Well in form, evil in every word."""
    path = unquote(request.path.partition("?")[0]).replace(CLEAN, "spcs")
    known: Any = {
        **WELL,
        "/flow_runs/filter": [RUN],
        "/flow_runs/count": 1,
        "/flows/filter": [{"id": RUN["flow_id"], "name": EVIL}],
        "/admin/version": EVIL,
    }
    if path not in known:
        return Reply(404, {"detail": EVIL})
    return Reply(content=json.dumps(evil(known[path])).encode(), headers={"X-Evil": "EV\tIL"})


def evil(said: Any) -> Any:
    """The same with other words in it, where people choose them."""
    if isinstance(said, list):
        return [evil(one) for one in said]
    if isinstance(said, dict):
        return {
            key: EVIL if key in CHOSEN and isinstance(value, str) else evil(value)
            for key, value in said.items()
        }
    return said


@pytest.fixture
async def hostile(world: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """One service as it should be, which says evil things, and a row that is evil altogether."""
    async with prefect_stub(prefect) as api:
        quoted = json.dumps(EVIL).replace("$", "\\u0024")  # `$$` would end the specification
        env = (
            f'PREFECT_API_URL: "{api.api_url}", PREFECT_WORK_POOL: {quoted}, '
            f"REGION: {quoted}, PREFECT_WORKER_NAME: {quoted}"
        )
        await world.create("WEB", env=env)
        execute = world.lab.executor.execute

        async def spoilt(*arguments: Any) -> Any:
            table = await execute(*arguments)
            names = [column.name for column in table.columns]
            rows = [list(spoil(names, row)) for row in table.rows]
            if {"name", "schema_name", "current_instances"} <= set(names) and rows:
                rows.append(
                    [EVIL if n == "name" else v for n, v in zip(names, rows[0], strict=True)]
                )
            return dataclasses.replace(table, rows=rows)

        monkeypatch.setattr(world.lab.executor, "execute", spoilt)
        world.write("WEB", MEGABYTE, EVIL, "", *SEQUENCES, "the last line")
        yield world


def spoil(names: Iterable[str], row: Iterable[Any]) -> Iterable[Any]:
    for name, value in zip(names, row, strict=True):
        yield EVIL + str(value or "") if name in SPOILT else value


def terminal(world: Any, *arguments: str) -> Terminal:
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main", *arguments]
    environment = world.program.environment(TERM="xterm-256color", COLORTERM="truecolor")
    return Terminal(argv, environment, columns=COLUMNS, rows=ROWS, cwd=str(world.program.home))


SCREENS = {
    "w": r" Rule \d+",
    "d": r"[Cc]omment",
    "y": "REGION",
    "l": "the last line",
    "e": r"REGION\s",
    "z": r"ALTER SERVICE D\.S\.WEB SUSPEND",
    "P": "[Pp]ause",
    "D": "service-spec",
}
"""Keys, and what shows that the screen that they open has come."""


async def test_the_dashboard_shows_all_of_it_as_text(hostile: Any) -> None:
    def look() -> bytes:
        with terminal(hostile) as screen:
            screen.wait_for(rf"unknown +EV {SEEN}", SECONDS)
            screen.send("/WEB\r")
            for text in ("the last line", "late run", r"server EV IL", "1/1"):
                screen.wait_for(text, SECONDS)
            for key, text in SCREENS.items():
                screen.send(key)
                screen.wait_for(text, SECONDS)
                screen.send(ESCAPE)
                screen.wait_for(r"q Quit", SECONDS)
            screen.send("q")
            assert screen.wait_exit(SECONDS) == 0
            return bytes(screen.raw)

    raw = await asyncio.to_thread(look)
    assert foreign_to_a_screen(raw, columns=COLUMNS, rows=ROWS) == []


COMMANDS = {
    "--check": SEEN,
    "--check --json": "EV IL",
    "--check --prometheus": "EV IL",
    "logs WEB": SEEN,
    "env list WEB": SEEN,
    "suspend WEB --dry-run": SEEN,
    "doctor": SEEN,
}


@pytest.mark.parametrize("command", COMMANDS)
async def test_commands_print_all_of_it_as_text(hostile: Any, command: str) -> None:
    def run() -> bytes:
        with terminal(hostile, *command.split()) as screen:
            assert screen.wait_exit(SECONDS) in range(4)
            return bytes(screen.raw)

    raw = await asyncio.to_thread(run)
    assert re.search(COMMANDS[command], raw.decode())
    assert foreign_to_lines(raw) == []


@pytest.mark.parametrize("command", ["--check", "--check --json", "logs WEB"])
async def test_what_goes_through_a_pipe_is_text_alone(hostile: Any, command: str) -> None:
    answer = await hostile.program.run(*command.split())
    assert re.search(COMMANDS[command], answer.out)
    assert "\x1b" not in answer.out + answer.err
    assert foreign_to_lines((answer.out + answer.err).encode()) == []
