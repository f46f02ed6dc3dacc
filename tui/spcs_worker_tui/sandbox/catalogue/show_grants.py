"""SHOW GRANTS ON, TO and OF (contract 1.12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from spcs_worker_tui.sandbox.catalogue.grants import (
    Granted,
    find_role,
    locate,
    objects_in_schemas,
)
from spcs_worker_tui.sandbox.catalogue.listing import (
    Field,
    constant,
    flag,
    moment,
    tabulate,
    text,
)
from spcs_worker_tui.sandbox.catalogue.names import ROW_CAP, account_level_name
from spcs_worker_tui.sandbox.catalogue.privileges import OWNERSHIP
from spcs_worker_tui.sandbox.results import Table, does_not_exist
from spcs_worker_tui.sandbox.sql.ast import Scope, Show

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Account


class _Row(NamedTuple):
    target: Granted
    privilege: str
    grantee: str


class _RoleRow(NamedTuple):
    role: str
    grantee_kind: str
    grantee: str


def show_grants(context: Context, show: Show) -> Table:
    """`SHOW GRANTS [ON … | TO ROLE|USER … | OF ROLE …]`; alone it is about the current user.

    Raises:
        SqlError: 002003.
    """
    relation, scope = show.grants or ("TO", Scope("USER"))
    limit = ROW_CAP if show.limit is None else min(show.limit, ROW_CAP)
    if relation == "ON":
        rows = [*_rows(locate(context, scope))]
    elif scope.kind == "ROLE":
        assert scope.name is not None
        role = find_role(context, scope.name).name
        if relation == "OF":
            return _role_table(context, [*_holders(context.account, role)][:limit])
        rows = [
            row
            for target in _everything(context.account)
            for row in _rows(target)
            if row.grantee == role
        ]
    else:
        user = account_level_name(scope.name) if scope.name else context.session.user
        if user not in context.account.users:
            raise does_not_exist("User", user)
        roles = [
            _RoleRow(role.name, "USER", user)
            for role in context.account.roles.values()
            if user in role.users
        ]
        return _role_table(context, roles[:limit])
    rows.sort(key=lambda row: (row.target.kind, row.target.name, row.privilege, row.grantee))
    return tabulate(_fields(context), rows[:limit])


def _made(context: Context) -> datetime | None:
    # When each was granted is not kept; the account's age is the nearest thing.
    return context.account.created_on


def _fields(context: Context) -> tuple[Field[_Row], ...]:
    return (
        moment("created_on", lambda _: _made(context)),
        text("privilege", lambda row: row.privilege),
        text("granted_on", lambda row: row.target.kind.replace(" ", "_")),
        text("name", lambda row: row.target.name),
        constant("granted_to", "ROLE"),
        text("grantee_name", lambda row: row.grantee),
        flag("grant_option", lambda row: row.privilege == OWNERSHIP),
        text("granted_by", lambda row: row.target.grants.owner),
    )


def _role_table(context: Context, rows: list[_RoleRow]) -> Table:
    fields: tuple[Field[_RoleRow], ...] = (
        moment("created_on", lambda _: _made(context)),
        text("role", lambda row: row.role),
        text("granted_to", lambda row: row.grantee_kind),
        text("grantee_name", lambda row: row.grantee),
        constant("granted_by", ""),
    )
    return tabulate(fields, rows)


def _rows(target: Granted) -> Iterator[_Row]:
    yield _Row(target, OWNERSHIP, target.grants.owner)
    for role, privileges in target.grants.privileges.items():
        for privilege in privileges:
            yield _Row(target, privilege, role)


def _holders(account: Account, role: str) -> Iterator[_RoleRow]:
    held = account.roles[role]
    for heir in sorted(held.granted_to):
        yield _RoleRow(role, "ROLE", heir)
    for user in sorted(held.users):
        yield _RoleRow(role, "USER", user)


def _everything(account: Account) -> Iterator[Granted]:
    yield Granted("ACCOUNT", (account.name,), account.grants)
    for database in account.databases.values():
        yield Granted("DATABASE", (database.name,), database.grants)
        for schema in database.schemas.values():
            yield Granted("SCHEMA", (database.name, schema.name), schema.grants)
    for kind, found in objects_in_schemas(account).items():
        for item in found.values():
            yield Granted(kind, item.key, item.grants)
    for pool in account.compute_pools.values():
        yield Granted("COMPUTE POOL", (pool.name,), pool.grants)
    for integration in account.integrations.values():
        yield Granted("INTEGRATION", (integration.name,), integration.grants)
    for name, grants in account.warehouses.items():
        yield Granted("WAREHOUSE", (name,), grants)
