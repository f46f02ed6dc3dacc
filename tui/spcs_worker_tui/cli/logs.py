"""`logs`: the last lines of all containers of a service, and on request what follows them."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import Iterable
from contextlib import aclosing
from datetime import UTC, datetime

from spcs_worker_tui.cli.asking import ask_at_terminal
from spcs_worker_tui.cli.console import put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.cli.target import find_service
from spcs_worker_tui.domain.log import LogEvent, LogGap, LogLine, LogNotice, LogRestart, LogSource
from spcs_worker_tui.operations.tail import LogFollower, WatchedRows, last_lines
from spcs_worker_tui.wiring.look import open_looks

_SECOND = 1_000_000_000


def run_logs(options: Namespace) -> int:
    """Print a service's log."""
    return asyncio.run(_run(options))


async def _run(options: Namespace) -> int:
    printer = Printer(timestamps=options.timestamps)
    async with open_looks(options.connection, ask=ask_at_terminal()) as looks:
        key = await find_service(looks, options.service)
        session = looks.session(key.connection)
        if not options.follow:
            printer.print(await last_lines(session, key))
            return Exit.HEALTHY
        async with WatchedRows(session, key, looks.clock) as rows:
            follower = LogFollower(looks.session, rows.service, looks.clock)
            async with aclosing(follower.follow(key)) as batches:
                async for events in batches:
                    printer.print(events)
    return Exit.HEALTHY


class Printer:
    """Lines to standard output, with the container before them; everything else is talk.

    Args:
        timestamps: Put the server's time before each line.
    """

    def __init__(self, *, timestamps: bool) -> None:
        self._timestamps = timestamps

    def print(self, events: Iterable[LogEvent]) -> None:
        """Print one batch, and let it be seen at once."""
        for event in events:
            if isinstance(event, LogLine):
                stamp = f"{_time(event.time_ns)} " if self._timestamps else ""
                put(f"{stamp}{event.source} {event.text}")
            else:
                sys.stdout.flush()
                say(describe(event))
        sys.stdout.flush()


def describe(event: LogGap | LogRestart | LogNotice) -> str:
    """A mark between lines, in words."""
    if isinstance(event, LogGap):
        span = f"from {_time(event.after_ns)} to {_time(event.before_ns)}"
        return f"--- {event.source}: lines may be missing here, {span} ---"
    if isinstance(event, LogRestart):
        code = "" if event.exit_code is None else f", exit code {event.exit_code}"
        return f"--- {event.source}: restart {event.restart_count}{code} ---"
    return f"--- {_about(event.source)}{event.text} ---"


def _about(source: LogSource | None) -> str:
    return f"{source}: " if source else ""


def _time(time_ns: int | None) -> str:
    if time_ns is None:
        return "an unknown time"
    second = datetime.fromtimestamp(time_ns // _SECOND, UTC)
    return f"{second:%Y-%m-%dT%H:%M:%S}.{time_ns % _SECOND:09d}Z"
