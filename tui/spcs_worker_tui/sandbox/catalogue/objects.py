"""What CREATE, ALTER and DROP have in common for the kinds of objects that live in a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from spcs_worker_tui.sandbox.catalogue.model import Grants, Qualified
from spcs_worker_tui.sandbox.catalogue.names import InSchema, dotted, find, find_schema, qualify
from spcs_worker_tui.sandbox.catalogue.privileges import (
    OWNERSHIP,
    holds,
    no_privilege_on_existing,
    require,
    sees,
)
from spcs_worker_tui.sandbox.results import (
    SqlError,
    Table,
    already_exists,
    insufficient_privileges,
    status,
)
from spcs_worker_tui.sandbox.sql.ast import Alter, Drop, Name, ObjectKind

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context

S = TypeVar("S", bound=InSchema)


def place_for(context: Context, name: Name, kind: ObjectKind) -> Qualified:
    """The qualified name of an object that is to be created, in a schema where the role may.

    Raises:
        SqlError: 090105, 090106, 002003 for the database or schema; 003001 without CREATE.
    """
    key = qualify(context.session, name, f"CREATE {kind}")
    schema = find_schema(context, key[0], key[1])
    if not holds(context.roles, schema.grants, (f"CREATE {kind}",)):
        raise insufficient_privileges("schema", key[1])
    return key


def met_existing(
    context: Context, shown: str, grants: Grants | None, *, if_not_exists: bool, replace: bool
) -> Table | None:
    """What CREATE answers when the name is taken, or None when it may go on.

    Args:
        context: Whose role asks.
        shown: The name, for messages.
        grants: Of the object that has the name, if one has.
        if_not_exists: From the statement.
        replace: Whether the statement is OR REPLACE, which needs OWNERSHIP.

    Raises:
        SqlError: 002002, 003041, 003001.
    """
    if grants is None:
        return None
    if not sees(context.roles, grants):
        raise no_privilege_on_existing(shown)
    if if_not_exists:
        return status(f"{shown.rpartition('.')[2]} already exists, statement succeeded.")
    if not replace:
        raise already_exists(shown)
    if not holds(context.roles, grants, ()):
        raise insufficient_privileges("object", shown.rpartition(".")[2])
    return None


def grants_for_new(context: Context, kind: ObjectKind, database: str, schema: str) -> Grants:
    """The creating role owns it; future grants of schema and database come on top.

    Future grants of the schema take precedence over those of the database.
    """
    held = context.account.databases[database]
    inner = held.schemas[schema].future_grants.get(kind, {})
    future = inner or held.future_grants.get(kind, {})
    grants = Grants(context.session.role)
    for role, privileges in future.items():
        if OWNERSHIP in privileges:
            grants.owner = role
        grants.privileges[role] = privileges - {OWNERSHIP}
    return grants


def existing(
    context: Context,
    objects: dict[Qualified, S],
    statement: Alter | Drop,
    any_of: tuple[str, ...] = (),
) -> S | None:
    """What ALTER or DROP is about; None when it is missing and the statement has IF EXISTS.

    Args:
        context: Whose role asks.
        objects: Where to look.
        statement: Names the object and its kind.
        any_of: Privileges that suffice instead of OWNERSHIP.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    verb = "DROP" if isinstance(statement, Drop) else "ALTER"
    kind = statement.kind.title()
    try:
        found = find(
            context, objects, statement.name, kind=kind, operation=f"{verb} {statement.kind}"
        )
    except SqlError as missing:
        if statement.if_exists and missing.code == "002003":
            return None
        raise
    require(context.roles, found.grants, any_of, kind=kind, name=dotted(found.key))
    return found


def drop(context: Context, objects: dict[Qualified, S], statement: Drop) -> Table:
    """DROP of what nothing else hangs on.

    Raises:
        SqlError: As `existing`.
    """
    found = existing(context, objects, statement)
    if found is None:
        return already_dropped(statement.name)
    del objects[found.key]
    return dropped(found.key)


def dropped(name: Qualified | str) -> Table:
    """What DROP answers."""
    return status(f"{name if isinstance(name, str) else name[2]} successfully dropped.")


def already_dropped(name: Name) -> Table:
    """What DROP … IF EXISTS answers when there is nothing."""
    return status(f"Drop statement executed successfully ({name.last} already dropped).")
