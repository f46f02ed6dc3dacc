"""The connector's own saved connections: which there are, and which need a person to sign in.

The connector reads the same files itself when it logs in, so no secret passes through here: of
each connection only what is shown or decided by is kept. Rules: contract 7, and what connector
5.2.0 does with these files (measured): keys of one name are merged across both files, and one bad
file makes every connection unusable.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spcs_worker_tui.adapters.toml_text import read_toml
from spcs_worker_tui.domain.errors import ConfigurationError, UnknownConnectionError
from spcs_worker_tui.domain.text import one_line

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_TEXTS = (
    "account",
    "user",
    "password",
    "authenticator",
    "role",
    "warehouse",
    "database",
    "schema",
    "host",
    "protocol",
    "token",
    "token_file_path",
    "private_key_file",
    "private_key_path",
)
_HIGHEST_PORT = 65535
_BROWSER = {"externalbrowser", "oauth_authorization_code"}
_MFA = "username_password_mfa"
_SECRETS = frozenset(
    {"password", "token", "token_file_path", "private_key_file_pwd", "private_key_password"}
)


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """One saved connection, without its secrets.

    `authenticator` is in lower case, `snowflake` where the file names none. `interactive` means
    that logging in opens a browser or asks somebody's telephone.
    """

    name: str
    account: str = ""
    user: str = ""
    role: str = ""
    host: str = ""
    authenticator: str = "snowflake"
    interactive: bool = False
    private_key_path: str = ""
    """`snow`'s spelling of `private_key_file`, which the connector does not know by this name."""
    problem: str = ""
    """What makes it unusable, as the end of a sentence that starts with its name. The connector
    reports a value of the wrong type as missing, and passes some over (measured)."""
    private_key_file: str = ""
    secrets: frozenset[str] = frozenset()
    """Which secrets the files hold for it, by the names of their settings."""
    options: Mapping[str, str | int] = field(default_factory=dict, hash=False)
    """Of a connection that no file has yet: what the connector is told instead of its name."""
    origin: str = ""
    """Where it leads: `https://host`, with the port where that is another one than usual."""


@dataclass(frozen=True, slots=True)
class SavedConnections:
    """Everything that the files define, in their order; none at all is a normal state."""

    directory: Path
    connections: tuple[ConnectionSettings, ...] = ()
    default_name: str = "default"

    def select(self, names: Sequence[str] = ()) -> tuple[ConnectionSettings, ...]:
        """The connections of these names, each once; without names, all of them.

        Raises:
            UnknownConnectionError: No file defines one of the names.
        """
        known = {connection.name: connection for connection in self.connections}
        for name in names:
            if name not in known:
                there_are = ", ".join(known)
                raise UnknownConnectionError(
                    f"there is no connection {one_line(name)!r} in {self.directory}",
                    next_step=f"{_nearest(name, known)}There are: {there_are}."
                    if known
                    else "`spcs-worker-tui setup` makes one; --sandbox is for looking around.",
                )
        return tuple(known[name] for name in dict.fromkeys(names or known))


def read_connections(environ: Mapping[str, str] = os.environ) -> SavedConnections:
    """Read `connections.toml` and `config.toml`.

    Raises:
        ConfigurationError: A file is malformed, unreadable, or writable by others; the sentence
            names the file and, where there is one, the line.
    """
    directory = _directory(environ)
    config = _read(directory / "config.toml")
    sections: dict[str, dict[str, Any]] = {}
    for tables in (_read(directory / "connections.toml"), config.get("connections", {})):
        for name, table in tables.items() if isinstance(tables, dict) else ():
            if isinstance(table, dict):
                # The first file wins, key by key.
                sections[name] = table | sections.get(name, {})
    if bad := next((name for name in sections if one_line(name) != name or not name), None):
        raise ConfigurationError(
            f"{directory} defines a connection with an unusable name: {one_line(bad)!r}",
            next_step="Rename it; use letters, digits, '-' and '_'.",
        )
    default = environ.get("SNOWFLAKE_DEFAULT_CONNECTION_NAME") or config.get(
        "default_connection_name"
    )
    return SavedConnections(
        directory,
        tuple(_settings(name, table) for name, table in sections.items()),
        default if isinstance(default, str) and default else "default",
    )


