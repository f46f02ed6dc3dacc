"""Who may see and do what: roles, their hierarchy, and the two ways of saying no.

An object on which the role holds nothing does not exist for it (002003); one that it sees but may
not operate on is refused (003001). Contract 1.0, 1.14.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.results import SqlError, does_not_exist, insufficient_privileges

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Grants

PUBLIC = "PUBLIC"
OWNERSHIP = "OWNERSHIP"

ALL_PRIVILEGES: dict[str, tuple[str, ...]] = {
    "ACCOUNT": (
        "BIND SERVICE ENDPOINT",
        "CREATE COMPUTE POOL",
        "CREATE DATABASE",
        "CREATE EXTERNAL ACCESS INTEGRATION",
        "CREATE INTEGRATION",
        "CREATE ROLE",
        "CREATE USER",
        "CREATE WAREHOUSE",
        "MANAGE GRANTS",
        "MONITOR USAGE",
    ),
    "DATABASE": ("CREATE SCHEMA", "MODIFY", "MONITOR", "USAGE"),
    "SCHEMA": (
        "CREATE IMAGE REPOSITORY",
        "CREATE NETWORK RULE",
        "CREATE SECRET",
        "CREATE SERVICE",
        "CREATE STAGE",
        "MODIFY",
        "MONITOR",
        "USAGE",
    ),
    "SERVICE": ("MONITOR", "OPERATE", "USAGE"),
    "COMPUTE POOL": ("MODIFY", "MONITOR", "OPERATE", "USAGE"),
    "IMAGE REPOSITORY": ("READ", "WRITE"),
    "SECRET": ("MODIFY", "READ", "USAGE"),
    "NETWORK RULE": (),
    "INTEGRATION": ("USAGE",),
    "STAGE": ("READ", "WRITE"),
    "WAREHOUSE": ("MODIFY", "MONITOR", "OPERATE", "USAGE"),
}
"""What `GRANT ALL` gives on each kind of object, and so everything that may be granted."""


def effective_roles(account: Account, role: str) -> frozenset[str]:
    """The role, PUBLIC, and everything granted to them, however far down."""
    held = {role, PUBLIC}
    while (
        inherited := {name for name, other in account.roles.items() if other.granted_to & held}
        - held
    ):
        held |= inherited
    return frozenset(held)


def holds(roles: Collection[str], grants: Grants, any_of: Collection[str]) -> bool:
    """Whether one of the roles owns the object or holds one of the privileges on it."""
    if grants.owner in roles:
        return True
    return any(
        privilege in any_of
        for role, privileges in grants.privileges.items()
        if role in roles
        for privilege in privileges
    )


def sees(roles: Collection[str], grants: Grants) -> bool:
    """Whether one of the roles holds anything at all on the object."""
    return grants.owner in roles or any(
        privileges for role, privileges in grants.privileges.items() if role in roles
    )


def require(
    roles: Collection[str],
    grants: Grants,
    any_of: Collection[str],
    *,
    kind: str,
    name: str,
) -> None:
    """Refuse unless the role holds one of the privileges, or owns the object.

    Args:
        roles: The effective roles of the session.
        grants: Those of the object.
        any_of: Privileges that suffice; empty for ownership alone.
        kind: As in messages, `Service`.
        name: Qualified, as the role would have to write it.

    Raises:
        SqlError: 002003 for an object that the role cannot see, 003001 for one that it can.
    """
    if holds(roles, grants, any_of):
        return
    if not sees(roles, grants):
        raise does_not_exist(kind, name)
    raise insufficient_privileges(kind.lower(), name.rpartition(".")[2])


def require_on_account(account: Account, roles: Collection[str], *any_of: str) -> None:
    """Refuse unless the role holds one of these on the account, which everyone can see.

    Raises:
        SqlError: 003001.
    """
    if not holds(roles, account.grants, any_of):
        raise insufficient_privileges("account", account.name)


def no_privilege_on_existing(name: str) -> SqlError:
    """003041: CREATE met an object of that name that the role cannot see (contract 1.14)."""
    return SqlError(
        "003041",
        "42710",
        f"SQL compilation error:\nObject '{name}' already exists, but current role has no "
        "privileges on it. If this is unexpected and you cannot resolve this problem, contact "
        "your system administrator. ACCOUNTADMIN role may be required to manage the privileges "
        "on the object.",
    )
