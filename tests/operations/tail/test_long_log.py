"""A log that never ends takes no more memory the longer it is followed.

A million lines are for `tests/benchmarks/run tail`; these are enough to fill everything that keeps
lines several times.
"""

from __future__ import annotations

import gc
import tracemalloc
from functools import partial
from typing import Any

from spcs_worker_tui.operations.tail.window import MEMORY_LINES
from spcs_worker_tui.ui.log_store import LIMIT
from support.endless_log import endless
from support.screen import until

FULL = 2 * max(LIMIT, MEMORY_LINES)
MOST_GROWTH = 2_500_000
"""Bytes: the view drops lines a thousand at a time. What came in between takes more than that
where anything keeps it."""


def is_shown(app: Any, count: int) -> bool:
    """Whether so many lines came, and the view has them."""
    return app.desk.log.end == count and app._log_paint is None


async def test_memory_is_the_same_after_many_more_lines() -> None:
    tracemalloc.start()
    try:
        async with endless(FULL) as (pilot, log):
            sizes = []
            for _ in range(2):
                await until(pilot, partial(is_shown, pilot.app, log.written + log.left), within=120)
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
                log.left = 2 * FULL
    finally:
        tracemalloc.stop()
    assert sizes[-1] - sizes[0] < MOST_GROWTH, sizes
