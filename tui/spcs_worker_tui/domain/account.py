"""What an account has, as far as workers need it, and what a role may do there.

Names are as they are stored. Everything is what one role sees: what it may not see is absent, and
cannot be told from what is missing (contract 1.14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from spcs_worker_tui.domain.secret_objects import SecretName

OWNERSHIP = "OWNERSHIP"
PUBLIC = "PUBLIC"
ACCOUNT = "ACCOUNT"

ObjectName = SecretName
"""Three names of anything in a schema: the same parts, written in the same way, as a secret's."""

_SYSTEM_ROLES = {
    "ACCOUNTADMIN": frozenset({"SECURITYADMIN", "SYSADMIN", "USERADMIN"}),
    "SECURITYADMIN": frozenset({"USERADMIN"}),
}
"""Which roles that every account has are inherited by which."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of SHOW GRANTS.

    Attributes:
        privilege: `USAGE`, `CREATE SERVICE`, `OWNERSHIP` …
        kind: On what, in words: `DATABASE`, `COMPUTE POOL`, `ACCOUNT`, `ROLE` …
        name: Its qualified name as the account writes it; of the account itself, anything.
        role: Who holds it.
    """

    privilege: str
    kind: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is signed in, and as what.

    Attributes:
        account: As the account calls itself.
        user: Stored name of the user.
        role: The role in use; empty where there is none.
        roles: That role, PUBLIC, and everything that it inherits.
        granted: The roles that are granted to the user.
        known: Every role of the account, which everybody sees, with its comment.
    """

    account: str
    user: str
    role: str
    roles: frozenset[str] = frozenset()
    granted: frozenset[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=dict, repr=False)

    def roles_of(self, role: str) -> frozenset[str]:
        """That role and what it inherits, as far as is seen from here: all for the one in use."""
        if role == self.role:
            return self.roles
        return frozenset({role, PUBLIC}) | _SYSTEM_ROLES.get(role, frozenset())

    def can_take(self, role: str) -> bool:
        """Whether the user can say USE ROLE, as far as can be seen from here.

        A role that another one inherits can be taken, too. A token that is restricted to one role
        can take no other: only trying shows that.
        """
        known = self.granted | self.roles
        return role in known.union(*(_SYSTEM_ROLES.get(name, frozenset()) for name in known))


@dataclass(frozen=True, slots=True)
class DatabaseObject:
    """One row of SHOW DATABASES."""

    name: str
    owner: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class SchemaObject:
    """One row of SHOW SCHEMAS."""

    database: str
    name: str
    owner: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryObject:
    """One row of SHOW IMAGE REPOSITORIES.

    Attributes:
        name: Its three names.
        url: `host/db/schema/repository`, in lower case, without a scheme (contract 1.11).
        owner: A role.
    """

    name: ObjectName
    url: str
    owner: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """A network rule.

    Attributes:
        name: Its three names.
        owner: A role.
        kind: `HOST_PORT` for what services need.
        mode: `EGRESS` for what services need.
        hosts: `host[:port]` each; only DESCRIBE says them, so None where nobody asked.
    """

    name: ObjectName
    owner: str = ""
    kind: str = ""
    mode: str = ""
    hosts: tuple[str, ...] | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class AccessIntegration:
    """An external access integration.

    Attributes:
        name: Account-level.
        is_enabled: Otherwise nothing gets out.
        rules: Its network rules; only DESCRIBE says them, so None where nobody asked.
    """

    name: str
    is_enabled: bool
    rules: tuple[ObjectName, ...] | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class InstanceFamily:
    """A kind of node that a compute pool can have (contract 1.10)."""

    name: str
    vcpu: int
    memory_gib: int
    gpu: str = ""
    gpu_count: int = 0


@dataclass(frozen=True, slots=True)
class PoolTrouble:
    """What DESCRIBE COMPUTE POOL says beside the row of SHOW.

    Attributes:
        error_code: `392507` no capacity, `392508` node limit, or empty (contract 1.10).
        message: In Snowflake's words; may be there without an error.
    """

    error_code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Privileges:
    """What a set of roles holds, to be asked for one thing at a time."""

    roles: frozenset[str]
    grants: tuple[Grant, ...] = field(default=(), repr=False)

    def holds(self, privilege: str, kind: str, name: str = "") -> bool:
        """Whether one of the roles holds it, or owns what it is on.

        Args:
            privilege: One; ownership includes all others.
            kind: As in `Grant`.
            name: Qualified; anything for the account, which there is only one of.
        """
        return any(
            grant.role in self.roles
            and grant.kind == kind
            and (kind == ACCOUNT or grant.name == name)
            and grant.privilege in (privilege, OWNERSHIP)
            for grant in self.grants
        )
