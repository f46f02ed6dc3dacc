"""Everything that touches the connector; imported when first needed, in a thread.

Importing the connector costs more than a second, so nothing imports this module at its top.
Errors are told apart by class and number, never by text, which differs between versions of the
connector (contract 6.3, 6.6).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.adapters.snowflake.lean_import import without_unused
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    FleetError,
    NotVisibleError,
    PrivilegeError,
    RoleRefusedError,
    SessionEndedError,
    SignInRefusedError,
    SnowflakeUnreachableError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.ports import Identity
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.connections import ConnectionSettings

with without_unused():
    from snowflake.connector import errors
    from snowflake.connector._internal.api_client.client_api import async_core_driver
    from snowflake.connector._internal.protobuf_gen.database_driver_v1_pb2 import (
        TOKEN_REQUEST_TYPE_ISSUE,
    )
    from snowflake.connector.aio import Connection, DictCursor
    from snowflake.connector.aio.connection import _connection as signing_in

# The login's statistics would name the path of this program: the connector walks through the
# source of every loaded module to find it, for each login, and it is nobody's business.
signing_in.get_application_path = lambda: None  # type: ignore[attr-defined]

# What the connector has to say to programmers would be written over the dashboard.
warnings.filterwarnings("ignore", module=r"snowflake\.connector\b")

APPLICATION = "spcs_worker_tui"
"""Under this name the account's login and query history know us."""

_ATTEMPTS = 3

_SESSION_ENDED = frozenset({390104, 390111, 390112, 390113, 390114, 390115, 250002})
_SIGN_IN = range(390000, 400000)
_BAD_SETTINGS = range(251000, 252000)
_CORE_BAD_SETTINGS = frozenset(
    {3, 6, 7, 8}
)  # ErrorKind of the connector's core, without a vendor code
_NOT_VISIBLE = frozenset({2003, 2043})
_NO_PRIVILEGE = 3001
_NO_WAREHOUSE = 606

_WRONG_PASSWORD = 390100
_ROLE_REFUSED = frozenset({390189, 390201})
_TOKENS = frozenset({"programmatic_access_token", "pat_with_external_session", "oauth"})
_CORE_PREFIX = re.compile(
    r"(Configuration error: (Configuration validation failed \(\d+ issue\(s\)\): )?"
    r"|HTTP request failed after retries: [a-z ]+ request\. )"
)
"""What the connector's core puts before the cause; it says nothing to a user."""
_CORE_UNREADABLE = 6
_GARBLED = "Invalid Snowflake response"
"""So the core begins what it says of an answer that it cannot read; a sign-in fails with the same
number for that and for a dead network, and only the advice depends on it."""

