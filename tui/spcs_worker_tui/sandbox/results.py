"""What a statement answers: a typed table, or an error with code and SQLSTATE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Column types on the wire (contract 6.5)."""

    FIXED = "fixed"
    REAL = "real"
    TEXT = "text"
    BOOLEAN = "boolean"
    TIMESTAMP_LTZ = "timestamp_ltz"
    TIMESTAMP_NTZ = "timestamp_ntz"
    VARIANT = "variant"
    OBJECT = "object"
    ARRAY = "array"


Value = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer; `name` is spelled exactly as Snowflake spells it."""

    name: str
    kind: Kind = Kind.TEXT
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """An answer: columns, and rows of Python values in that order."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]] = ()
    session_changes: dict[str, str | None] = field(default_factory=dict)
    """`database`, `schema`, `role`, `warehouse` after a USE."""


def status(text: str) -> Table:
    """The one-row answer of a statement that only says what it did (contract 1.14)."""
    return Table((Column("status"),), ((text,),))


class SqlError(Exception):
    """A statement was refused.

    Args:
        code: Six digits, for example `002003`.
        sqlstate: Five characters.
        message: The text as Snowflake words it.
    """

    def __init__(
        self, code: str, sqlstate: str, message: str, *, line: int = -1, pos: int = -1
    ) -> None:
        super().__init__(message)
        self.code = code
        self.sqlstate = sqlstate
        self.message = message
        self.line = line
        self.pos = pos


def does_not_exist(kind: str, name: str) -> SqlError:
    """002003: missing, or not visible to the role. `kind` as in `Service`, `Compute Pool`."""
    return SqlError(
        "002003",
        "02000",
        f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.",
    )


def already_exists(name: str) -> SqlError:
    """002002: CREATE without IF NOT EXISTS."""
    return SqlError("002002", "42710", f"SQL compilation error:\nObject '{name}' already exists.")


def insufficient_privileges(kind: str, name: str) -> SqlError:
    """003001: visible, but the privilege is missing. `kind` in lower case: `service`."""
    return SqlError(
        "003001",
        "42501",
        f"SQL access control error:\nInsufficient privileges to operate on {kind} '{name}'.",
    )


def unsupported(feature: str) -> SqlError:
    """000002: understood, not available."""
    return SqlError("000002", "0A000", f"Unsupported feature '{feature}'.")


def invalid_spec(detail: str) -> SqlError:
    """395018: any mistake in a service specification. `detail` as in `unknown option …`."""
    return SqlError("395018", "22023", f"Invalid spec: {detail}.")


def no_current_database(operation: str) -> SqlError:
    """090105: an unqualified name and no database in use."""
    return SqlError(
        "090105",
        "22000",
        f"Cannot perform {operation}. This session does not have a current database. "
        "Call 'USE DATABASE', or use a qualified name.",
    )
