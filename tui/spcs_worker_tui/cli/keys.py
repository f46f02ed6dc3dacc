"""`keys list`, `set`, `delete` and `test`."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.asking import read_secret
from spcs_worker_tui.cli.console import complain, put, say
from spcs_worker_tui.cli.exits import Exit
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    FleetError,
    KeyMissingError,
    KeyringError,
    PrefectUnauthorizedError,
    SignInRefusedError,
)
from spcs_worker_tui.domain.text import cell_width, one_line
from spcs_worker_tui.wiring.keys import open_keys

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import KeyNeed
    from spcs_worker_tui.operations.keys import KeyDesk, KeyRow

_REFUSED = (SignInRefusedError, PrefectUnauthorizedError, KeyMissingError)


def run_list(_options: Namespace) -> int:
    """Which keys are used or kept, and where each comes from."""
    return asyncio.run(_list(open_keys().desk))


async def _list(desk: KeyDesk) -> int:
    rows = await desk.rows()
    for line in _table(rows):
        put(line)
    if not rows:
        say("No saved connection and no Prefect API calls for a key, and none is kept.")
    try:
        say(f"The keyring is {await desk.keyring()}.")
    except KeyringError as error:
        complain(error)
        return Exit.UNKNOWN if any(row.is_kept for row in rows) else Exit.HEALTHY
    return Exit.HEALTHY


def _table(rows: Sequence[KeyRow]) -> list[str]:
    if not rows:
        return []
    cells = [
        ("FOR", "KEY", "FROM"),
        *((one_line(row.name.owner), row.name.kind.words, _source(row)) for row in rows),
    ]
    widths = [max(map(cell_width, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(_padded(*pair) for pair in zip(row, widths, strict=True)) for row in cells)
    return [line.rstrip() for line in lines]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_width(text))


def _source(row: KeyRow) -> str:
    if row.is_kept and not row.is_used:
        if row.source.startswith("the keyring"):
            return "the keyring, but no connection leads there any more"
        return f"{row.source}; the one in the keyring is not used"
    if not row.source:
        return "nowhere" if row.name.kind.is_prefect else "nowhere: it cannot sign in"
    return row.source


def run_set(options: Namespace) -> int:
    """Keep a key, read from the terminal or from standard input."""
    _refuse_if_read_only(options)
    if options.given:
        raise ConfigurationError(
            "a key is never an argument: every program on this machine can read those",
            next_step="Leave it out; it is asked for. Your shell's history has it now, so make a "
            "new one.",
        )
    need = asyncio.run(_prepare_set(options))
    secret = read_secret(need.name)
    asyncio.run(open_keys().desk.keep(need.name, secret))
    say(f"Kept: {need.name.words}.")
    if need.source:
        say("  It is not used as long as the connection has one in its own settings.")
    return Exit.HEALTHY


async def _prepare_set(options: Namespace) -> KeyNeed:
    """Everything that can be wrong before anybody has to type."""
    desk = open_keys().desk
    need = await desk.named(options.key, auth_string=options.auth_string)
    await desk.keyring()
    return need


def run_delete(options: Namespace) -> int:
    """Delete what is kept for a connection or a Prefect API."""
    _refuse_if_read_only(options)
    deleted = asyncio.run(open_keys().desk.delete(options.key))
    for name in deleted:
        say(f"Deleted: {name.words}.")
    if not deleted:
        say("The keyring had it no longer; its name is forgotten now.")
    return Exit.HEALTHY


def run_test(options: Namespace) -> int:
    """Use keys, and say whether they work."""
    return asyncio.run(_test(open_keys().desk, options.key))


async def _test(desk: KeyDesk, keys: Sequence[str]) -> int:
    if not keys:
        keys = list(dict.fromkeys(row.name.owner for row in await desk.rows() if row.is_kept))
    if not keys:
        raise ConfigurationError(
            "nothing is kept", next_step="Name a saved connection or a Prefect API URL."
        )
    worst = Exit.HEALTHY
    for key in keys:
        try:
            put(f"{one_line(key)}: {await desk.test(key)}.")
        except FleetError as error:
            complain(error)
            worst = max(worst, _status(error))
    return worst


def _status(error: FleetError) -> Exit:
    if isinstance(error, ConfigurationError):
        return Exit.USAGE
    return Exit.BROKEN if isinstance(error, _REFUSED) else Exit.UNKNOWN


def _refuse_if_read_only(options: Namespace) -> None:
    if options.read_only:
        raise ConfigurationError("--read-only changes nothing, and so no key either")
