"""How the dashboard ends, and what it leaves behind: the real program in a real terminal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.program import Program
from support.terminal import Terminal

SECONDS = 60
MODES = {"the screen": b"\x1b[?1049", "the mouse": b"\x1b[?1000", "pasting": b"\x1b[?2004"}


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """With a connections file that keeps the dashboard from going further than to say so."""
    file = tmp_path / "connections.toml"
    file.write_text("[dev]\nuser = u\n")
    file.chmod(0o600)
    return Program(tmp_path)


def opened(program: Program, **variables: str) -> Terminal:
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main"]
    environment: Mapping[str, str] = program.environment(TERM="xterm-256color", **variables)
    return Terminal(argv, environment, columns=100, rows=24)


def assert_restored(terminal: Terminal) -> None:
    raw = bytes(terminal.raw)
    for what, mode in MODES.items():
        assert raw.rfind(mode + b"h") < raw.rfind(mode + b"l"), what
    assert raw.rfind(b"\x1b[?25l") < raw.rfind(b"\x1b[?25h"), "the cursor"
    assert b"Traceback" not in raw


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(program: Program, number: signal.Signals) -> None:
    with opened(program) as terminal:
        terminal.wait_for("cannot start", SECONDS)
        terminal.kill(number)
        assert terminal.wait_exit(SECONDS) == 128 + number
        assert_restored(terminal)


def test_a_file_that_is_mended_meanwhile(program: Program) -> None:
    with opened(program) as terminal:
        terminal.wait_for(r"Invalid value \(at line 2", SECONDS)
        terminal.wait_for("texts need quotes around them", SECONDS)
        (program.home / "connections.toml").write_text("")
        terminal.send("r")
        terminal.wait_for("no saved Snowflake connection|No saved Snowflake connection", SECONDS)
        terminal.send("q")
        assert terminal.wait_exit(SECONDS) == 64
        assert_restored(terminal)


def test_the_terminal_knows_its_size(program: Program) -> None:
    with opened(program, COLUMNS="99999999", LINES="nonsense") as terminal:
        terminal.wait_for("cannot start", SECONDS)
        terminal.send("q")
        assert terminal.wait_exit(SECONDS) == 64


def test_a_dumb_terminal_has_no_screen(program: Program) -> None:
    environment = program.environment(TERM="dumb")
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main"]
    with Terminal(argv, environment, columns=100, rows=24) as terminal:
        assert terminal.wait_exit(SECONDS) == 64
        assert "TERM says that this is a dumb one" in " ".join(terminal.text.split())
        assert b"\x1b" not in bytes(terminal.raw)
