"""Text that tries to be more than text, and a reader of terminals that lets nothing of it pass."""

from __future__ import annotations

import re
import unicodedata

SEQUENCES = (
    "\x1b]52;c;RVZJTA==\x07",  # the clipboard
    "\x1b]0;owned\x1b\\",  # the title
    "\x1b]8;;http://evil.example\x1b\\",  # a link
    "\x1b[38;5;213m",
    "\x1b[777;777H",
    "\x1b[2J",
    "\x1b[6n",  # answers as if it were typed
    "\x1b[?1049l",
    "\x1b[?1003l",
    "\x1bc",
    "\x1bP+q544e\x1b\\",
    "\x9b38;5;213m",
    "\x9d0;owned\x9c",
    "\x90q\x9c",
    "\x00\x07\x08\x0b\x0c\x0e\x0f\x7f",
    "\r\n",
    "\u202e\u2066\u200b\u200f\ufeff\u2028\u00ad",
)
_REST = "IL'\"$$;--[/x][bold]{0}%s\\"
EVIL = "EV" + "".join(SEQUENCES) + _REST
CLEAN = f"EV {_REST}"
"""What is left of it on one line: text, and to be seen as that."""
SEEN = re.escape(_REST)
"""What to search a screen for, where it may have been two lines."""

_COLOURS = r"\x1b\[[0-9;]*m"
_OF_A_SCREEN = re.compile(
    _COLOURS
    + r"|\x1b\[(?P<row>\d+);(?P<column>\d+)H"
    + r"|\x1b\[\?(?:7|25|1000|1003|1004|1006|1015|1049|2004|2026|2048)[hl]"
    + r"|\x1b\[\?(?:2026|2048)\$p"
    + r"|\x1b\]22;[a-z]+\x07"  # the shape of the pointer
    + r"|\x1b\[[>=]\d+u|\x1b\[<u|\x1b\[\?u|\x1b\[\?\d+;\d+u"
)
_OF_LINES = re.compile(r"\x1b\[(?:0|1|2|31|32|33|35)m")
_EVIL_COLOUR = "38;5;213"


def foreign_to_a_screen(raw: bytes, *, columns: int, rows: int) -> list[str]:
    """What a dashboard of that size does not write by itself, each with what is around it.

    The list of what it does write is short on purpose. Whatever is in it and new has to be added
    by hand, and looked at.
    """
    text = raw.decode()  # what is no UTF-8 is foreign, too, and raises
    found = []
    for match in _OF_A_SCREEN.finditer(text):
        row, column = match["row"], match["column"]
        is_outside = row is not None and (int(row) > rows or int(column) > columns)
        if is_outside or _EVIL_COLOUR in match[0]:
            found.append(match[0])
    return found + _controls(_OF_A_SCREEN.sub("", text))


def foreign_to_lines(raw: bytes) -> list[str]:
    """What a command does not write to a terminal by itself: colours, and ends of lines."""
    return _controls(_OF_LINES.sub("", raw.decode()))


def _controls(text: str) -> list[str]:
    found = []
    for match in re.finditer(r"[^ -~]", text):
        if unicodedata.category(match[0]) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Co"):
            around = text[max(0, match.start() - 20) : match.end() + 20]
            if match[0] not in "\r\n\t":
                found.append(repr(around))
    return found
