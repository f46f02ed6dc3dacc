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
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

_PROC = Path("/proc")
_AFTER_SIGKILL_SECONDS = 5.0
_POLL_SECONDS = 0.05
_ENGINE_SECONDS = 30.0
_LOOKS = 3
_LOOK_SECONDS = 0.3
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


@dataclass(slots=True)
class _Left:
    """What the sandbox left, if it is gone now."""

    groups: set[int] = field(default_factory=set)
    directories: list[str] = field(default_factory=list)
    containers: list[tuple[str, str]] = field(default_factory=list)
    """A Docker engine's socket, and a label."""
    images: list[tuple[str, str]] = field(default_factory=list)
    """A Docker engine's socket, and a reference."""


def _watch() -> _Left:
    """Read until the sandbox is gone."""
    left = _Left()
    for line in sys.stdin:
        word, thing = json.loads(line)
        if word == "watch_group":
            left.groups.add(thing)
        elif word == "forget_group":
            left.groups.discard(thing)
        elif word == "watch_directory":
            left.directories.append(thing)
        elif word == "forget_directory" and thing in left.directories:
            left.directories.remove(thing)
        elif word == "watch_containers":
            left.containers.append(tuple(thing))
        elif word == "watch_image":
            left.images.append(tuple(thing))
    return left


def _ask_engine(socket_path: str, method: str, path: str) -> bytes:
    """One request to a Docker engine; empty if it says no.

    Raises:
        OSError: There is none any more.
    """
    # Only whoever had containers pays for these.
    import http.client  # noqa: PLC0415
    import socket  # noqa: PLC0415

    connection = http.client.HTTPConnection("docker", timeout=_ENGINE_SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.closing(connection):
        connection.sock.settimeout(_ENGINE_SECONDS)
        connection.sock.connect(socket_path)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException:
            return b""
    return body if answer.status == http.HTTPStatus.OK else b""


def _remove_containers(engines: Iterable[tuple[str, str]]) -> None:
    """More than one look: the engine may just be making one that was asked for."""
    from urllib.parse import quote  # noqa: PLC0415

    for socket_path, label in engines:
        query = quote(json.dumps({"label": [label]}))
        with contextlib.suppress(OSError, ValueError):
            for _ in range(_LOOKS):
                listed = _ask_engine(socket_path, "GET", f"/containers/json?all=1&filters={query}")
                for container in json.loads(listed or b"[]"):
                    path = f"/containers/{container['Id']}?force=1&v=1"
                    _ask_engine(socket_path, "DELETE", path)
                time.sleep(_LOOK_SECONDS)


def _remove_images(images: Iterable[tuple[str, str]]) -> None:
    for socket_path, reference in images:
        with contextlib.suppress(OSError):
            _ask_engine(socket_path, "DELETE", f"/images/{reference}")


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
    left = _watch()
    _remove_containers(left.containers)
    _end(variable, mark, left.groups, float(grace_seconds))
    _remove_images(left.images)
    for directory in left.directories:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
