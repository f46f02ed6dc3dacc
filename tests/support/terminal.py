"""A real pseudo-terminal with a program in it, and the screen as a person would see it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import pyte


class Terminal:
    """Runs `argv` in a pseudo-terminal of the given size and keeps its screen.

    Args:
        argv: The program and its arguments.
        env: The whole environment of the program.
        columns: Width in cells.
        rows: Height in cells.
        cwd: Where the program starts.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        columns: int = 120,
        rows: int = 40,
        cwd: str | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._lines = [""] * rows
        self.raw = bytearray()
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            if cwd:
                os.chdir(cwd)
            os.execvpe(argv[0], list(argv), dict(env))
        self.resize(columns, rows)
        self.exit_status: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size, as dragging its corner does."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def pump(self, seconds: float = 0.0) -> bool:
        """Take in what the program wrote, waiting at most `seconds` for it; False at its end."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return True
        try:
            chunk = os.read(self._fd, 1 << 16)
        except OSError:
            return False
        self.raw += chunk
        # pyte knows no synchronised-output or kitty-keyboard modes; they draw nothing.
        self._stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;]*[up]|\x1b\[\?2026\$p", b"", chunk))
        return bool(chunk)

    @property
    def text(self) -> str:
        """The screen now, one line for each row; made anew where something was drawn."""
        self._lines[self.screen.lines :] = []
        self._lines += [""] * (self.screen.lines - len(self._lines))
        for number in self.screen.dirty:
            if number < len(self._lines):
                self._lines[number] = self._line(number)
        self.screen.dirty.clear()
        return "\n".join(self._lines)

    def _line(self, number: int) -> str:
        row = self.screen.buffer[number]
        # The cell behind a wide character is empty.
        return "".join(row[column].data for column in range(self.screen.columns)).rstrip()

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._fd, keys.encode())

    def wait_for(
        self, wanted: str | Callable[[str], bool], within: float, *, flags: int = 0
    ) -> str:
        """Return the screen as soon as it shows what is wanted.

        Args:
            wanted: A regular expression searched for in the screen, or a predicate on it.
            within: Seconds until the wait fails.
            flags: Of `re`.

        Raises:
            AssertionError: It did not come; the message holds the last screen.
        """
        end = time.monotonic() + within
        test = (lambda text: re.search(wanted, text, flags)) if isinstance(wanted, str) else wanted
        while True:
            alive = self.pump(0.05)
            if test(self.text):
                return self.text
            if time.monotonic() > end or not alive:
                why = "in time" if alive else "before the program ended"
                raise AssertionError(f"{wanted!r} did not appear {why}. The screen:\n{self.text}")

    def wait_exit(self, within: float) -> int:
        """The program's exit status; negative for a signal.

        Raises:
            AssertionError: It still runs after `within` seconds.
        """
        end = time.monotonic() + within
        while self.exit_status is None:
            self.pump(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_status = os.waitstatus_to_exitcode(status)
                self._drain()
            elif time.monotonic() > end:
                raise AssertionError(f"still running after {within} s. The screen:\n{self.text}")
        return self.exit_status

    def _drain(self) -> None:
        """Take in the last words of a program that has ended."""
        while select.select([self._fd], [], [], 0)[0] and self.pump():
            pass

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the program."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def close(self) -> None:
        """End the program, gently first."""
        if self.exit_status is None:
            self.kill(signal.SIGTERM)
            try:
                self.wait_exit(10)
            except AssertionError:
                self.kill()
                self.wait_exit(5)
        with contextlib.suppress(OSError):
            os.close(self._fd)
