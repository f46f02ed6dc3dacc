"""What a statement of the files under `sql/` is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KINDS = (
    "ROLE|DATABASE|SCHEMA|IMAGE REPOSITORY|COMPUTE POOL|NETWORK RULE|"
    "EXTERNAL ACCESS INTEGRATION|INTEGRATION|SECRET|SERVICE"
)
_NAME = r'(?:"[^"]+"|[\w$]+)(?:\.(?:"[^"]+"|[\w$]+))*'
_PART = re.compile(r'"[^"]+"|[\w$]+')
_USE = re.compile(rf"USE (ROLE|SCHEMA) ({_NAME})", re.IGNORECASE)
_CREATE = re.compile(
    rf"CREATE (?:OR (?:REPLACE|ALTER) )?({_KINDS})(?: IF NOT EXISTS)? ({_NAME})", re.IGNORECASE
)
_DROP = re.compile(rf"DROP ({_KINDS})(?: IF EXISTS)? ({_NAME})", re.IGNORECASE)
_GRANT_ROLE = re.compile(rf"GRANT ROLE ({_NAME}) TO (ROLE|USER) ({_NAME})", re.IGNORECASE)
_GRANT = re.compile(
    rf"GRANT ([A-Z, ]+?) ON ((?:ALL|FUTURE) \w+ IN )?({_KINDS}) ({_NAME})\s+TO ROLE ({_NAME})",
    re.IGNORECASE,
)
_INTEGRATION = "INTEGRATION"


@dataclass(frozen=True, slots=True)
class Uses:
    """`USE ROLE`, `USE SCHEMA`."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Creates:
    """`CREATE …`; `name` is as it is stored."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Drops:
    """`DROP …`."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Grants:
    """`GRANT … ON … TO ROLE …`; `within` is `ALL SERVICES IN` and the like, or empty."""

    privileges: tuple[str, ...]
    kind: str
    name: str
    role: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class GrantsRole:
    """`GRANT ROLE … TO …`."""

    role: str
    to_kind: str
    to: str


Meaning = Uses | Creates | Drops | Grants | GrantsRole


def meaning(statement: str) -> Meaning:
    """What it is about.

    Raises:
        ValueError: It is none of the files' kinds: a defect of a file.
    """
    text = " ".join(statement.split())
    if match := _USE.fullmatch(text):
        return Uses(match[1].upper(), stored(match[2]))
    if match := _CREATE.match(text):
        return Creates(_kind(match[1]), stored(match[2]))
    if match := _DROP.fullmatch(text):
        return Drops(_kind(match[1]), stored(match[2]))
    if match := _GRANT_ROLE.fullmatch(text):
        return GrantsRole(stored(match[1]), match[2].upper(), stored(match[3]))
    if match := _GRANT.fullmatch(text):
        privileges = tuple(word.strip().upper() for word in match[1].split(","))
        kind, name, role = _kind(match[3]), stored(match[4]), stored(match[5])
        return Grants(privileges, kind, name, role, (match[2] or "").strip().upper())
    raise ValueError(f"not a statement of a set-up: {text[:60]}")


def _kind(words: str) -> str:
    """As SHOW GRANTS says it: of integrations there is one kind."""
    kind = words.upper()
    return _INTEGRATION if kind.endswith(_INTEGRATION) else kind


def stored(name: str) -> str:
    """The name as the account keeps it: without quotes."""
    parts = _PART.findall(name)
    return ".".join(part[1:-1] if part.startswith('"') else part.upper() for part in parts)


def comment_of(statement: str) -> str:
    """The comment that a CREATE gives, or nothing."""
    match = re.search(r"COMMENT = '([^']*)'", statement)
    return match[1] if match else ""
