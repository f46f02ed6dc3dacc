"""However the dashboard is left: the terminal as it was, nobody left behind, within two seconds.

A tail and a plan are open when it ends, in a sandbox that it started, or on a server that goes on.
"""

from __future__ import annotations

import asyncio
import os
import pty
import random
import re
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.pressing import ESCAPE
from support.processes import alive, marked_processes
from support.program import Program
from support.terminal import Terminal

STARTS = 120
QUICK = 2.0
"""Seconds in which it has to be gone, less those in which somebody waited for a core; nothing else
of the suite runs beside these."""
GIVEN_UP = 60
_MODE = re.compile(rb"\x1b\[\?(\d+)([hl])")
_KEYBOARD = re.compile(rb"\x1b\[>\d+u")
_LOOKS = re.compile(rb"\x1b\[([0-9;]*)m")
_SHADE = re.compile(rb"[34]8;2;(\d+);(\d+);(\d+)")
_CURSOR = b"25"
_WRAPPING = b"7"


@dataclass(frozen=True)
class Ending:
    """What is done to it, and the status that it ends with."""

    act: Callable[[Terminal], None]
    status: int


def without_dialog(terminal: Terminal) -> None:
    terminal.send(ESCAPE)
    terminal.wait_for(lambda screen: "Cancel" not in screen, STARTS)


def quit_by_key(terminal: Terminal) -> None:
    without_dialog(terminal)
    terminal.send("q")


def interrupted(terminal: Terminal) -> None:
    """The first one only closes the dialog; then it takes two."""
    terminal.send("\x03")
    terminal.wait_for(lambda screen: "Cancel" not in screen, STARTS)
    terminal.send("\x03")
    terminal.wait_for("once more to quit", STARTS)
    terminal.send("\x03")


def resized_all_the_time(terminal: Terminal) -> None:
    sizes = random.Random(1)
    for _ in range(300):
        terminal.resize(sizes.randint(1, 300), sizes.randint(1, 100))
        terminal.pump()
    terminal.resize(120, 40)
    terminal.kill(signal.SIGTERM)


def gone(terminal: Terminal) -> None:
    """As when its window is closed."""
    os.close(terminal._fd)


def signalled(number: signal.Signals) -> Ending:
    return Ending(lambda terminal: terminal.kill(number), 128 + number)


ENDINGS = {
    "q": Ending(quit_by_key, 0),
    "ctrl-c": Ending(interrupted, 0),
    "SIGINT": signalled(signal.SIGINT),
    "SIGTERM": signalled(signal.SIGTERM),
    "SIGHUP": signalled(signal.SIGHUP),
    "resized": Ending(resized_all_the_time, 128 + signal.SIGTERM),
    "closed": Ending(gone, 128 + signal.SIGHUP),
}


def untouched() -> list[Any]:
    """The settings of a terminal that nobody has touched."""
    ends = pty.openpty()
    try:
        return termios.tcgetattr(ends[0])
    finally:
        for end in ends:
            os.close(end)


def waited_for_a_core() -> float:
    """Seconds, of this machine; 0 for ever where the kernel does not count them."""
    try:
        found = re.search(r"some .*total=(\d+)", Path("/proc/pressure/cpu").read_text())
    except OSError:
        found = None
    return int(found[1]) / 1e6 if found else 0.0


def assert_restored(terminal: Terminal) -> None:
    assert termios.tcgetattr(terminal._fd) == untouched()
    raw = bytes(terminal.raw)
    modes = {number: set_ == b"h" for number, set_ in _MODE.findall(raw)}
    # Every mode that was ever set is set no more, but for those that are set from the start.
    assert {number for number, is_set in modes.items() if is_set} <= {_CURSOR, _WRAPPING}
    assert modes[_CURSOR]
    assert b"1049" in modes
    assert len(_KEYBOARD.findall(raw)) == raw.count(b"\x1b[<u") > 0
    assert b"Traceback" not in raw


@contextmanager
def opened(
    home: Path, *arguments: str, columns: int = 120, rows: int = 40, **variables: str
) -> Iterator[Terminal]:
    """The dashboard in a terminal, on what that home has saved."""
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main", *arguments]
    environment = Program(home).environment(TERM="xterm-256color", **variables)
    # A sandbox keeps its migrated database between runs.
    environment["XDG_CACHE_HOME"] = os.environ.get(
        "XDG_CACHE_HOME", str(Path("~/.cache").expanduser())
    )
    with Terminal(argv, environment, columns=columns, rows=rows, cwd=str(home)) as terminal:
        yield terminal


def ended(terminal: Terminal, ending: Ending) -> None:
    """Do it, and see that it is gone in time, with all that it started."""
    family = marked_processes(terminal.pid)
    ending.act(terminal)
    began, waited = time.monotonic(), waited_for_a_core()
    if ending.act is gone:
        status = -1
        while status < 0 and time.monotonic() < began + GIVEN_UP:
            pid, said = os.waitpid(terminal.pid, os.WNOHANG)
            status = os.waitstatus_to_exitcode(said) if pid else -1
            time.sleep(0.01)
        terminal.exit_status = status
    else:
        status = terminal.wait_exit(GIVEN_UP)
    assert status == ending.status
    assert alive(family) == {}
    assert time.monotonic() - began - (waited_for_a_core() - waited) < QUICK
    if ending.act is not gone:
        assert_restored(terminal)


@pytest.mark.alone
@pytest.mark.parametrize("name", ["ctrl-c", "SIGTERM", "closed"])
def test_with_the_sandbox_that_it_started(tmp_path: Path, name: str) -> None:
    with opened(tmp_path, "--sandbox") as terminal:
        terminal.wait_for(r"RATES_API\s+prod\b.*RUNNING\s+1/1", STARTS)
        terminal.send("/conn:prod RATES_API\r")
        terminal.wait_for("Log RATES_API", STARTS)
        terminal.send("z")
        terminal.wait_for(r"RATES_API SUSPEND", STARTS)
        assert len(marked_processes(terminal.pid)) > 2
        ended(terminal, ENDINGS[name])


@pytest.mark.alone
@pytest.mark.parametrize("name", ["q", "SIGINT", "SIGHUP", "resized"])
async def test_with_a_server_that_goes_on(world: Any, name: str) -> None:
    await world.create("WEB", "chatty")

    def leave() -> None:
        with opened(world.program.home) as terminal:
            terminal.wait_for(r"line \d", STARTS)
            terminal.send("z")
            terminal.wait_for(r"D\.S\.WEB SUSPEND", STARTS)
            ended(terminal, ENDINGS[name])

    await asyncio.to_thread(leave)


@pytest.mark.alone
async def test_a_terminal_that_is_tiny_and_has_no_colours(world: Any) -> None:
    await world.create("WEB", "chatty")

    def leave() -> bytes:
        variables = {"NO_COLOR": "1", "COLORTERM": "truecolor"}
        with opened(world.program.home, columns=40, rows=10, **variables) as terminal:
            terminal.wait_for(r"\bWEB\b", STARTS)
            terminal.send("z")
            terminal.wait_for("Cancel", STARTS)
            ended(terminal, ENDINGS["q"])
            return bytes(terminal.raw)

    raw = await asyncio.to_thread(leave)
    looks = b";".join(_LOOKS.findall(raw))
    assert _SHADE.search(looks)
    assert all(red == green == blue for red, green, blue in _SHADE.findall(looks))
    # Bold, dim and the like, and back to normal.
    assert set(_SHADE.sub(b"", looks).split(b";")) <= {b"", *(b"%d" % n for n in range(10))}
