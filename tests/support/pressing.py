"""The dashboard's keys in a real pseudo-terminal, and the dialogs that come of them."""

from __future__ import annotations

import re

from support.terminal import Terminal

ENTER, ESCAPE = "\r", "\x1b"
RIGHT, UP, DOWN = "\x1b[C", "\x1b[A", "\x1b[B"
SOON = 90.0
"""Generous: a screen of this size is much to paint for a machine that does other things, too."""
CHANGE = 240.0
"""For a plan to be made, or to be carried out."""


def planned(terminal: Terminal, *said: str) -> None:
    """The plan's dialog is there, with all of this in it."""
    for words in (*said, r"\bCancel\b"):
        terminal.wait_for(words, CHANGE)


def approved(terminal: Terminal, verb: str, ends: str = "✓ Done") -> None:
    """Say yes to the plan whose button is called so, and see it through."""
    terminal.wait_for(rf"Cancel\s+{verb}\b", SOON)
    terminal.send(RIGHT)
    terminal.send(ENTER)
    terminal.wait_for(ends, CHANGE)


def close(terminal: Terminal) -> None:
    """Leave a dialog that has come to its end."""
    terminal.wait_for(r"\bClose\b", SOON)
    terminal.send(ENTER)
    terminal.wait_for(lambda screen: not re.search(r"\bClose\b", screen), SOON)
