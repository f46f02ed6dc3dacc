"""Hours of the dashboard in minutes: the program with its screen, one refresh after the other.

`running_hours` starts it in a process of its own; run as a module it is that process, which says
how much it holds whenever its parent asks.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.operations.console import Console
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.sandbox.clock import ManualClock
from support.counted_session import ASKED, UNDER_WAY, counted_sessions
from support.large_site import LargeSite, read_lines, say

KEYS = ("down", "down", "w", "escape", "up", "slash", "0", "escape", "escape", "home")
"""What a reader does again and again: looks at a row, at its reasons, at its log, filters."""
REFRESHES_A_ROW = 6
"""How long a row is looked at where there are no keys."""
INTERVAL = 5.0
STEP_SECONDS = 60.0
"""How long one refresh may take, on the busiest machine."""
_CONTAINERS = (dict, list, set, frozenset, tuple)


@dataclass(frozen=True)
class Held:
    """What the process holds at one moment, after a collection of garbage.

    Attributes:
        hours: How late it is by its clock.
        refreshes: Of the connection that had most.
        objects: That the collector knows.
        entries: Of all of its dictionaries, lists, sets and tuples together.
        blocks: Of memory that Python has allocated: what `tracemalloc` counts, for nothing.
        rss_kib: What the kernel has given.
        kinds: How many objects of each type there are.
    """

    hours: float
    refreshes: int
    objects: int
    entries: int
    blocks: int
    rss_kib: int
    tasks: int
    threads: int
    sockets: int
    files: int
    kinds: dict[str, int]


def held(hours: float, refreshes: int) -> Held:
    """Now, in this process."""
    gc.collect()
    objects = gc.get_objects()
    status = Path("/proc/self/status").read_text()
    rss = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    descriptors = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            descriptors.append(str(entry.readlink()))
    sockets = sum(one.startswith("socket:") for one in descriptors)
    return Held(
        hours=hours,
        refreshes=refreshes,
        objects=len(objects),
        entries=sum(len(one) for one in objects if isinstance(one, _CONTAINERS)),
        blocks=sys.getallocatedblocks(),
        rss_kib=int(rss.split()[1]),
        tasks=len(asyncio.all_tasks()),
        threads=threading.active_count(),
        sockets=sockets,
        files=len(descriptors) - sockets,
        kinds=dict(Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in objects)),
    )


class Hours:
    """The dashboard in another process, whose clock and the fleet's are moved together.

    Args:
        site: What it watches.
        process: That process.
    """

    def __init__(self, site: LargeSite, process: subprocess.Popen[bytes]) -> None:
        self._site = site
        self._process = process

    def pass_time(self, refreshes: int = 1) -> None:
        """So many refreshes, one after the other; a key is pressed in each."""
        for _ in range(refreshes):
            self._site.advance(INTERVAL)
            self._ask("step")

    def held(self) -> Held:
        """What it holds, at rest: on the first row, with nothing open."""
        return Held(**json.loads(self._ask("held")))

    def _ask(self, what: str) -> bytes:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n".encode())
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the dashboard ended")
        return line


@contextmanager
def running_hours(site: LargeSite, home: Path, *, screen: bool = False) -> Iterator[Hours]:
    """The dashboard on that site, by the site's clock, until the end of the block.

    Args:
        site: Whose clock is moved by hand.
        home: An empty directory.
        screen: With its screen, at some ten times the CPU time.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SNOWFLAKE", "PREFECT"))}
    env = kept | {
        "HOME": str(home),
        "SNOWFLAKE_HOME": str(site.home),
        "SPCS_WORKER_TUI_CACHE_DIR": str(home / "cache"),
    }
    command = [sys.executable, "-m", "support.hours", f"--began={site.began!r}"]
    process = subprocess.Popen(
        [*command, "--screen"] if screen else command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
        cwd=Path(__file__).parents[1],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Hours(site, process)
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


async def live(began: float, *, screen: bool) -> None:
    """Until the input ends."""
    from spcs_worker_tui.wiring.console import open_console
    from spcs_worker_tui.wiring.doctor import make_doctor

    clock = ManualClock(datetime.fromtimestamp(began, UTC))

    async def opened() -> Any:
        return await open_console(make_doctor=make_doctor)

    # How long a picture took is no matter of this clock: one picture a refresh.
    pace = partial(Pace, picture_seconds=INTERVAL - 1)
    with (
        patch("spcs_worker_tui.wiring.console.SystemClock", lambda: clock),
        patch("spcs_worker_tui.wiring.console.Pace", pace),
        counted_sessions(),
    ):
        await (_on_the_screen if screen else _without_a_screen)(opened, clock)


async def _on_the_screen(opened: Callable[[], Awaitable[Any]], clock: ManualClock) -> None:
    """A key is pressed in each refresh."""
    from spcs_worker_tui.ui.app import FleetApp

    app = FleetApp(opened, now=clock.now)
    async with app.run_test(size=(140, 44)):
        keys = itertools.cycle(KEYS)

        async def step() -> None:
            app.simulate_key(next(keys))
            await _step(clock)

        async def rest() -> None:
            while next(keys) != KEYS[-1]:
                pass
            for key in ("escape", "escape", "end", "home"):
                app.simulate_key(key)
                await _step(clock)

        await _serve(step, rest, clock)


class _Reader:
    """Takes pictures, and follows the log of one service at a time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._keys: Sequence[ServiceKey] = ()
        self._looking = asyncio.create_task(self._look())
        self._following: asyncio.Task[None] | None = None

    async def _look(self) -> None:
        async for fleet in self._console.watch():
            self._keys = list(fleet.verdicts)

    async def _follow(self, key: ServiceKey) -> None:
        async for _ in self._console.follow_log(key):
            pass

    async def choose(self, number: int) -> None:
        """Look at another service."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        if self._keys:
            key = self._keys[number % len(self._keys)]
            self._console.select(key)
            self._following = asyncio.create_task(self._follow(key))

    async def close(self) -> None:
        tasks = [task for task in (self._looking, self._following) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self._console.close()


async def _without_a_screen(opened: Callable[[], Awaitable[Any]], clock: ManualClock) -> None:
    """Everything below it: pictures, and the log of each service in turn."""
    reader = _Reader(await opened())
    numbers = itertools.count()

    async def step() -> None:
        if (number := next(numbers)) % REFRESHES_A_ROW == 0:
            await reader.choose(number // REFRESHES_A_ROW)
        await _step(clock)

    async def rest() -> None:
        await reader.choose(0)
        for _ in range(REFRESHES_A_ROW):
            await _step(clock)

    try:
        await _serve(step, rest, clock)
    finally:
        await reader.close()


async def _serve(
    step: Callable[[], Awaitable[None]], rest: Callable[[], Awaitable[None]], clock: ManualClock
) -> None:
    began = clock.now()
    lines: asyncio.Queue[bytes] = asyncio.Queue()
    read_lines(lines)
    await _until(lambda: bool(ASKED))
    while line := await lines.get():
        if line.strip() == b"step":
            await step()
            say("done")
        else:
            await rest()
            hours = (clock.now() - began).total_seconds() / 3600
            say(json.dumps(asdict(held(hours, max(ASKED.values())))))


async def _step(clock: ManualClock) -> None:
    """Let an interval pass, and return when each connection was asked and has answered."""
    before = Counter(ASKED)
    await clock.advance(INTERVAL)
    await _until(
        lambda: (
            all(ASKED[name] > count for name, count in before.items())
            and not any(UNDER_WAY.values())
        )
    )


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(STEP_SECONDS):
        while not done():  # noqa: ASYNC110 - of other people's objects, who tell nobody
            await asyncio.sleep(0.005)
    # What was answered is shown.
    await asyncio.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--began", type=float, required=True)
    parser.add_argument("--screen", action="store_true")
    options = parser.parse_args()
    asyncio.run(live(options.began, screen=options.screen))


if __name__ == "__main__":
    main()
