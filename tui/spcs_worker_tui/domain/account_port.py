"""Reading what an account has, and changing it with statements that a plan has shown.

Nothing here needs a warehouse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from spcs_worker_tui.domain.secret_objects import SecretKeeper, SecretObject

if TYPE_CHECKING:
    from spcs_worker_tui.domain.account import (
        AccessIntegration,
        DatabaseObject,
        Grant,
        InstanceFamily,
        NetworkRule,
        ObjectName,
        PoolTrouble,
        RepositoryObject,
        SchemaObject,
        Standing,
    )
    from spcs_worker_tui.domain.fleet import ComputePoolSnapshot
    from spcs_worker_tui.domain.ports import Identity


class AccountReader(Protocol):
    """One saved connection, asked what its role sees. `ConnectorSession` is one.

    Every method raises `SnowflakeError` of one of its kinds: `NotVisibleError` where something
    that is named is missing or not visible.
    """

    def quoted(self, *name: str) -> str:
        """As SQL writes it: parts between dots, in quotes where they need them."""

    async def standing(self) -> Standing:
        """Who is signed in, and as what: `SHOW ROLES`, `SHOW GRANTS`."""

    async def show_grants_to(self, role: str) -> Sequence[Grant]:
        """`SHOW GRANTS TO ROLE …`: what was granted to it, without what it inherits."""

    async def show_grants_on(self, kind: str, *name: str) -> Sequence[Grant]:
        """`SHOW GRANTS ON …`.

        Args:
            kind: `DATABASE`, `COMPUTE POOL` …, or `ACCOUNT`.
            *name: Its names from the outermost on; none for the account.
        """

    async def show_databases(self) -> Sequence[DatabaseObject]:
        """`SHOW DATABASES`."""

    async def show_schemas(self, database: str) -> Sequence[SchemaObject]:
        """`SHOW SCHEMAS IN DATABASE …`."""

    async def show_repositories(self) -> Sequence[RepositoryObject]:
        """`SHOW IMAGE REPOSITORIES IN ACCOUNT`."""

    async def show_compute_pools(self) -> tuple[ComputePoolSnapshot, ...]:
        """`SHOW COMPUTE POOLS`."""

    async def pool_trouble(self, name: str) -> PoolTrouble:
        """`DESCRIBE COMPUTE POOL …`: what is wrong with it; needs MONITOR."""

    async def show_instance_families(self) -> Sequence[InstanceFamily]:
        """`SHOW COMPUTE POOL INSTANCE FAMILIES`."""

    async def show_network_rules(self) -> Sequence[NetworkRule]:
        """`SHOW NETWORK RULES IN ACCOUNT`: without their hosts."""

    async def describe_network_rule(self, name: ObjectName) -> NetworkRule:
        """`DESCRIBE NETWORK RULE …`: with its hosts."""

    async def show_integrations(self) -> Sequence[AccessIntegration]:
        """`SHOW EXTERNAL ACCESS INTEGRATIONS`: without their rules."""

    async def describe_integration(self, name: str) -> AccessIntegration:
        """`DESCRIBE INTEGRATION …`: with its rules."""

    async def show_secrets(self, database: str, schema: str) -> Sequence[SecretObject]:
        """`SHOW SECRETS IN SCHEMA …`; never a value."""

    async def show_all_secrets(self) -> Sequence[SecretObject]:
        """`SHOW SECRETS IN ACCOUNT`; never a value."""


class AccountChanger(AccountReader, SecretKeeper, Protocol):
    """One saved connection that sets an account up: `ConnectorSession` is one."""

    name: str

    async def open(self, *, interactive: bool = False) -> Identity:
        """Log in, unless that was done; see `SnowflakeSession`."""

    async def use_role(self, role: str) -> None:
        """Take a role on, for everything that follows; nothing where it is in use.

        Raises:
            StatementRefusedError: The user may not take it.
        """

    async def use_own_role(self) -> None:
        """Take the role on again that the connection signs in with."""

    async def run_statement(self, statement: str) -> str:
        """Send a statement as it is; returns the query id."""
