"""A saved connection that does not exist yet: what was typed, checked, without its secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.keys import KeyKind, KeyName
from spcs_worker_tui.domain.text import one_line

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ACCOUNT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_HOST = re.compile(r"[A-Za-z0-9_.-]+")
_ROLE = re.compile(r'[A-Za-z_][A-Za-z0-9_$]*|"[^"]+"')
_OURS = ".snowflakecomputing."
_SNOWSIGHT = "app.snowflake.com"
_LONGEST = 255
_PORTS = {"http": 80, "https": 443}


class SignInWay(StrEnum):
    """The connector's `authenticator`, in its own words (contract 7)."""

    PASSWORD = "snowflake"  # noqa: S105 - a word, not a password
    KEY_PAIR = "snowflake_jwt"
    ACCESS_TOKEN = "programmatic_access_token"  # noqa: S105 - as above
    BROWSER = "externalbrowser"
    MFA = "username_password_mfa"
    OAUTH = "oauth"

    @property
    def words(self) -> str:
        """What a person calls it."""
        return _WORDS[self]

    @property
    def secret(self) -> KeyKind | None:
        """The kind of secret that it takes; None for a browser."""
        return _SECRETS[self]

    @property
    def needs_person(self) -> bool:
        """Whether each sign-in asks somebody."""
        return self in (SignInWay.BROWSER, SignInWay.MFA)


_WORDS = {
    SignInWay.PASSWORD: "password",
    SignInWay.KEY_PAIR: "key pair",
    SignInWay.ACCESS_TOKEN: "programmatic access token",
    SignInWay.BROWSER: "browser (single sign-on)",
    SignInWay.MFA: "password and second factor",
    SignInWay.OAUTH: "OAuth access token",
}
_SECRETS = {
    SignInWay.PASSWORD: KeyKind.PASSWORD,
    SignInWay.KEY_PAIR: KeyKind.PASSPHRASE,
    SignInWay.ACCESS_TOKEN: KeyKind.TOKEN,
    SignInWay.BROWSER: None,
    SignInWay.MFA: KeyKind.PASSWORD,
    SignInWay.OAUTH: KeyKind.TOKEN,
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where an account is, as far as it was said.

    `host`, `port` and `protocol` are empty or 0 where the connector makes them from the account.
    """

    account: str
    host: str = ""
    port: int = 0
    protocol: str = ""


@dataclass(frozen=True, slots=True)
class NewConnection:
    """What `connections.toml` will say of it. Holds no secret: that belongs into the keyring."""

    name: str
    address: Address
    user: str
    way: SignInWay = SignInWay.PASSWORD
    role: str = ""
    private_key_file: str = ""

    @property
    def options(self) -> Mapping[str, str | int]:
        """The connector's settings, in the order in which they are written."""
        options: dict[str, str | int] = {
            "account": self.address.account,
            "user": self.user,
            "authenticator": self.way.value,
            "private_key_file": self.private_key_file,
            "role": self.role,
            "host": self.address.host,
            "port": self.address.port,
            "protocol": self.address.protocol,
        }
        return {name: value for name, value in options.items() if value}

    @property
    def key(self) -> KeyName | None:
        """Under which name its secret is kept; None where it takes none."""
        if self.way.secret is None:
            return None
        audience = f"{self.user}@{self.address.host or self.address.account}".casefold()
        return KeyName(self.way.secret, self.name, audience)


def checked_connection(values: Mapping[str, str]) -> NewConnection:
    """What was typed, as a connection.

    Args:
        values: `name`, `account`, `user`, `way`, `role`, `host` and `private_key_file`; what is
            missing counts as empty.

    Raises:
        ConfigurationError: Something of it cannot be used; it says what.
    """
    values = {name: value.strip() for name, value in values.items()}
    way = SignInWay(values.get("way") or SignInWay.PASSWORD)
    name = values.get("name") or "default"
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{one_line(name)!r} cannot be the name of a connection",
            next_step="Use letters, digits, '-' and '_'.",
        )
    address = checked_address(values.get("account", ""), values.get("host", ""))
    user = values.get("user", "")
    if not user or user != one_line(user) or len(user) > _LONGEST:
        raise ConfigurationError(
            "the user is missing" if not user else "no user has a name like this",
            next_step="It is the name that you sign in to Snowflake with.",
        )
    role = values.get("role", "")
    if role and not _ROLE.fullmatch(role):
        raise ConfigurationError(
            f"{one_line(role)!r} is no name of a role", next_step="Leave it empty for the default."
        )
    key_file = values.get("private_key_file", "") if way is SignInWay.KEY_PAIR else ""
    if way is SignInWay.KEY_PAIR and not key_file:
        raise ConfigurationError(
            "the private key's file is missing", next_step="Name the PKCS#8 file, such as key.p8."
        )
    return NewConnection(name, address, user, way, role, key_file)


def checked_address(account: str, host: str = "") -> Address:
    """Where an account is, from its identifier or from an address in the browser's bar.

    Args:
        account: `ORG-ACCOUNT`, a locator with its region, or a URL of the account.
        host: Only where the account's own host is not to be used: private connectivity, a stand-in.
            With `http://` and a port where that is needed.

    Raises:
        ConfigurationError: It is neither.
    """
    typed = account
    told = _split(account) if "/" in account else None
    if told is not None:
        account, host = told[0], host or told[1]
    elif _OURS in account:
        account = account.partition(_OURS)[0]
    if not account or len(account) > _LONGEST or not _ACCOUNT.fullmatch(account):
        raise ConfigurationError(
            f"{one_line(typed)!r} is no account" if typed else "the account is missing",
            next_step="It looks like MYORG-MYACCOUNT: in Snowsight at the bottom left, "
            "'View account details'. The account's URL will do as well.",
        )
    return _with_host(account, host) if host else Address(account)


def _split(url: str) -> tuple[str, str]:
    """Account and own host that a URL means; the host is empty where the account gives it."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    if host == _SNOWSIGHT:
        names = [part for part in parts.path.split("/") if part]
        return ("-".join(names[:2]), "") if len(names) > 1 else ("", "")
    return (host.partition(_OURS)[0], "") if _OURS in host else ("", "")


def _with_host(account: str, host: str) -> Address:
    try:
        parts = urlsplit(host if "://" in host else f"//{host}")
        name, port = parts.hostname or "", parts.port or 0
    except ValueError:
        name, port = "", 0
    protocol = parts.scheme if name else ""
    usable = name and _HOST.fullmatch(name) and protocol in ("", *_PORTS)
    if not usable or parts.path not in ("", "/") or "@" in parts.netloc:
        raise ConfigurationError(
            f"{one_line(host.rpartition('@')[2])!r} is no host",
            next_step="It looks like myorg-myaccount.privatelink.snowflakecomputing.com; "
            "leave it empty for the account's own.",
        )
    port = port or _PORTS.get(protocol, 0)
    return Address(account, name, port, protocol)
