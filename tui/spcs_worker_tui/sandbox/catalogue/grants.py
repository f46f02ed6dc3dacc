"""GRANT, REVOKE and SHOW GRANTS (contract 1.12)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from spcs_worker_tui.sandbox.catalogue.compute_pools import find_pool
from spcs_worker_tui.sandbox.catalogue.integrations import find_integration
from spcs_worker_tui.sandbox.catalogue.names import (
    account_level_name,
    find,
    find_database,
    find_schema,
    schema_of,
)
from spcs_worker_tui.sandbox.catalogue.privileges import (
    ALL_PRIVILEGES,
    OWNERSHIP,
    holds,
    sees,
)
from spcs_worker_tui.sandbox.catalogue.refusals import executed
from spcs_worker_tui.sandbox.results import (
    SqlError,
    Table,
    does_not_exist,
    insufficient_privileges,
    unsupported,
)
from spcs_worker_tui.sandbox.sql.ast import Grant, Name, ObjectKind, Scope

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Account, Grants, Qualified, Role

_MANAGE_GRANTS = "MANAGE GRANTS"


class Granted(NamedTuple):
    """An object on which privileges are granted. `kind` as SHOW GRANTS words it."""

    kind: str
    key: tuple[str, ...]
    grants: Grants

    @property
    def name(self) -> str:
        """Its qualified name."""
        return ".".join(self.key)


def grant(context: Context, statement: Grant) -> Table:
    """GRANT or REVOKE.

    Raises:
        SqlError: 002003 for an object, role or user that is not there; 003001 for a role that may
            not grant; 001003 for a privilege that the kind of object does not have.
    """
    if statement.service_role is not None:
        _service_role(context, statement)
    elif statement.granted_role is not None:
        _role(context, statement, statement.granted_role)
    else:
        _privileges(context, statement)
    context.platform.wake()
    return executed()


def find_role(context: Context, name: Name) -> Role:
    """A role; roles are visible to everyone.

    Raises:
        SqlError: 002003.
    """
    role = context.account.roles.get(account_level_name(name))
    if role is None:
        raise does_not_exist("Role", str(name))
    return role


def _service_role(context: Context, statement: Grant) -> None:
    assert statement.granted_role is not None
    assert statement.service_role is not None
    service = find(
        context,
        context.account.services,
        statement.granted_role,
        kind="Service",
        operation="GRANT",
    )
    _require_granting(context, Granted("SERVICE", service.key, service.grants))
    holders = service.service_roles.get(statement.service_role)
    if holders is None:
        raise does_not_exist("Service role", f"{service.key[2]}!{statement.service_role}")
    grantee = find_role(context, statement.to).name
    (holders.discard if statement.revoke else holders.add)(grantee)


def _role(context: Context, statement: Grant, name: Name) -> None:
    role = find_role(context, name)
    if not (
        role.owner in context.roles
        or holds(context.roles, context.account.grants, (_MANAGE_GRANTS,))
    ):
        raise insufficient_privileges("role", role.name)
    if statement.to_kind == "USER":
        user = account_level_name(statement.to)
        if user not in context.account.users:
            raise does_not_exist("User", user)
        holders, grantee = role.users, user
    else:
        holders, grantee = role.granted_to, find_role(context, statement.to).name
        if not statement.revoke and role.name in _above(context.account, grantee):
            raise SqlError(
                "003017",
                "42501",
                f"SQL access control error:\nGranting role '{role.name}' to role '{grantee}' "
                "would make a circle.",
            )
    (holders.discard if statement.revoke else holders.add)(grantee)


def _above(account: Account, role: str) -> set[str]:
    """The role and all that inherit it."""
    above: set[str] = set()
    pending = {role}
    while pending:
        above |= pending
        pending = {heir for name in pending for heir in account.roles[name].granted_to} - above
    return above


def _privileges(context: Context, statement: Grant) -> None:
    if statement.to_kind != "ROLE":
        raise unsupported(f"GRANT TO {statement.to_kind}")
    if statement.with_grant_option:
        raise unsupported("WITH GRANT OPTION")
    if statement.revoke and OWNERSHIP in statement.privileges:
        raise unsupported("REVOKE OWNERSHIP")
    assert statement.on is not None
    role = find_role(context, statement.to).name
    if statement.future:
        _future(context, statement, role)
        return
    if statement.every:
        found = list(_all_within(context, statement.on.kind, statement.within))
    else:
        found = [locate(context, statement.on)]
    for target in found:
        _require_granting(context, target)
        privileges = _expanded(statement.privileges, target.kind)
        _change(target.grants, role, privileges, revoke=statement.revoke)


def _change(grants: Grants, role: str, privileges: Collection[str], *, revoke: bool) -> None:
    if OWNERSHIP in privileges and not revoke:
        grants.owner = role
    held = grants.privileges.setdefault(role, set())
    ordinary = set(privileges) - {OWNERSHIP}
    if revoke:
        held -= ordinary
    else:
        held |= ordinary
    if not held:
        del grants.privileges[role]


def _expanded(privileges: Collection[str], kind: str) -> set[str]:
    """The privileges themselves, ALL written out.

    Raises:
        SqlError: 001003 for one that objects of this kind do not have.
    """
    known = ALL_PRIVILEGES[kind]
    for privilege in privileges:
        if privilege not in ("ALL", OWNERSHIP, *known):
            raise SqlError(
                "001003", "42000", f"SQL compilation error:\nsyntax error unexpected '{privilege}'."
            )
        # The owner of a service cannot be changed (contract 1.12).
        if privilege == OWNERSHIP and kind in ("ACCOUNT", "SERVICE"):
            raise unsupported(f"GRANT OWNERSHIP ON {kind}")
    return set(known) if "ALL" in privileges else set(privileges)


def _require_granting(context: Context, target: Granted) -> None:
    may = holds(context.roles, target.grants, ()) or holds(
        context.roles, context.account.grants, (_MANAGE_GRANTS,)
    )
    if not may:
        raise insufficient_privileges(target.kind.lower(), target.key[-1])


def _future(context: Context, statement: Grant, role: str) -> None:
    assert statement.on is not None
    assert statement.within is not None
    kind = statement.on.kind
    place = locate(context, statement.within)
    _require_granting(context, place)
    holder = context.account.databases[place.key[0]]
    inner = [holder.schemas[schema] for schema in place.key[1:]]
    future = inner[0].future_grants if inner else holder.future_grants
    held = future.setdefault(kind, {}).setdefault(role, set())
    privileges = _expanded(statement.privileges, kind)
    if statement.revoke:
        held -= privileges
    else:
        held |= privileges


def _all_within(context: Context, kind: str, within: Scope | None) -> Iterator[Granted]:
    assert within is not None
    place = locate(context, within)
    prefix = place.key
    if kind == ObjectKind.SCHEMA:
        for name, schema in context.account.databases[prefix[0]].schemas.items():
            yield Granted("SCHEMA", (prefix[0], name), schema.grants)
        return
    for key, item in objects_in_schemas(context.account)[kind].items():
        if key[: len(prefix)] == prefix:
            yield Granted(kind, key, item.grants)


def objects_in_schemas(account: Account) -> dict[str, dict[Qualified, Any]]:
    """Kind of object -> the objects of that kind; all of them have a key and grants."""
    return {
        ObjectKind.SERVICE: account.services,
        ObjectKind.IMAGE_REPOSITORY: account.image_repositories,
        ObjectKind.SECRET: account.secrets,
        ObjectKind.NETWORK_RULE: account.network_rules,
        ObjectKind.STAGE: account.stages,
    }


def locate(context: Context, scope: Scope) -> Granted:
    """The object that a GRANT or SHOW GRANTS is about.

    Raises:
        SqlError: 002003 when it is missing or not visible; 000002 for kinds without privileges.
    """
    if scope.kind == "ACCOUNT":
        return Granted("ACCOUNT", (context.account.name,), context.account.grants)
    assert scope.name is not None
    if scope.kind in _LOCATORS:
        return _LOCATORS[scope.kind](context, scope.name)
    objects = objects_in_schemas(context.account)
    if scope.kind not in objects:
        raise unsupported(f"GRANT ON {scope.kind}")
    found = find(
        context, objects[scope.kind], scope.name, kind=scope.kind.title(), operation="GRANT"
    )
    return Granted(scope.kind, found.key, found.grants)


def _database(context: Context, name: Name) -> Granted:
    database = find_database(context, account_level_name(name))
    return Granted("DATABASE", (database.name,), database.grants)


def _schema(context: Context, name: Name) -> Granted:
    place = schema_of(context.session, name, "GRANT")
    return Granted("SCHEMA", place, find_schema(context, *place).grants)


def _pool(context: Context, name: Name) -> Granted:
    pool = find_pool(context, name, ALL_PRIVILEGES["COMPUTE POOL"])
    return Granted("COMPUTE POOL", (pool.name,), pool.grants)


def _integration(context: Context, name: Name) -> Granted:
    integration = find_integration(context, name, ("USAGE",))
    return Granted("INTEGRATION", (integration.name,), integration.grants)


def _warehouse(context: Context, name: Name) -> Granted:
    grants = context.account.warehouses.get(account_level_name(name))
    if grants is None or not sees(context.roles, grants):
        raise does_not_exist("Warehouse", name.last)
    return Granted("WAREHOUSE", (name.last,), grants)


_LOCATORS: Mapping[str, Callable[[Context, Name], Granted]] = {
    ObjectKind.DATABASE: _database,
    ObjectKind.SCHEMA: _schema,
    ObjectKind.COMPUTE_POOL: _pool,
    ObjectKind.EXTERNAL_ACCESS_INTEGRATION: _integration,
    ObjectKind.WAREHOUSE: _warehouse,
}
