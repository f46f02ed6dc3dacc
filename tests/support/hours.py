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
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.sandbox.clock import ManualClock
from support.counted_session import ASKED, UNDER_WAY, counted_sessions
from support.large_site import LargeSite, read_lines, say

KEYS = ("down", "down", "w", "escape", "up", "slash", "0", "escape", "escape", "home")
"""What a reader does again and again: looks at a row, at its reasons, at its log, filters."""
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
        traced_kib: What Python has allocated since the start.
        rss_kib: What the kernel has given.
        kinds: How many objects of each type there are.
    """

    hours: float
    refreshes: int
    objects: int
    entries: int
    traced_kib: int
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
        traced_kib=tracemalloc.get_traced_memory()[0] // 1024,
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
def running_hours(site: LargeSite, home: Path) -> Iterator[Hours]:
    """The dashboard on that site, by the site's clock, until the end of the block."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SNOWFLAKE", "PREFECT"))}
    env = kept | {
        "HOME": str(home),
        "SNOWFLAKE_HOME": str(site.home),
        "SPCS_WORKER_TUI_CACHE_DIR": str(home / "cache"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "support.hours", f"--began={site.began!r}"],
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


async def live(began: float) -> None:
    """Until the input ends."""
    from spcs_worker_tui.ui.app import FleetApp
    from spcs_worker_tui.wiring.console import open_console
    from spcs_worker_tui.wiring.doctor import make_doctor

    clock = ManualClock(datetime.fromtimestamp(began, UTC))
    lines: asyncio.Queue[bytes] = asyncio.Queue()
    read_lines(lines)

    async def opened() -> Any:
        return await open_console(make_doctor=make_doctor)

    # How long a picture took is no matter of this clock: one picture a refresh.
    pace = partial(Pace, picture_seconds=INTERVAL - 1)
    with (
        patch("spcs_worker_tui.wiring.console.SystemClock", lambda: clock),
        patch("spcs_worker_tui.wiring.console.Pace", pace),
        counted_sessions(),
    ):
        app = FleetApp(opened, now=clock.now)
        async with app.run_test(size=(140, 44)):
            await _until(lambda: bool(ASKED))
            keys = itertools.cycle(KEYS)
            while line := await lines.get():
                if line.strip() == b"step":
                    app.simulate_key(next(keys))
                    await _step(clock)
                    say("done")
                    continue
                while next(keys) != KEYS[-1]:
                    pass
                for key in ("escape", "escape", "end", "home"):
                    app.simulate_key(key)
                    await _step(clock)
                hours = (clock.now().timestamp() - began) / 3600
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
    tracemalloc.start()
    asyncio.run(live(parser.parse_args().began))


if __name__ == "__main__":
    main()
