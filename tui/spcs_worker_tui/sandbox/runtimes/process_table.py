"""What /proc says about all processes at once (Linux)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
# Fields of /proc/<pid>/stat, counted behind the parenthesised name.
_PARENT, _SESSION, _RSS = 1, 3, 21


@dataclass(frozen=True, slots=True)
class Process:
    """One process: its parent, its session, and its resident memory in bytes."""

    pid: int
    parent: int
    session: int
    rss: int


def processes() -> list[Process]:
    """All there are; none where there is no /proc."""
    if not _PROC.is_dir():
        return []
    page = os.sysconf("SC_PAGE_SIZE")
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = (entry / "stat").read_text()
                fields = stat[stat.rindex(")") + 2 :].split()
                parent, session, rss = (int(fields[i]) for i in (_PARENT, _SESSION, _RSS))
                found.append(Process(int(entry.name), parent, session, rss * page))
    return found


def resident_memory(table: Iterable[Process], sessions: Iterable[int]) -> dict[int, int]:
    """Bytes per container: the process that leads its session, and all that descend from it.

    Memory that processes share is counted for each, as the kernel would not; the containers of
    the sandbox share little.
    """
    used = dict.fromkeys(sessions, 0)
    by_pid = {process.pid: process for process in table}

    def owner_of(process: Process) -> int | None:
        seen = 0
        current: Process | None = process
        while current is not None and seen < len(by_pid):
            if current.session in used:
                return current.session
            current, seen = by_pid.get(current.parent), seen + 1
        return None

    for process in by_pid.values():
        if (session := owner_of(process)) is not None:
            used[session] += process.rss
    return used
