"""CREATE, ALTER and DROP of databases, schemas, roles and warehouses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue import objects
from spcs_worker_tui.sandbox.catalogue.bootstrap import new_database, new_schema
from spcs_worker_tui.sandbox.catalogue.grants import find_role, locate, objects_in_schemas
from spcs_worker_tui.sandbox.catalogue.model import Database, Grants, Role, Schema
from spcs_worker_tui.sandbox.catalogue.names import (
    account_level_name,
    find_database,
    find_schema,
    schema_of,
)
from spcs_worker_tui.sandbox.catalogue.privileges import (
    holds,
    require,
    require_on_account,
)
from spcs_worker_tui.sandbox.catalogue.properties import comment, word
from spcs_worker_tui.sandbox.catalogue.refusals import executed, refused
from spcs_worker_tui.sandbox.catalogue.service_properties import LOG_LEVELS
from spcs_worker_tui.sandbox.results import (
    SqlError,
    Table,
    insufficient_privileges,
    status,
)
from spcs_worker_tui.sandbox.sql.ast import Alter, Create, Drop, Name, ObjectKind, Scope

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context

_SYSTEM_ROLES = frozenset({"ACCOUNTADMIN", "SYSADMIN", "SECURITYADMIN", "USERADMIN", "PUBLIC"})
_LEVELS = ("LOG_LEVEL", "LOG_EVENT_LEVEL")


def _taken(context: Context, name: str, grants: Grants | None, statement: Create) -> Table | None:
    return objects.met_existing(
        context,
        name,
        grants,
        if_not_exists=statement.if_not_exists,
        replace=statement.or_replace,
    )


def create_database(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE] DATABASE [IF NOT EXISTS]`, which becomes the current one.

    Raises:
        SqlError: 003001 without CREATE DATABASE, 002002, 003041, 001008.
    """
    name = account_level_name(statement.name)
    require_on_account(context.account, context.roles, "CREATE DATABASE")
    before = context.account.databases.get(name)
    answer = _taken(context, name, before.grants if before else None, statement)
    if answer is not None:
        return answer
    database = new_database(name, owner=context.session.role, now=context.now)
    database.comment = comment(statement.properties.get("COMMENT", "")) or ""
    _set_levels(database, statement)
    if before is not None:
        _empty(context, name)
    context.account.databases[name] = database
    return _moved(context, name, "PUBLIC", f"Database {name} successfully created.")


def create_schema(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE] SCHEMA [IF NOT EXISTS]`, which becomes the current one.

    Raises:
        SqlError: 002003 for the database, 003001 without CREATE SCHEMA on it, 002002, 090105.
    """
    place, name = schema_of(context.session, statement.name, "CREATE SCHEMA")
    database = find_database(context, place)
    if not holds(context.roles, database.grants, ("CREATE SCHEMA",)):
        raise insufficient_privileges("database", place)
    before = database.schemas.get(name)
    answer = _taken(context, f"{place}.{name}", before.grants if before else None, statement)
    if answer is not None:
        return answer
    schema = new_schema(place, name, owner=context.session.role, now=context.now)
    schema.comment = comment(statement.properties.get("COMMENT", "")) or ""
    for role, privileges in database.future_grants.get(ObjectKind.SCHEMA, {}).items():
        schema.grants.privileges[role] = set(privileges)
    _set_levels(schema, statement)
    if before is not None:
        _empty(context, place, name)
    database.schemas[name] = schema
    return _moved(context, place, name, f"Schema {name} successfully created.")


def _moved(context: Context, database: str, schema: str, text: str) -> Table:
    context.session.database, context.session.schema = database, schema
    answer = status(text)
    answer.session_changes.update(database=database, schema=schema)
    return answer


def _set_levels(place: Database | Schema, statement: Create | Alter) -> None:
    for level in _LEVELS:
        if level in statement.properties:
            place.parameters[level] = word(level, statement.properties[level], LOG_LEVELS)


def create_role(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE] ROLE [IF NOT EXISTS]`; nobody may use it until it is granted.

    Raises:
        SqlError: 003001 without CREATE ROLE, 002002.
    """
    name = account_level_name(statement.name)
    require_on_account(context.account, context.roles, "CREATE ROLE")
    # Everyone sees every role.
    shown = Grants(context.session.role) if name in context.account.roles else None
    answer = _taken(context, name, shown, statement)
    if answer is not None:
        return answer
    if name in _SYSTEM_ROLES:
        raise insufficient_privileges("role", name)
    words = comment(statement.properties.get("COMMENT", "")) or ""
    role = Role(name, context.now, comment=words, owner=context.session.role)
    context.account.roles[name] = role
    return status(f"Role {name} successfully created.")


def create_warehouse(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE] WAREHOUSE [IF NOT EXISTS]`, which becomes the current one.

    Raises:
        SqlError: 003001 without CREATE WAREHOUSE, 002002, 003041.
    """
    name = account_level_name(statement.name)
    require_on_account(context.account, context.roles, "CREATE WAREHOUSE")
    answer = _taken(context, name, context.account.warehouses.get(name), statement)
    if answer is not None:
        return answer
    context.account.warehouses[name] = Grants(context.session.role)
    context.session.warehouse = name
    created = status(f"Warehouse {name} successfully created.")
    created.session_changes["warehouse"] = name
    return created


