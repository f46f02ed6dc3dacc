"""The tail on the unmodified connector against a sandbox that writes as badly as it can.

What the server said is noted; every line of it has to be on the screen once, the rest in gaps.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.log import LogEvent, LogGap, LogLine
from spcs_worker_tui.operations.tail import LogFollower, WatchedRows
from spcs_worker_tui.sandbox.clock import ManualClock
from support.log_load import SERVICE, TICK, LoadedService, Writer, loaded, nasty
from support.saved_connections import save
from support.service_log import check_events

KEY = ServiceKey("dev", "D", "S", SERVICE)
INSTANCES = 3
LINES = int(os.environ.get("SPCS_WORKER_TUI_TAIL_LINES", "6000"))
"""50000 is the whole load: `SPCS_WORKER_TUI_TAIL_LINES=50000`."""
SEEDS = range(1, 1 + int(os.environ.get("SPCS_WORKER_TUI_TAIL_SEEDS", "1")))
LIFE_SECONDS = 3.0
"""Longer than it takes to find out about one restart before the next."""
SETTLED_SECONDS = 20.0
"""Longer than the tail's slowest pace and its hold-back together."""


class Counted:
    """A session that knows whether any statement is under way."""

    def __init__(self, session: ConnectorSession) -> None:
        self._session = session
        self._under_way = 0
        self.idle = asyncio.Event()
        self.idle.set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._session, name)

        async def counted(*arguments: Any, **options: Any) -> Any:
            self._under_way += 1
            self.idle.clear()
            try:
                return await method(*arguments, **options)
            finally:
                self._under_way -= 1
                if not self._under_way:
                    self.idle.set()

        return counted


class Tailing:
    """A follower of the loaded service, and the hand that moves the clock."""

    def __init__(self, load: LoadedService, session: ConnectorSession) -> None:
        self.load = load
        self.session: Any = Counted(session)
        self.events: list[LogEvent] = []

    async def run(self) -> None:
        """Play the scripts to their end."""
        clock: Any = self.load.clock
        async with WatchedRows(self.session, KEY, clock) as rows:
            reader = asyncio.create_task(self._read(rows, clock))
            try:
                while not all(writer.asked for writer in self.load.writers):
                    await self._step()
                self.load.begin()
                while not self.load.is_over:
                    await self._step()
                settled = clock.now().timestamp() + SETTLED_SECONDS
                while clock.now().timestamp() < settled:
                    await self._step()
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)

    async def _read(self, rows: WatchedRows, clock: Any) -> None:
        follower = LogFollower(lambda _: self.session, rows.service, clock)
        async with aclosing(follower.follow(KEY)) as batches:
            async for events in batches:
                self.events += events

    async def _step(self) -> None:
        """Time passes when every statement was answered."""
        await self.session.idle.wait()
        await self.load.pass_time(TICK)


def of_writer(writer: Writer, events: Sequence[LogEvent]) -> list[LogEvent]:
    return [event for event in events if event.source == writer.source]


def number(line: LogLine) -> int:
    return int(line.text[:7])


def shown_numbers(events: Sequence[LogEvent]) -> Counter[int]:
    return Counter(number(event) for event in events if isinstance(event, LogLine))


def check_gaps(writer: Writer, events: Sequence[LogEvent]) -> None:
    """A gap's span is the time of the line before and of the line after, as the server has it.

    Between lines that follow each other there is a gap only if no answer held both.
    """
    for index, gap in enumerate(events):
        if not isinstance(gap, LogGap):
            continue
        around = events[max(0, index - 1) : index + 2]
        before, after = (around[0], around[-1]) if index > 0 else (None, around[-1])
        if isinstance(before, LogLine):
            assert gap.after_ns == before.time_ns
        if isinstance(after, LogLine):
            assert gap.before_ns == after.time_ns
        if isinstance(before, LogLine) and isinstance(after, LogLine):
            last, first = number(before), number(after)
            held = any(a <= last and first <= b for a, b in writer.answers)
            assert not held, f"{last} and {first} came in one answer"


async def tailed(
    load: LoadedService, answer_seconds: float, home: Path
) -> list[tuple[Writer, list[LogEvent]]]:
    """What a tail of everything that the load writes shows, by container."""
    async with loaded(load, answer_seconds) as sandbox:
        table = sandbox.connection()
        table.pop("enable_server_session_keep_alive_auto_detection")
        save(home, {"dev": table})
        session = ConnectorSession(read_connections().select(["dev"])[0])
        tailing = Tailing(load, session)
        try:
            await tailing.run()
        finally:
            await session.close()
    return [(writer, of_writer(writer, tailing.events)) for writer in load.writers]


def loads(seed: int, apart: float) -> LoadedService:
    """Several containers, each with its own misdeeds."""
    scripts = [nasty(LINES // INSTANCES, 10 * seed + n, apart) for n in range(INSTANCES)]
    return LoadedService(scripts, ManualClock(datetime.fromisoformat("2026-11-23T12:00Z")))


@pytest.mark.parametrize("answer_seconds", [0.0, 0.1])
@pytest.mark.parametrize("seed", SEEDS)
async def test_every_line_that_the_server_told_is_shown_once_and_every_loss_is_a_gap(
    seed: int, answer_seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    for writer, events in await tailed(loads(seed, LIFE_SECONDS), answer_seconds, tmp_path):
        shown = shown_numbers(events)
        assert writer.told <= set(shown)
        assert max(shown.values()) == 1
        check_gaps(writer, events)
        assert check_events(writer.written, events) == 0


async def test_lives_shorter_than_a_round_of_questions_are_gaps_in_the_right_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    for writer, events in await tailed(loads(6, 0), 0.4, tmp_path):
        assert max(shown_numbers(events).values()) == 1
        assert check_events(writer.written, events) == 0
