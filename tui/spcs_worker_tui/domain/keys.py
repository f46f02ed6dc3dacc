"""Keys and tokens: which one is meant, what it is worth hiding in, and where it came from.

The values themselves only ever travel inside a `Secret`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn, Self
from urllib.parse import quote, unquote, urlsplit

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.text import one_line

LONGEST = 1 << 20
"""Characters. No key is this long; a file that was piped in by mistake may be longer."""

_SAFE = "/:@?=&+,;~"
"""Left as they are in an entry's name, so that addresses stay readable there."""


class Secret:
    """A value that shows itself only to who asks for it by `reveal`.

    Neither `repr`, `str` nor formatting show it, and it can be neither copied nor pickled, so that
    it cannot reach a log, a message or a file by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not copied or written down")


class KeyKind(StrEnum):
    """What a key is; the words are those of the command line."""

    API_KEY = "api-key"
    AUTH_STRING = "auth-string"
    PASSWORD = "password"  # noqa: S105 - a word, not a password
    TOKEN = "token"  # noqa: S105 - as above
    PASSPHRASE = "passphrase"  # noqa: S105 - as above
    ADDRESS = "address"
    """Where `--check --notify` sends to: an Apprise URL, which mostly holds a token."""

    @property
    def words(self) -> str:
        """As it is called in a sentence, without an article."""
        return _WORDS[self]

    @property
    def is_prefect(self) -> bool:
        """Whether it belongs to a Prefect API, and not to a saved connection."""
        return self in (KeyKind.API_KEY, KeyKind.AUTH_STRING)

    @property
    def is_of_connection(self) -> bool:
        """Whether it belongs to a saved connection."""
        return not self.is_prefect and self is not KeyKind.ADDRESS


_WORDS = {
    KeyKind.API_KEY: "Prefect API key",
    KeyKind.AUTH_STRING: "Prefect auth string",
    KeyKind.PASSWORD: "password",
    KeyKind.TOKEN: "access token",
    KeyKind.PASSPHRASE: "private key passphrase",
    KeyKind.ADDRESS: "notification address",
}

_VARIABLES = {
    KeyKind.API_KEY: "PREFECT_API_KEY",
    KeyKind.AUTH_STRING: "PREFECT_API_AUTH_STRING",
    KeyKind.PASSWORD: "PASSWORD",
    KeyKind.TOKEN: "TOKEN",
    KeyKind.PASSPHRASE: "PRIVATE_KEY_FILE_PWD",
}

NOTIFY_VARIABLE = "SPCS_WORKER_TUI_NOTIFY"
"""Holds notification addresses; with a name behind it, that one."""
ADDRESS_PREFIX = "notify:"
"""Tells the names of notification addresses from those of saved connections."""
_ADDRESS_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True, order=True)
class KeyName:
    """Which key it is; holds nothing secret.

    Args:
        kind: What it is.
        owner: The Prefect API URL, the saved connection's name, or `notify:` and a name.
        audience: Of a connection, `user@host` that it leads to: a key that was kept for one
            account is not sent to another one because somebody changed a file.
    """

    kind: KeyKind
    owner: str
    audience: str = ""

    @classmethod
    def prefect(cls, api_url: str, kind: KeyKind = KeyKind.API_KEY) -> Self:
        """The key of that API, whose URL may end with a slash or not."""
        return cls(kind, api_url.strip().rstrip("/"))

    @classmethod
    def address(cls, name: str) -> Self:
        """The notification address of that name.

        Raises:
            ConfigurationError: No address can have it.
        """
        if not _ADDRESS_NAME.fullmatch(name):
            raise ConfigurationError(
                f"{one_line(name, 80)!r} is no name of a notification address",
                next_step="It takes letters, digits, - and _.",
            )
        return cls(KeyKind.ADDRESS, f"{ADDRESS_PREFIX}{name}")

    @classmethod
    def parse(cls, entry: str) -> Self | None:
        """The other way round from `entry`; None for what is no such name."""
        kind, _, rest = entry.partition(" ")
        owner, _, audience = rest.partition(" ")
        try:
            return cls(KeyKind(kind), unquote(owner), unquote(audience)) if owner else None
        except ValueError:
            return None

    @property
    def entry(self) -> str:
        """Under this name it is in the keyring: ASCII, without control characters."""
        parts = [self.kind.value, quote(self.owner, safe=_SAFE)]
        if self.audience:
            parts.append(quote(self.audience, safe=_SAFE))
        return " ".join(parts)

    @property
    def words(self) -> str:
        """In a sentence: `the password of connection dev`."""
        if self.kind is KeyKind.ADDRESS:
            return f"the {self.kind.words} {one_line(self.owner.removeprefix(ADDRESS_PREFIX))}"
        if self.kind.is_prefect:
            return f"the {self.kind.words} for {one_line(self.owner)}"
        return f"the {self.kind.words} of connection {one_line(self.owner)}"

    @property
    def variables(self) -> tuple[str, ...]:
        """Environment variables that can hold it, the first one that is set counts.

        Those of connections are `snow`'s (contract 7); the connector itself reads none of them.
        """
        if self.kind is KeyKind.ADDRESS:
            name = self.owner.removeprefix(ADDRESS_PREFIX).replace("-", "_").upper()
            return (f"{NOTIFY_VARIABLE}_{name}",)
        variable = _VARIABLES[self.kind]
        if self.kind.is_prefect:
            return (variable,)
        named = f"SNOWFLAKE_CONNECTIONS_{self.owner.upper()}_{variable}"
        if self.kind is KeyKind.PASSPHRASE:
            return (named, "PRIVATE_KEY_PASSPHRASE")
        return (named,)

    @property
    def ways_on(self) -> str:
        """What a person who lacks it can do."""
        where = f"set {self.variables[0]} in the environment"
        if self.kind.is_prefect:
            where = f"set PREFECT_API_URL and {self.variables[0]} in the environment"
        return f"Keep it with `{self.command('set')}`, or {where}."

    def command(self, verb: str) -> str:
        """The command line that does this with it."""
        option = " --auth-string" if self.kind is KeyKind.AUTH_STRING and verb == "set" else ""
        owner = one_line(self.owner)
        plain = owner.replace("-", "").replace("_", "").isalnum() or not self.kind.is_of_connection
        return f"spcs-worker-tui keys {verb} {owner if plain else repr(owner)}{option}"


@dataclass(frozen=True, slots=True)
class KeyNeed:
    """A key that something uses.

    Args:
        name: Which one.
        source: Where it comes from without the keyring, in words; empty: from nowhere yet.
    """

    name: KeyName
    source: str = ""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """What a search for a key came to.

    Args:
        secret: The key, or None.
        source: Where it was found, in words.
        problem: Why the keyring could not be asked, one sentence or empty.
    """

    secret: Secret | None = None
    source: str = ""
    problem: str = ""


def checked(kind: KeyKind, text: str) -> Secret:
    """What was typed or piped in, as a value that can be of use.

    The line's end goes; of keys and tokens, space around them goes as well.

    Raises:
        ConfigurationError: It is empty, or no such key looks like this. The sentence says nothing
            about the value.
    """
    text = text.removesuffix("\n").removesuffix("\r")
    if kind in (KeyKind.API_KEY, KeyKind.TOKEN, KeyKind.AUTH_STRING, KeyKind.ADDRESS):
        text = text.strip()
    problem = ""
    if not text:
        problem = "nothing was given"
    elif len(text) > LONGEST:
        problem = f"it is longer than {LONGEST} characters"
    elif any(c in text for c in "\n\r\0"):
        problem = "it has more than one line"
    elif kind in (KeyKind.API_KEY, KeyKind.TOKEN) and not _is_one_word(text):
        problem = "it holds spaces or characters that no key has"
    elif kind is KeyKind.AUTH_STRING and ":" not in text:
        problem = "it has no colon; an auth string is user:password"
    elif kind is KeyKind.ADDRESS and not ("://" in text and _is_one_word(text)):
        problem = "it is no Apprise URL, which looks like slack://… or mailtos://…"
    if problem:
        raise ConfigurationError(
            f"this is no {kind.words}: {problem}", next_step="Nothing was changed; give it again."
        )
    return Secret(text)


def _is_one_word(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def checked_url(text: str) -> str:
    """An API URL that a key can be kept for.

    Raises:
        ConfigurationError: It is none, or holds a password itself.
    """
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or url != one_line(url, len(url)) or " " in url:
        raise ConfigurationError(
            f"{one_line(url.rpartition('@')[2])!r} is no Prefect API URL",
            next_step="It looks like https://api.prefect.cloud/api/accounts/…/workspaces/….",
        )
    if "@" in parts.netloc:
        raise ConfigurationError(
            "the URL holds a user or a password itself",
            next_step="Leave out what stands before the @, and keep it with --auth-string.",
        )
    return url
