"""Standard output is data, standard error is talk; both only ever get clean text."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import TextIO

from spcs_worker_tui.domain.errors import ConfigurationError, FleetError
from spcs_worker_tui.domain.text import one_line, printable

PROGRAM = "spcs-worker-tui"
_RESET = "\x1b[0m"


class Ink(StrEnum):
    """Colours of the terminal's own palette, so that light and dark themes both work."""

    GREEN = "\x1b[32m"
    YELLOW = "\x1b[33m"
    RED = "\x1b[31m"
    MAGENTA = "\x1b[35m"
    DIM = "\x1b[2m"
    BOLD = "\x1b[1m"


def has_colour(stream: TextIO) -> bool:
    """A terminal, and nobody said no (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, ink: Ink | None, *, colour: bool) -> str:
    """The text in that colour."""
    return f"{ink}{text}{_RESET}" if ink and colour else text


def say(text: str) -> None:
    """One line of talk."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """One line of data, as it is: a caller that colours it has cleaned it before."""
    sys.stdout.write(text + "\n")


def complain(error: FleetError) -> None:
    """What went wrong, and what to do about it."""
    say(f"{PROGRAM}: {sentence(str(error))}")
    for other in error.others if isinstance(error, ConfigurationError) else ():
        say(f"{PROGRAM}: {sentence(other)}")
    if error.next_step:
        say(f"  {one_line(error.next_step, 1000)}")


def sentence(text: str) -> str:
    """The text on one line, closed with a full stop."""
    line = one_line(text, 1000)
    return line if line.endswith((".", "!", "?")) else f"{line}."
