"""Text from outside is data: cleaned once, at the adapter, before anything shows it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

# ESC-introduced sequences go as a whole, so that "\x1b[31mred" reads "red" and not "[31mred".
# Strings (OSC, DCS, APC, PM, SOS) end at BEL or ST, or where the text ends.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Bidirectional overrides and isolates can make a line read as something it is not; zero-width
# characters and line separators break columns.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """The text without control sequences, control characters or invisible direction marks.

    Keeps newlines and tabs. Lone surrogates become U+FFFD. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _SEQUENCE.sub("", text)
    text = _CONTROL.sub("", text)
    text = _INVISIBLE.sub("", text)
    return _SURROGATE.sub("\ufffd", text)


def one_line(text: str, limit: int = 500) -> str:
    """`printable`, on one line and at most `limit` characters long."""
    if text.isascii() and text.isprintable() and len(text) <= limit and "  " not in text:
        return text.strip()
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def in_sentences(*texts: str) -> str:
    """Those that say something, one after the other, with a full stop between them."""
    said = [text.strip() for text in texts if text.strip()]
    ended = [text if text.endswith((".", "!", "?", "…")) else f"{text}." for text in said[:-1]]
    return " ".join((*ended, *said[-1:]))


def without_credentials(url: str) -> str:
    """The URL without user and password, which some people put into PREFECT_API_URL."""
    if "@" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not a URL)"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def cell_width(text: str) -> int:
    """How many terminal cells a clean line takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with `***` wherever one of these stands; the longest are looked for first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***") if secret else text
    return text
