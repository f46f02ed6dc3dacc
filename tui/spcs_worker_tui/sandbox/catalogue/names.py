"""From the names that a statement uses to objects, and from objects to the rows of a SHOW."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol, TypeVar

from spcs_worker_tui.sandbox.catalogue.privileges import sees
from spcs_worker_tui.sandbox.results import SqlError, does_not_exist, no_current_database

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Database, Grants, Qualified, Schema
    from spcs_worker_tui.sandbox.catalogue.session import SessionContext
    from spcs_worker_tui.sandbox.sql.ast import Name, Scope, Show

ROW_CAP = 10_000
"""No SHOW returns more (contract 1.0)."""

_UNQUOTED = re.compile(r"[A-Z_][A-Z0-9_$]*")
_QUALIFIED_PARTS = 3
_MAX_LENGTH = 255


class InSchema(Protocol):
    """An object that lives in a schema."""

    @property
    def key(self) -> Qualified:
        """Its qualified name."""

    @property
    def grants(self) -> Grants:
        """Who may do what with it."""


T = TypeVar("T")
S = TypeVar("S", bound=InSchema)


def no_current_schema(operation: str) -> SqlError:
    """090106: an unqualified name, a database in use, but no schema."""
    return SqlError(
        "090106",
        "22000",
        f"Cannot perform {operation}. This session does not have a current schema. "
        "Call 'USE SCHEMA', or use a qualified name.",
    )


def object_does_not_exist() -> SqlError:
    """002043: what USE and some others say instead of 002003 (contract 1.14)."""
    return SqlError(
        "002043",
        "02000",
        "SQL compilation error:\nObject does not exist, or operation cannot be performed.",
    )


def invalid_identifier(name: str) -> SqlError:
    """000904: a name that has to be a valid unquoted identifier and is not."""
    return SqlError("000904", "42000", f"SQL compilation error:\ninvalid identifier '{name}'")


def dotted(key: Qualified) -> str:
    """`DB.SCHEMA.NAME`, as messages write it."""
    return ".".join(key)


def qualify(session: SessionContext, name: Name, operation: str) -> Qualified:
    """Complete a name from the session's database and schema.

    Args:
        session: Whose current database and schema fill the gaps.
        name: One to three parts.
        operation: Words for the refusal, such as `CREATE SERVICE`.

    Raises:
        SqlError: 090105 or 090106 without a current database or schema; 000904 for more parts
            than three.
    """
    if len(name.parts) > _QUALIFIED_PARTS:
        raise invalid_identifier(str(name))
    if len(name.parts) == _QUALIFIED_PARTS:
        database, schema, last = name.parts
        return database, schema, last
    if session.database is None:
        raise no_current_database(operation)
    if len(name.parts) == _QUALIFIED_PARTS - 1:
        return session.database, name.parts[0], name.last
    if session.schema is None:
        raise no_current_schema(operation)
    return session.database, session.schema, name.last


def require_unquoted(*parts: str) -> None:
    """Refuse names that would need quotes: contract 1.0 on databases, schemas, services, pools.

    Raises:
        SqlError: 000904.
    """
    for part in parts:
        if not _UNQUOTED.fullmatch(part) or len(part) > _MAX_LENGTH:
            raise invalid_identifier(f'"{part}"')


def account_level_name(name: Name) -> str:
    """The name of an object that lives in no database.

    Raises:
        SqlError: 000904 when it is qualified.
    """
    if len(name.parts) != 1:
        raise invalid_identifier(str(name))
    return name.last


def find_database(context: Context, name: str) -> Database:
    """A database that the role sees.

    Raises:
        SqlError: 002003.
    """
    database = context.account.databases.get(name)
    if database is None or not sees(context.roles, database.grants):
        raise does_not_exist("Database", name)
    return database


def find_schema(context: Context, database: str, schema: str) -> Schema:
    """A schema that the role sees, in a database that it sees.

    Raises:
        SqlError: 002003, about whichever of the two is missing.
    """
    found = find_database(context, database).schemas.get(schema)
    if found is None or not sees(context.roles, found.grants):
        raise does_not_exist("Schema", f"{database}.{schema}")
    return found


def find(
    context: Context, objects: dict[Qualified, S], name: Name, *, kind: str, operation: str
) -> S:
    """The object of that name, if the role holds anything on it.

    Operating on an object needs some privilege on its database and schema too.

    Raises:
        SqlError: 090105, 090106, 002003.
    """
    key = qualify(context.session, name, operation)
    find_schema(context, key[0], key[1])
    found = objects.get(key)
    if found is None or not sees(context.roles, found.grants):
        raise does_not_exist(kind, dotted(key))
    return found


def visible(context: Context, objects: Iterable[S]) -> list[S]:
    """Those on which the role holds something, as it does on their schema and database."""
    open_schemas: dict[tuple[str, str], bool] = {}

    def is_open(database: str, schema: str) -> bool:
        try:
            find_schema(context, database, schema)
        except SqlError:
            return False
        return True

    shown = []
    for candidate in objects:
        where = candidate.key[:2]
        if where not in open_schemas:
            open_schemas[where] = is_open(*where)
        if open_schemas[where] and sees(context.roles, candidate.grants):
            shown.append(candidate)
    return shown


def in_scope(context: Context, objects: Iterable[S], scope: Scope | None) -> list[S]:
    """The visible objects of the schema, database or account that `IN` names, in name order.

    Without `IN` it is the current database when one is set, otherwise the account (contract 1.0).

    Raises:
        SqlError: 002003 for a database or schema that is not there; 090105, 090106 for a current
            one that is not set.
    """
    prefix = scope_prefix(context, scope)
    found = [item for item in visible(context, objects) if item.key[: len(prefix)] == prefix]
    return sorted(found, key=lambda item: item.key)


def scope_prefix(context: Context, scope: Scope | None) -> tuple[str, ...]:
    """The leading parts that a qualified name in this scope has: none, one or two."""
    session = context.session
    if scope is None:
        return (session.database,) if session.database is not None else ()
    if scope.kind == "ACCOUNT":
        return ()
    if scope.kind == "DATABASE":
        database = account_level_name(scope.name) if scope.name else session.database
        if database is None:
            raise no_current_database("SHOW")
        return (find_database(context, database).name,)
    if scope.kind != "SCHEMA":
        raise SqlError("001003", "42000", f"SQL compilation error:\nunexpected '{scope.kind}'.")
    database, schema = schema_of(session, scope.name, "SHOW")
    find_schema(context, database, schema)
    return database, schema


def schema_of(session: SessionContext, name: Name | None, operation: str) -> tuple[str, str]:
    """`IN SCHEMA [[db.]schema]` as database and schema.

    Raises:
        SqlError: 090105, 090106, 000904.
    """
    if name is not None and len(name.parts) > _QUALIFIED_PARTS - 1:
        raise invalid_identifier(str(name))
    if name is not None and len(name.parts) == _QUALIFIED_PARTS - 1:
        return name.parts[0], name.parts[1]
    if session.database is None:
        raise no_current_database(operation)
    schema = name.last if name is not None else session.schema
    if schema is None:
        raise no_current_schema(operation)
    return session.database, schema


def like(pattern: str) -> re.Pattern[str]:
    r"""LIKE as SHOW has it: case-insensitive, `%` and `_`, `\` takes the next one literally."""
    parts = []
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            parts.append(".*")
        elif character == "_":
            parts.append(".")
        elif character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append(re.escape(character))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def select(objects: Iterable[T], show: Show, name: Callable[[T], str]) -> list[T]:
    """Apply LIKE, STARTS WITH and LIMIT … FROM to objects in name order (contract 1.0).

    `LIMIT n FROM 'x'` is a cursor: the rows after that name, compared with case.
    """
    kept = list(objects)
    if show.like is not None:
        pattern = like(show.like)
        kept = [item for item in kept if pattern.fullmatch(name(item))]
    if show.starts_with is not None:
        kept = [item for item in kept if name(item).startswith(show.starts_with)]
    if show.limit_from is not None:
        kept = [item for item in kept if name(item) > show.limit_from]
    return kept[: ROW_CAP if show.limit is None else min(show.limit, ROW_CAP)]
