"""The memory that a long log takes, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from functools import partial

from benchmarks.measuring import memory_mib, report
from spcs_worker_tui.ui.log_store import LogStore
from support.endless_log import endless
from support.screen import until

EARLY = 0.1
"""After this share of the lines, everything that is kept is full."""


def million(lines: int) -> None:
    """Print how much the process grew while these lines went through the tail and the view."""
    argv = [sys.executable, "-m", "benchmarks.tail_memory", str(lines)]
    early, late, cpu = (
        float(word) for word in subprocess.run(argv, capture_output=True, check=True).stdout.split()
    )
    report(
        f"memory after {int(EARLY * lines):,} and after {lines:,} lines",
        f"{early:.1f} and {late:.1f} MiB",
        "no more than 5 MiB apart",
    )
    report("CPU of tail and view, for 1,000 lines", f"{1e6 * cpu / lines:.1f} ms", "-")


def reached(store: LogStore, count: int) -> bool:
    """Whether so many events came."""
    return store.end >= count


async def _grow(lines: int) -> None:
    async with endless(lines) as (pilot, log):
        store = pilot.app.desk.log
        for count in (int(EARLY * lines), lines):
            await until(pilot, partial(reached, store, count), within=3600)
            await pilot.pause(1.0)
            print(memory_mib(os.getpid()))
        assert log.written == store.end == lines
        print(sum(os.times()[:2]))


if __name__ == "__main__":
    asyncio.run(_grow(int(sys.argv[1])))