def alter_namespace(context: Context, statement: Alter) -> Table:
    """ALTER of a database, schema, role or warehouse, as far as the sandbox keeps anything of it.

    Raises:
        SqlError: 002003, 003001, 001008.
    """
    try:
        if statement.kind is ObjectKind.ROLE:
            role = find_role(context, statement.name)
            _require_role(context, role)
            _comment_on(role, statement)
            return executed()
        target = locate(context, Scope(statement.kind, statement.name))
    except SqlError as missing:
        if statement.if_exists and missing.code == "002003":
            return executed()
        raise
    needs = ("OPERATE",) if statement.action in ("SUSPEND", "RESUME") else ("MODIFY",)
    require(context.roles, target.grants, needs, kind=statement.kind.title(), name=target.name)
    place: Database | Schema
    match statement.kind:
        case ObjectKind.DATABASE:
            place = context.account.databases[target.key[0]]
        case ObjectKind.SCHEMA:
            place = context.account.databases[target.key[0]].schemas[target.key[1]]
        case _:
            return executed()  # the size of a warehouse changes nothing here
    _set_levels(place, statement)
    for level in _LEVELS:
        if level in statement.names:
            place.parameters.pop(level, None)
    _comment_on(place, statement)
    return executed()


def _comment_on(target: Database | Schema | Role, statement: Alter) -> None:
    if "COMMENT" in statement.properties:
        target.comment = comment(statement.properties["COMMENT"]) or ""
    if "COMMENT" in statement.names:
        target.comment = ""


def _require_role(context: Context, role: Role) -> None:
    if role.name in _SYSTEM_ROLES or not (
        role.owner in context.roles
        or holds(context.roles, context.account.grants, ("MANAGE GRANTS",))
    ):
        raise insufficient_privileges("role", role.name)


def drop_namespace(context: Context, statement: Drop) -> Table:
    """DROP of a database, schema, role or warehouse, with everything in it.

    Raises:
        SqlError: 002003, 003001.
    """
    try:
        return _DROPS[statement.kind](context, statement.name)
    except SqlError as missing:
        if statement.if_exists and missing.code == "002003":
            return objects.already_dropped(statement.name)
        raise


def _drop_database(context: Context, name: Name) -> Table:
    database = find_database(context, account_level_name(name))
    require(context.roles, database.grants, (), kind="Database", name=database.name)
    _empty(context, database.name)
    del context.account.databases[database.name]
    return _left(context, database.name, None)


def _drop_schema(context: Context, name: Name) -> Table:
    database, schema = schema_of(context.session, name, "DROP SCHEMA")
    found = find_schema(context, database, schema)
    require(context.roles, found.grants, (), kind="Schema", name=f"{database}.{schema}")
    _empty(context, database, schema)
    del context.account.databases[database].schemas[schema]
    return _left(context, database, schema)


def _empty(context: Context, *prefix: str) -> None:
    """Remove what is in a database or schema; the platform ends services that are gone."""
    for found in objects_in_schemas(context.account).values():
        for key in [key for key in found if key[: len(prefix)] == prefix]:
            del found[key]
    context.platform.wake()


def _left(context: Context, database: str, schema: str | None) -> Table:
    answer = objects.dropped(schema or database)
    session = context.session
    if session.database == database and schema in (None, session.schema):
        session.schema = None
        answer.session_changes["schema"] = None
        if schema is None:
            session.database = None
            answer.session_changes["database"] = None
    return answer


def _drop_role(context: Context, name: Name) -> Table:
    role = find_role(context, name)
    _require_role(context, role)
    account = context.account
    if any(_owned_by(role.name, _grants(context))):
        raise refused(f"Role '{role.name}' owns objects; grant their ownership to another first.")
    for grants in _grants(context):
        grants.privileges.pop(role.name, None)
    for other in account.roles.values():
        other.granted_to.discard(role.name)
    del account.roles[role.name]
    return objects.dropped(role.name)


def _owned_by(role: str, grants: Iterable[Grants]) -> Iterable[bool]:
    return (each.owner == role for each in grants)


def _grants(context: Context) -> list[Grants]:
    account = context.account
    found = [account.grants, *account.warehouses.values()]
    for database in account.databases.values():
        found += [database.grants, *(schema.grants for schema in database.schemas.values())]
    for held in objects_in_schemas(account).values():
        found += [item.grants for item in held.values()]
    found += [pool.grants for pool in account.compute_pools.values()]
    return found + [integration.grants for integration in account.integrations.values()]


def _drop_warehouse(context: Context, name: Name) -> Table:
    target = locate(context, Scope(ObjectKind.WAREHOUSE, name))
    require(context.roles, target.grants, (), kind="Warehouse", name=target.name)
    del context.account.warehouses[target.key[0]]
    answer = objects.dropped(target.key[0])
    if context.session.warehouse == target.key[0]:
        context.session.warehouse = None
        answer.session_changes["warehouse"] = None
    return answer


_DROPS = {
    ObjectKind.DATABASE: _drop_database,
    ObjectKind.SCHEMA: _drop_schema,
    ObjectKind.ROLE: _drop_role,
    ObjectKind.WAREHOUSE: _drop_warehouse,
}
