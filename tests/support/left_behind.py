"""What this process holds: tasks, threads, sockets and other open files."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_POOL = "asyncio_"
"""Threads of the event loop's own pool are kept for reuse, up to its limit."""


@dataclass(frozen=True)
class Held:
    """Numbers of things that have to be let go of."""

    tasks: int
    threads: int
    native_threads: int
    sockets: int
    files: int

    def exceeds(self, other: Held) -> list[str]:
        """What there is more of than there."""
        return [
            f"{name}: {getattr(self, name)} instead of {getattr(other, name)}"
            for name in self.__dataclass_fields__
            if getattr(self, name) > getattr(other, name)
        ]


def held() -> Held:
    """Now; what only waits to be collected does not count."""
    gc.collect()
    kinds: Counter[bool] = Counter()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            kinds[str(entry.readlink()).startswith("socket:")] += 1
        except OSError:  # the directory's own
            continue
    python = [one for one in threading.enumerate() if not one.name.startswith(_POOL)]
    pool = threading.active_count() - len(python)
    return Held(
        tasks=len(asyncio.all_tasks()),
        threads=len(python),
        native_threads=len(list(Path("/proc/self/task").iterdir())) - len(python) - pool,
        sockets=kinds[True],
        files=kinds[False],
    )
