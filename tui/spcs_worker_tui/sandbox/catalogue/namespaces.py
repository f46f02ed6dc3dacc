"""Databases, schemas, roles, warehouses, and the USE that moves between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.names import (
    account_level_name,
    find_database,
    find_schema,
    object_does_not_exist,
    schema_of,
)
from spcs_worker_tui.sandbox.catalogue.privileges import PUBLIC, sees
from spcs_worker_tui.sandbox.catalogue.refusals import executed
from spcs_worker_tui.sandbox.results import SqlError, Table

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.sql.ast import Name, Use


def use(context: Context, statement: Use) -> Table:
    """`USE ROLE|WAREHOUSE|DATABASE|SCHEMA`, for the session and for the client that asks.

    Raises:
        SqlError: 002043 when it is missing or not visible; 003001-like for a role not granted.
    """
    if statement.kind not in _USES:
        # Secondary roles add privileges for some statements; the sandbox never grants by them.
        return executed()
    changes = _USES[statement.kind](context, statement.name)
    for attribute, value in changes.items():
        setattr(context.session, attribute, value)
    answer = executed()
    answer.session_changes.update(changes)
    return answer


def _use_role(context: Context, name: Name) -> dict[str, str | None]:
    role = account_level_name(name)
    if role not in context.account.roles:
        raise object_does_not_exist()
    if role not in usable_roles(context):
        raise SqlError(
            "003013",
            "42501",
            "SQL access control error:\n"
            f"Requested role '{role}' is not assigned to the executing user. "
            "Specify another role to activate.",
        )
    return {"role": role}


def usable_roles(context: Context) -> frozenset[str]:
    """Roles that the user may take on: granted to them, directly or through another role."""
    user, roles = context.session.user, context.account.roles
    held = {name for name, role in roles.items() if user in role.users} | {PUBLIC}
    while inherited := {name for name, role in roles.items() if role.granted_to & held} - held:
        held |= inherited
    return frozenset(held)


def _use_warehouse(context: Context, name: Name) -> dict[str, str | None]:
    warehouse = account_level_name(name)
    grants = context.account.warehouses.get(warehouse)
    if grants is None or not sees(context.roles, grants):
        raise object_does_not_exist()
    return {"warehouse": warehouse}


def _use_database(context: Context, name: Name) -> dict[str, str | None]:
    if len(name.parts) > 1:
        return _use_schema(context, name)
    try:
        database = find_database(context, name.last)
    except SqlError as missing:
        raise object_does_not_exist() from missing
    public = database.schemas.get("PUBLIC")
    schema = "PUBLIC" if public is not None and sees(context.roles, public.grants) else None
    return {"database": database.name, "schema": schema}


def _use_schema(context: Context, name: Name) -> dict[str, str | None]:
    database, schema = schema_of(context.session, name, "USE SCHEMA")
    try:
        find_schema(context, database, schema)
    except SqlError as missing:
        raise object_does_not_exist() from missing
    return {"database": database, "schema": schema}


_USES = {
    "ROLE": _use_role,
    "WAREHOUSE": _use_warehouse,
    "DATABASE": _use_database,
    "SCHEMA": _use_schema,
}
