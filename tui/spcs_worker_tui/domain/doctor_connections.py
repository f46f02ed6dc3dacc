"""Checks on the saved connections: the files, the settings in them, and the sign-in.

Facts from contract 7: which files there are, who may read them, and what each client makes of that.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.doctor import (
    THIS_MACHINE,
    Area,
    Check,
    Cure,
    Finding,
    MakePrivate,
    Outcome,
    shell,
    unseen,
)
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    FleetError,
    KeyMissingError,
    SignInNeededError,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Identity

FILE = Check("connections-file", "The saved connections can be read", Area.CONNECTIONS)
PERMISSIONS = Check(
    "connections-permissions",
    "Only you may read and write the connections files",
    Area.CONNECTIONS,
)
SETTINGS = Check(
    "connection-settings", "The settings of the connection make sense", Area.CONNECTIONS
)
LOGIN = Check("connection-login", "The connection signs in, with a role", Area.CONNECTIONS)

CHECKS = (FILE, PERMISSIONS, SETTINGS, LOGIN)

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One connections file that is there.

    Attributes:
        mode: Its permission bits; None where the system has none.
        has_secrets: Whether a password, a token or a passphrase stands in it, as far as it can be
            read.
    """

    path: str
    mode: int | None = None
    has_secrets: bool = False


@dataclass(frozen=True, slots=True)
class SavedConnection:
    """One saved connection, without its secrets.

    Attributes:
        problem: What makes it unusable, as the end of a sentence that starts with its name.
        private_key_file: Where its key pair is, as written; empty where it signs in otherwise.
    """

    name: str
    problem: str = ""
    authenticator: str = "snowflake"
    private_key_file: str = ""


@dataclass(frozen=True, slots=True)
class ConnectionsFacts:
    """What the connections files say.

    Attributes:
        directory: Where they are looked for.
        error: Why they cannot be used, or the connection that was asked for is not in them.
    """

    directory: str
    files: tuple[FileFacts, ...] = ()
    connections: tuple[SavedConnection, ...] = ()
    error: ConfigurationError | None = None


def judge_files(facts: ConnectionsFacts) -> Iterator[Finding]:
    """What is right and wrong with the files as such."""
    exposed = [_permissions(file) for file in facts.files if file.mode is not None]
    yield from exposed
    if any(finding.outcome is Outcome.PROBLEM for finding in exposed):
        return  # nothing in them is used until that is mended, and that is said
    yield _file(facts)


def _file(facts: ConnectionsFacts) -> Finding:
    if facts.error is not None:
        words = " ".join(filter(None, (facts.error.next_step, *facts.error.others)))
        return Finding(FILE, THIS_MACHINE, Outcome.PROBLEM, str(facts.error), Cure(words))
    if not facts.connections:
        return Finding(
            FILE,
            THIS_MACHINE,
            Outcome.PROBLEM,
            f"there is no saved Snowflake connection in {facts.directory}",
            Cure("Make one, step by step.", commands=("spcs-worker-tui setup",)),
        )
    names = ", ".join(connection.name for connection in facts.connections)
    return Finding(FILE, THIS_MACHINE, Outcome.OK, f"{facts.directory} has {names}")


def _permissions(file: FileFacts) -> Finding:
    mode = file.mode or 0
    cure = Cure("Take the others' rights away.", commands=(shell("chmod", "600", file.path),))
    said = f"{file.path} ({mode:04o})"
    if mode & _OTHERS_WRITE:
        text = f"{said} can be written by others, so no connection in it is used"
        outcome = Outcome.PROBLEM
    elif mode & _OTHERS_READ and file.has_secrets:
        text = f"{said} can be read by others, and a password or token stands in it"
        outcome = Outcome.PROBLEM
    elif mode & _OTHERS_READ:
        text = f"{said} can be read by others: `snow` refuses such a file"
        outcome = Outcome.NOTICE
    else:
        return Finding(PERMISSIONS, THIS_MACHINE, Outcome.OK, f"{said} is yours alone")
    return Finding(PERMISSIONS, THIS_MACHINE, outcome, text, cure, MakePrivate(file.path))


def judge_settings(connection: SavedConnection) -> Finding:
    """Whether a connection can be used as it stands in the files."""
    name = connection.name
    if connection.problem:
        return Finding(
            SETTINGS,
            name,
            Outcome.PROBLEM,
            f"connection {name} {connection.problem}",
            Cure("Correct it in connections.toml or config.toml."),
            connection=name,
        )
    text = f"authenticator {connection.authenticator}"
    return Finding(SETTINGS, name, Outcome.OK, text, connection=name)


def signed_in(connection: str, identity: Identity) -> Finding:
    """That it does, and as whom."""
    if not identity.role:
        return Finding(
            LOGIN,
            connection,
            Outcome.PROBLEM,
            f"it signs in to {identity.account} as {identity.user} without a role, so nothing "
            "is visible",
            Cure("Name a role in the connection, or give the user a default one."),
            connection=connection,
        )
    text = f"signs in to {identity.account} as {identity.user} with role {identity.role}"
    return Finding(LOGIN, connection, Outcome.OK, text, connection=connection)


def not_signed_in(connection: str, error: FleetError) -> Finding:
    """Why it does not."""
    if isinstance(error, KeyMissingError):
        cure = Cure(
            "Keep it in the keyring.",
            commands=(shell("spcs-worker-tui", "keys", "set", connection),),
        )
        return Finding(LOGIN, connection, Outcome.PROBLEM, str(error), cure, connection=connection)
    if isinstance(error, SignInNeededError):
        return unseen(LOGIN, connection, error, connection)
    cure = Cure(error.next_step or "Correct that connection.")
    return Finding(LOGIN, connection, Outcome.PROBLEM, str(error), cure, connection=connection)