def connection_files(environ: Mapping[str, str] = os.environ) -> tuple[Path, Path]:
    """The two files that `read_connections` reads, whether they are there or not."""
    directory = _directory(environ)
    return directory / "connections.toml", directory / "config.toml"


def _directory(environ: Mapping[str, str]) -> Path:
    """Where connector 5.2 looks: one that is named but missing is passed over (measured)."""
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    if named := environ.get("SNOWFLAKE_HOME"):
        path = home / named[2:] if named.startswith("~/") else Path(named)
        if path.is_dir():
            return path
    if (home / ".snowflake").is_dir():
        return home / ".snowflake"
    if sys.platform == "win32":
        return home / "AppData" / "Local" / "snowflake"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "snowflake"
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "snowflake"


def _read(path: Path) -> dict[str, Any]:
    """The tables of one file; empty when it is not there."""
    try:
        # The connector refuses such a file too, because others could redirect the sign-in.
        if os.name == "posix" and path.stat().st_mode & _WRITABLE_BY_OTHERS:
            raise ConfigurationError(
                f"{path} can be written by others, so no connection in it is used",
                next_step=f"Run: chmod 600 {path}",
            )
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}",
            next_step="Make it a file that you may read, in a directory that you may enter.",
        ) from error
    try:
        # Some editors put a byte order mark first; the connector passes it over (measured).
        return read_toml(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{path}, line {line}, is not UTF-8 text", next_step="Save the file as UTF-8."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{path} is not valid TOML: {_mistake(str(error))}", next_step=_mend(str(error))
        ) from error


def _mistake(said: str) -> str:
    """What tomllib says, with a section's name as the file writes it."""

    def section(match: re.Match[str]) -> str:
        parts = re.findall("'([^']*)'", match[0])
        return f"[{'.'.join(parts)}]"

    return one_line(re.sub(r"\((?:'[^']*'(?:, |,)?)+\)", section, said))


def _mend(said: str) -> str:
    """What to do about a mistake that tomllib found."""
    if re.match(r"Cannot (declare|overwrite|mutate|redefine)", said):
        return "Give each section and each key in it only once."
    return "Correct that line; texts need quotes around them."


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}? " if near else ""


def _problem(values: Mapping[str, Any]) -> str:
    """What is wrong with one connection as it stands in the files, or nothing."""
    if not values:
        return "has nothing in it"
    if wrong := [key for key in _TEXTS if not isinstance(values.get(key, ""), str)]:
        verb = "has" if len(wrong) == 1 else "have"
        return f"cannot be used: {', '.join(wrong)} {verb} to be text in quotes"
    if "://" in values.get("host", ""):
        return "cannot be used: host has to be a bare name, without http:// or a path"
    port = str(values.get("port", "443"))
    if not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= _HIGHEST_PORT):
        return f"cannot be used: port has to be a number from 1 to {_HIGHEST_PORT}"
    return ""


def _settings(name: str, table: Mapping[str, Any]) -> ConnectionSettings:
    values = {key.lower(): value for key, value in table.items()}

    def text(key: str) -> str:
        value = values.get(key)
        return one_line(value) if isinstance(value, str) else ""

    authenticator = text("authenticator").lower() or "snowflake"
    passcode = bool(values.get("passcode") or values.get("passcode_in_password"))
    private_key_path = "" if values.get("private_key_file") else text("private_key_path")
    return ConnectionSettings(
        name=name,
        account=text("account"),
        user=text("user"),
        role=text("role"),
        host=text("host"),
        authenticator=authenticator,
        interactive=authenticator in _BROWSER or (authenticator == _MFA and not passcode),
        private_key_path=private_key_path,
        problem=_problem(values),
        private_key_file=text("private_key_file"),
        secrets=frozenset(key for key in _SECRETS if values.get(key)),
        origin=_origin(values, text),
    )


def _origin(values: Mapping[str, Any], text: Callable[[str], str]) -> str:
    """As the connector makes it of host, port, protocol and account."""
    protocol, port = text("protocol") or "https", str(values.get("port", ""))
    account = text("account")
    if not (account or text("host")):
        return ""
    # The accounts of a Chinese region have a domain of their own.
    top = "cn" if ".cn-" in account.lower() else "com"
    host = text("host") or f"{account}.snowflakecomputing.{top}"
    return f"{protocol}://{host}{f':{port}' if port else ''}"
