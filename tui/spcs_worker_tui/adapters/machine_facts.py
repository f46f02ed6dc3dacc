"""What `doctor` wants to know of this machine: key files, terminal, the servers' clocks."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.domain.doctor_machine import KeyFileFacts, KeyFileKind, TerminalFacts
from spcs_worker_tui.domain.errors import SnowflakeUnreachableError
from spcs_worker_tui.domain.text import one_line

ANSWER_SECONDS = 10.0
_LONGEST_KEY = 64 * 1024
_PLAIN = "-----BEGIN PRIVATE KEY-----"
_ENCRYPTED = "-----BEGIN ENCRYPTED PRIVATE KEY-----"
_ALL_COLOURS = 1 << 24
_MANY_COLOURS = 256
_FEW_COLOURS = 16


def key_file_facts(connection: str, path: str) -> KeyFileFacts:
    """Look at a private key's file; never raises, and keeps nothing of the key.

    Args:
        connection: Which one names it.
        path: As written in the connections file.
    """
    file = Path(path)  # the connector does not know `~` (measured, connector 5.2)
    try:
        mode = stat.S_IMODE(file.stat().st_mode) if os.name == "posix" else None
        with file.open("rb") as opened:
            text = opened.read(_LONGEST_KEY).decode("ascii", "replace")
    except FileNotFoundError:
        return KeyFileFacts(connection, path, KeyFileKind.MISSING)
    except OSError as error:
        why = one_line(error.strerror or type(error).__name__)
        return KeyFileFacts(connection, path, KeyFileKind.UNREADABLE, why=why)
    kind = KeyFileKind.OTHER
    if _PLAIN in text:
        kind = KeyFileKind.PLAIN
    elif _ENCRYPTED in text:
        kind = KeyFileKind.ENCRYPTED
    return KeyFileFacts(connection, str(file), kind, mode)


def terminal_facts(environ: Mapping[str, str] = os.environ) -> TerminalFacts:
    """What this program is run at; never raises.

    Args:
        environ: Where the terminal's kind and abilities are named.
    """
    streams = [s for s in (sys.__stdin__, sys.__stdout__, sys.__stderr__) if s is not None]
    terminals = [stream for stream in streams if stream.isatty()]
    if not terminals:
        return TerminalFacts(is_terminal=False)
    try:
        size = tuple(os.get_terminal_size(terminals[-1].fileno()))
    except OSError:
        size = (0, 0)
    kind = environ.get("TERM", "")
    return TerminalFacts(
        is_terminal=True,
        kind=kind,
        colours=_colours(kind.lower(), environ),
        encoding=getattr(sys.__stdout__, "encoding", "") or "",
        size=(size[0], size[1]) if all(size) else None,
    )


def _colours(kind: str, environ: Mapping[str, str]) -> int:
    """As the dashboard's own library tells it from the environment."""
    if environ.get("NO_COLOR"):
        return 0
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return _ALL_COLOURS
    if kind.endswith("-direct"):
        return _ALL_COLOURS
    return _MANY_COLOURS if "256color" in kind or "kitty" in kind else _FEW_COLOURS


async def account_skew(connection: str) -> timedelta:
    """The clock of the server that a saved connection leads to, minus ours.

    Anybody is told the time, so this needs no sign-in: a clock that is wrong may be what keeps
    one from signing in.

    Raises:
        SnowflakeUnreachableError: It does not answer, or does not say what time it is.
    """
    from spcs_worker_tui.adapters.lean_httpx import httpx  # noqa: PLC0415 - slow

    (settings,) = read_connections().select([connection])
    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS) as client:
            before = datetime.now(UTC)
            answer = await client.head(settings.origin)
            arrived = before + (datetime.now(UTC) - before) / 2
        theirs = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise SnowflakeUnreachableError(
            f"{settings.origin} does not answer: {one_line(str(error) or type(error).__name__)}",
            next_step="Check account and host of the connection, the network and its proxy.",
        ) from error
    except (TypeError, ValueError) as error:
        raise SnowflakeUnreachableError(
            f"{settings.origin} does not say what time it is",
            next_step="Compare the clocks by hand.",
        ) from error
    # The header has no fraction of a second.
    return theirs.astimezone(UTC) + timedelta(milliseconds=500) - arrived
