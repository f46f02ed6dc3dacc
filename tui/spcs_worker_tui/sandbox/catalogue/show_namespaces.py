"""SHOW and DESCRIBE of databases, schemas, roles and warehouses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.listing import (
    Field,
    constant,
    flag,
    moment,
    number,
    tabulate,
    text,
)
from spcs_worker_tui.sandbox.catalogue.names import scope_prefix, select
from spcs_worker_tui.sandbox.catalogue.privileges import sees

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Database, Grants, Role, Schema
    from spcs_worker_tui.sandbox.results import Table
    from spcs_worker_tui.sandbox.sql.ast import Show


def _current(is_it: bool) -> str:
    return "Y" if is_it else "N"


def show_databases(context: Context, show: Show) -> Table:
    """`SHOW DATABASES`: those on which the role holds something."""
    session = context.session
    fields: tuple[Field[Database], ...] = (
        moment("created_on", lambda database: database.created_on),
        text("name", lambda database: database.name),
        constant("is_default", "N"),
        text("is_current", lambda database: _current(database.name == session.database)),
        constant("origin", ""),
        text("owner", lambda database: database.grants.owner),
        text("comment", lambda database: database.comment),
        constant("options", ""),
        constant("retention_time", "1"),
        constant("kind", "STANDARD"),
        constant("budget"),
        constant("owner_role_type", "ROLE"),
    )
    found = [
        database
        for _, database in sorted(context.account.databases.items())
        if sees(context.roles, database.grants)
    ]
    return tabulate(fields, select(found, show, lambda database: database.name))


def show_schemas(context: Context, show: Show) -> Table:
    """`SHOW SCHEMAS [IN ACCOUNT | DATABASE …]`.

    Raises:
        SqlError: 002003, 090105.
    """
    session = context.session
    fields: tuple[Field[tuple[str, Schema]], ...] = (
        moment("created_on", lambda row: row[1].created_on),
        text("name", lambda row: row[1].name),
        constant("is_default", "N"),
        text(
            "is_current",
            lambda row: _current((row[0], row[1].name) == (session.database, session.schema)),
        ),
        text("database_name", lambda row: row[0]),
        text("owner", lambda row: row[1].grants.owner),
        text("comment", lambda row: row[1].comment),
        constant("options", ""),
        constant("retention_time", "1"),
        constant("owner_role_type", "ROLE"),
    )
    prefix = scope_prefix(context, show.scope)
    found = [
        (name, schema)
        for name, database in sorted(context.account.databases.items())
        if prefix in ((), (name,)) and sees(context.roles, database.grants)
        for _, schema in sorted(database.schemas.items())
        if sees(context.roles, schema.grants)
    ]
    return tabulate(fields, select(found, show, lambda row: row[1].name))


def show_roles(context: Context, show: Show) -> Table:
    """`SHOW ROLES`: everyone sees every role."""
    roles = context.account.roles
    fields: tuple[Field[Role], ...] = (
        moment("created_on", lambda role: role.created_on),
        text("name", lambda role: role.name),
        constant("is_default", "N"),
        text("is_current", lambda role: _current(role.name == context.session.role)),
        text("is_inherited", lambda role: _current(role.name in context.roles)),
        number("assigned_to_users", lambda role: len(role.users)),
        number("granted_to_roles", lambda role: len(role.granted_to)),
        number(
            "granted_roles",
            lambda role: sum(role.name in other.granted_to for other in roles.values()),
        ),
        text("owner", lambda role: role.owner),
        text("comment", lambda role: role.comment),
    )
    found = [role for _, role in sorted(roles.items())]
    return tabulate(fields, select(found, show, lambda role: role.name))


def show_warehouses(context: Context, show: Show) -> Table:
    """`SHOW WAREHOUSES`; in the sandbox one is always running, and resumes by itself."""
    session = context.session
    fields: tuple[Field[tuple[str, Grants]], ...] = (
        text("name", lambda row: row[0]),
        constant("state", "STARTED"),
        constant("type", "STANDARD"),
        constant("size", "X-Small"),
        constant("running", "0"),
        constant("queued", "0"),
        constant("is_default", "N"),
        text("is_current", lambda row: _current(row[0] == session.warehouse)),
        constant("auto_suspend", "600"),
        flag("auto_resume", lambda _: True),
        moment("created_on", lambda _: context.account.created_on),
        text("owner", lambda row: row[1].owner),
        constant("comment", ""),
        constant("owner_role_type", "ROLE"),
    )
    found = [
        row
        for row in sorted(context.account.warehouses.items(), key=lambda item: item[0])
        if sees(context.roles, row[1])
    ]
    return tabulate(fields, select(found, show, lambda row: row[0]))
