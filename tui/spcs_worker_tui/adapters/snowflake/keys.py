"""Which secret a saved connection needs to log in, and whether its own settings have it.

Measured with connector 5.2.0: it reads `SNOWFLAKE_CONNECTIONS_<NAME>_PASSWORD` and its relatives
no more than SNOWFLAKE_PASSWORD or PRIVATE_KEY_PASSPHRASE; it takes `password`, `token` and
`private_key_password` beside a `connection_name`; with a private key file and no authenticator it
signs in with the key pair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.connections import ConnectionSettings, read_connections
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    FleetError,
    KeyMissingError,
    SignInRefusedError,
)
from spcs_worker_tui.domain.keys import FoundKey, KeyKind, KeyName, KeyNeed, Secret

if TYPE_CHECKING:
    from spcs_worker_tui.domain.key_ports import KeySource

_OPTIONS = {
    KeyKind.PASSWORD: "password",
    KeyKind.TOKEN: "token",
    KeyKind.PASSPHRASE: "private_key_password",
}
"""The connector's own name for each."""
_WANTED = {
    KeyKind.PASSWORD: "a password",
    KeyKind.TOKEN: "an access token",
    KeyKind.PASSPHRASE: "the passphrase of its private key",
}

_BY_PASSWORD = frozenset({"snowflake", "username_password_mfa"})
_BY_TOKEN = frozenset({"programmatic_access_token", "oauth"})
_BY_KEY_PAIR = "snowflake_jwt"
_OF = {
    KeyKind.PASSWORD: frozenset({"password"}),
    KeyKind.TOKEN: frozenset({"token", "token_file_path"}),
    KeyKind.PASSPHRASE: frozenset({"private_key_file_pwd", "private_key_password"}),
}
_OWN = "its own settings"
_ENCRYPTED = ("ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED")
_LARGEST_KEY_FILE = 1 << 16


def needed_key(settings: ConnectionSettings) -> KeyNeed | None:
    """The secret that this connection logs in with; reads its private key's file.

    Returns:
        None where it takes none: a browser, a key that is not encrypted, a way that this program
        does not know; and where there is no user, which the connector has more to say about.
    """
    kind = _kind(settings)
    if kind is None or not settings.user:
        return None
    audience = f"{settings.user}@{settings.host or settings.account}".casefold()
    name = KeyName(kind, settings.name, audience)
    return KeyNeed(name, _OWN if _OF[kind] & settings.secrets else "")


def _kind(settings: ConnectionSettings) -> KeyKind | None:
    authenticator = settings.authenticator
    file = settings.private_key_file or settings.private_key_path
    by_default = authenticator == "snowflake" and "password" not in settings.secrets
    if authenticator == _BY_KEY_PAIR or (by_default and file):
        return KeyKind.PASSPHRASE if _is_encrypted(file) else None
    if authenticator in _BY_PASSWORD or authenticator.startswith("https://"):
        return KeyKind.PASSWORD
    return KeyKind.TOKEN if authenticator in _BY_TOKEN else None


def _is_encrypted(file: str) -> bool:
    text = _read(file).decode("ascii", errors="replace")
    return any(mark in text for mark in _ENCRYPTED)


def _read(file: str) -> bytes:
    """The key file, or nothing: that it cannot be read is for the connector to say."""
    try:
        with Path(file).open("rb") as stream:
            return stream.read(_LARGEST_KEY_FILE)
    except (OSError, ValueError):
        return b""


@dataclass(frozen=True, slots=True)
class KeyInHand:
    """A key that a connection lacks in its own settings, found elsewhere."""

    name: KeyName
    found: FoundKey

    def options(self) -> Mapping[str, Secret]:
        """For the connector."""
        assert self.found.secret is not None
        return {_OPTIONS[self.name.kind]: self.found.secret}

    def refused(self, error: SignInRefusedError) -> SignInRefusedError:
        """The account's no, with the next step for a key that came from here."""
        return SignInRefusedError(
            error.message,
            next_step=f"The {self.name.kind.words} came from {self.found.source}. "
            f"{self.name.ways_on}",
        )


async def key_in_hand(
    settings: ConnectionSettings, keys: KeySource | None, *, again: bool
) -> KeyInHand | None:
    """What the connection's own settings lack.

    Args:
        settings: The connection, as it was when the program started.
        keys: Where to look for it.
        again: A person asked for the sign-in, so that places which failed are asked again.

    Returns:
        None where nothing is lacking.

    Raises:
        KeyMissingError: It is nowhere.
        SignInRefusedError: It is a passphrase, and the wrong one.
    """
    need = await asyncio.to_thread(needed_key, settings)
    if need is not None and not need.source and not settings.options:
        # Somebody may have put it there since.
        need = await asyncio.to_thread(_needed_now, settings)
    if need is None or need.source:
        return None
    found = await keys.find(need.name, again=again) if keys is not None else FoundKey()
    if found.secret is None:
        raise _missing(need.name, found.problem)
    if need.name.kind is KeyKind.PASSPHRASE:
        await asyncio.to_thread(_check_passphrase, settings, found)
    return KeyInHand(need.name, found)


def _needed_now(settings: ConnectionSettings) -> KeyNeed | None:
    try:
        return needed_key(read_connections().select([settings.name])[0])
    except ConfigurationError:
        return None  # the connector reads the same files, and says what is wrong


def _missing(name: KeyName, problem: str) -> FleetError:
    message = f"connection {name.owner} needs {_WANTED[name.kind]}"
    if not problem:
        return KeyMissingError(message, key=name, next_step=name.ways_on)
    return KeyMissingError(
        f"{message}, and {problem}",
        key=name,
        next_step=f"Set {name.variables[0]} in the environment, or see `spcs-worker-tui keys list` "
        "for what the keyring needs.",
    )


def _check_passphrase(settings: ConnectionSettings, found: FoundKey) -> None:
    """Try it on the key file, since the connector says of a wrong one only 'Unspecified'.

    Raises:
        SignInRefusedError: It does not open the file.
    """
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - for key pairs only
        load_pem_private_key,
    )

    assert found.secret is not None
    file = settings.private_key_file or settings.private_key_path
    try:
        load_pem_private_key(_read(file), found.secret.reveal().encode())
    except Exception:  # noqa: BLE001 - it documents ValueError and TypeError, and raises others of OpenSSL
        refused = True
    else:
        refused = False
    if refused:  # outside of the handler, so that no cause comes along
        raise SignInRefusedError(
            f"the passphrase from {found.source} does not open the private key of connection "
            f"{settings.name}",
            next_step=f"Put the right one in with `spcs-worker-tui keys set {settings.name}`.",
        )


def need_of(settings: ConnectionSettings) -> KeyNeed:
    """The key of a connection that somebody wants to keep one for.

    Raises:
        ConfigurationError: It takes none.
    """
    need = needed_key(settings)
    if need is not None:
        return need
    why = f"it signs in with {settings.authenticator}"
    next_step = "Keys are kept for passwords, access tokens and passphrases of private keys."
    if not settings.user:
        why, next_step = "it names no user", "Put the user into its settings."
    elif settings.authenticator == _BY_KEY_PAIR:
        why = "its private key is missing or not encrypted"
    raise ConfigurationError(
        f"there is nothing to keep for connection {settings.name}: {why}", next_step=next_step
    )
