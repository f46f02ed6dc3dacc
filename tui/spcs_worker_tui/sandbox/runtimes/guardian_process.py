"""The guardian itself: ends and removes what a sandbox leaves behind, however the sandbox ended.

Run as `python -I -S guardian_process.py <mark> <grace seconds>`. Standard input is a pipe whose
other end only the sandbox has, so the end of input means that the sandbox is gone, even if it was
killed. Until then each line names something to watch or to forget. It imports nothing but the
standard library: it must live on when everything else is broken.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

_PROC = Path("/proc")
_AFTER_SIGKILL_SECONDS = 5.0
_POLL_SECONDS = 0.05
_GROUP_FIELD = 2
"""Of /proc/<pid>/stat, counted behind the parenthesised name."""


def with_variable(name: str, value: str) -> set[int]:
    """The processes whose environment has this variable with this value (Linux).

    It passes from a process to all it starts, whatever group or session they make for themselves,
    and stays theirs when their parent is gone.
    """
    entry = f"{name}={value}".encode()
    found = set()
    for pid in _pids():
        with contextlib.suppress(OSError):
            if entry in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                found.add(pid)
    return found


def in_groups(groups: AbstractSet[int]) -> set[int]:
    """The living processes of these process groups."""
    if not _PROC.is_dir():
        return {-group for group in groups if _exists(-group)}
    found = set()
    for pid in _pids():
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = (_PROC / str(pid) / "stat").read_text()
            fields = stat[stat.rindex(")") + 2 :].split()
            if int(fields[_GROUP_FIELD]) in groups and fields[0] != "Z":
                found.add(pid)
    return found


def send(pids: AbstractSet[int], number: signal.Signals) -> None:
    """Signal each that is still there."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _pids() -> Iterator[int]:
    if _PROC.is_dir():
        own = os.getpid()
        for entry in _PROC.iterdir():
            if entry.name.isdigit() and int(entry.name) != own:
                yield int(entry.name)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _watch() -> tuple[set[int], list[str]]:
    """Read until the sandbox is gone; answer the groups and directories that it left."""
    groups: set[int] = set()
    directories: list[str] = []
    for line in sys.stdin:
        word, thing = json.loads(line)
        if word == "watch_group":
            groups.add(thing)
        elif word == "forget_group":
            groups.discard(thing)
        elif word == "watch_directory":
            directories.append(thing)
        elif word == "forget_directory" and thing in directories:
            directories.remove(thing)
    return groups, directories


def _end(variable: str, mark: str, groups: set[int], grace_seconds: float) -> None:
    def left() -> set[int]:
        return with_variable(variable, mark) | in_groups(groups)

    remaining = left()
    send(remaining, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while remaining and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        remaining = left()
    deadline = time.monotonic() + _AFTER_SIGKILL_SECONDS
    while remaining and time.monotonic() < deadline:
        send(remaining, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)
        remaining = left()


def main(variable: str, mark: str, grace_seconds: str) -> None:
    """Watch, then clean up."""
    # Its life is bound to the pipe and to nothing else: not to a Ctrl-C meant for the sandbox,
    # nor to the terminal.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups, directories = _watch()
    _end(variable, mark, groups, float(grace_seconds))
    for directory in directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
