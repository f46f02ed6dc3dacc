"""`spcs-worker.toml`, read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from spcs_worker_tui.adapters.toml_text import read_toml
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.settings import Project
from spcs_worker_tui.domain.settings_reader import read_project
from spcs_worker_tui.domain.text import one_line

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=\s*(.*)")
_INNER = re.compile(rf"[{{,]\s*({_PART})\s*=")
_QUOTES = ('"""', "'''")


def read_settings(path: Path) -> Project:
    """Read one settings file.

    Raises:
        ConfigurationError: It cannot be read, or anything in it is wrong.
    """
    try:
        text = path.read_text("utf-8")
        table = read_toml(text)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}",
            next_step="Make it a file that you may read, or name another one with --project.",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 text", next_step="Save the file as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{path} is not valid TOML: {one_line(str(error))}",
            next_step="Correct that line; texts need quotes around them.",
        ) from error
    return read_project(table, path, _lines(text).get)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """On which line each key and each table of a valid document stands.

    TOML's own reader says nothing of lines. Keys of a table in braces are found where it stands
    on one line, which is all that TOML 1.0 allows.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in _statements(text):
        if header := _HEADER.match(line):
            table = tuple(_parts(header[1]))
            for length in range(1, len(table) + 1):
                found.setdefault(table[:length], number)
        elif key := _KEY.match(line):
            path = (*table, *_parts(key[1]))
            for length in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:length], number)
            for inner in _INNER.finditer(key[2]):
                found.setdefault((*path, *_parts(inner[1])), number)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The lines that begin something, not those inside a long text or list."""
    open_quotes, depth = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if open_quotes:
            open_quotes = "" if open_quotes in line else open_quotes
        elif depth > 0:
            depth += _brackets(line)
        else:
            yield number, line
            value = line.partition("=")[2].strip()
            opened = next((quotes for quotes in _QUOTES if value.startswith(quotes)), "")
            open_quotes = opened if opened and value.count(opened) == 1 else ""
            depth = _brackets(value) if value.startswith("[") else 0


def _brackets(line: str) -> int:
    """How many brackets a line of a list leaves open, those in texts and comments left out."""
    bare = re.sub(r"""\"(?:[^"\\]|\\.)*\"|'[^']*'|#.*""", "", line)
    return bare.count("[") - bare.count("]")


def _parts(dotted: str) -> Iterator[str]:
    for part in re.findall(_PART, dotted):
        yield part[1:-1] if part[0] in "\"'" else part