_SIGN_IN_STEPS = {
    _WRONG_PASSWORD: "Correct the user or the password of that connection.",
    390144: "Register this key's public half with the user, or name the right private_key_file.",
    390189: "Name a role that is granted to the user, or leave the role out.",
    390201: "Correct role, warehouse, database and schema of that connection.",
    390303: "Put a fresh token into that connection.",
    390318: "Put a fresh token into that connection.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows by column name, and the id under which the account knows the statement."""

    rows: Sequence[Mapping[str, Any]]
    query_id: str = ""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token of a session's, and for how many seconds it is good."""

    token: Secret
    seconds: int = 3600


async def connect(
    settings: ConnectionSettings, seconds: float, secrets: Mapping[str, Secret]
) -> Connection:
    """Log in with one saved connection.

    Args:
        settings: The connector reads the rest, secrets included, from its own files.
        seconds: How long the connector may go on trying.
        secrets: What those files lack, by the connector's names.

    Raises:
        ConfigurationError: Something is missing from the connection, or is wrong.
        SignInRefusedError: The account said no.
        SnowflakeUnreachableError: No answer.
    """
    options: dict[str, Any] = {
        **(settings.options or {"connection_name": settings.name}),
        "application": APPLICATION,
        "login_timeout": max(1, int(seconds)),
        # Whoever watches tries again anyway, and says so meanwhile; the default of six hides a
        # dead network for eight seconds.
        "retry_max_attempts": _ATTEMPTS,
        # Without it the connector warns of a default that will change.
        "enable_server_session_keep_alive_auto_detection": False,
    }
    options |= {option: secret.reveal() for option, secret in secrets.items()}
    if settings.private_key_path:
        options["private_key_file"] = settings.private_key_path
    try:
        connection = Connection(**options)
        await connection.connect()
        # It would cost several calls into the connector's core with each statement.
        connection.telemetry_enabled = False
    except errors.Error as error:
        raise _sign_in_error(error, settings) from error
    return connection


def identity(connection: Connection, settings: ConnectionSettings) -> Identity:
    """Whom the account took us for."""
    return Identity(
        account=one_line(connection.account or settings.account),
        user=one_line(connection.user or settings.user),
        role=one_line(connection.role or settings.role),
    )


async def send(connection: Connection, name: str, statement: str) -> Answer:
    """Send one statement and read all of its rows.

    Raises:
        SessionEndedError: Only a new connection helps.
        StatementRefusedError: The account said no.
        SnowflakeUnreachableError: No answer.
    """
    try:
        async with connection.cursor(DictCursor) as cursor:
            await cursor.execute(statement)
            rows = await cursor.fetchall()
            return Answer(rows, cursor.sfqid or "")
    except errors.Error as error:
        raise _statement_error(error, name) from error


async def issue_token(connection: Connection, name: str) -> IssuedToken:
    """Have the account issue a token that lives on the session (contract 5).

    `/session/token-request` with ISSUE, authorised by the master token. The connector offers it
    to `snow` only, as `rest._token_request` of its synchronous half; this is what stands behind it.

    Raises:
        SessionEndedError: Only a new connection helps.
        SnowflakeUnreachableError: No answer.
    """
    handle = connection.conn_handle
    if handle is None:
        raise SessionEndedError(f"connection {name} was closed")
    try:
        answer = await async_core_driver.connection_request_token(
            conn_handle=handle, request_type=TOKEN_REQUEST_TYPE_ISSUE
        )
    except errors.Error as error:
        raise _statement_error(error, name) from error
    seconds = answer.validity_in_seconds if answer.HasField("validity_in_seconds") else 3600
    return IssuedToken(Secret(answer.session_token), int(seconds))


async def close(connection: Connection) -> None:
    """Log out, trying once; never raises an error of the connector's."""
    try:
        await connection.close(retry=False)
    except errors.Error:
        # The session then ends by itself; whoever closes has no use for the reason.
        return


def _sign_in_error(error: errors.Error, settings: ConnectionSettings) -> FleetError:
    # The connector wraps what the account said; without the wrapping it reads as a sentence.
    said = one_line(error.raw_msg, 300).removeprefix("Failed to login: ")
    said = said.removeprefix("Login error: ").removesuffix(f", code: {error.errno}")
    said = _CORE_PREFIX.sub("", said)
    if error.errno in _SIGN_IN:
        kind = RoleRefusedError if error.errno in _ROLE_REFUSED else SignInRefusedError
        return kind(
            f"the account refused the sign-in of {settings.user or 'this user'} "
            f"with connection {settings.name}: {said}",
            next_step=_sign_in_step(error.errno, settings),
        )
    if error.errno in _BAD_SETTINGS or error.errno in _CORE_BAD_SETTINGS:
        return ConfigurationError(
            f"connection {settings.name} cannot be used: {said}",
            next_step="Correct that connection in connections.toml or config.toml.",
        )
    if said.startswith(_GARBLED):
        return _garbled(settings.name, said)
    return SnowflakeUnreachableError(
        f"no connection to Snowflake with {settings.name}: {said}",
        next_step=_unreachable_step(settings),
    )


def _sign_in_step(errno: int, settings: ConnectionSettings) -> str:
    if errno == _WRONG_PASSWORD and settings.authenticator in _TOKENS:
        return "Correct the user of that connection, or put a fresh token into it."
    default = "Correct that connection's user, authenticator or credentials."
    return _SIGN_IN_STEPS.get(errno, default)


def _unreachable_step(settings: ConnectionSettings) -> str:
    """The connector has one number for a dead network and for a key that it cannot read."""
    where = "host, port and protocol" if settings.host else "the account name"
    step = f"Check {where} in that connection, and the network"
    if settings.authenticator == "snowflake_jwt":
        step += "; also that private_key_file is a PKCS#8 key and that its passphrase is right"
    return f"{step}."


def _statement_error(error: errors.Error, name: str) -> FleetError:
    said = one_line(error.raw_msg)
    if error.errno in _SESSION_ENDED or isinstance(error, errors.ReauthenticationRequest):
        return SessionEndedError(
            f"the session of connection {name} has ended", next_step="Sign in again."
        )
    if isinstance(error, errors.ProgrammingError):
        kind, next_step = _refusal(error.errno)
        return kind(
            said,
            errno=error.errno,
            sqlstate=error.sqlstate or "",
            query_id=error.sfqid or "",
            next_step=next_step,
        )
    said = _CORE_PREFIX.sub("", said)
    if isinstance(error, errors.InternalError) and error.errno == _CORE_UNREADABLE:
        return _garbled(name, said)
    return SnowflakeUnreachableError(
        f"no answer from Snowflake on connection {name}: {said}",
        next_step="Check the network; it is tried again by itself.",
    )


def _garbled(name: str, said: str) -> SnowflakeUnreachableError:
    detail = said.removeprefix(_GARBLED).lstrip(". ")
    return SnowflakeUnreachableError(
        f"what answers on connection {name} is not Snowflake's, or broke off: {detail}",
        next_step="Check for a proxy in between, perhaps its sign-in page; it is tried again "
        "by itself.",
    )


def _refusal(errno: int) -> tuple[type[StatementRefusedError], str]:
    if errno in _NOT_VISIBLE:
        return NotVisibleError, "Check the name, and that the connection's role may see it."
    if errno == _NO_PRIVILEGE:
        return PrivilegeError, "Use a role that owns the object, or have the privilege granted."
    if errno == _NO_WAREHOUSE:
        return StatementRefusedError, "Name a warehouse in that connection."
    return StatementRefusedError, ""
