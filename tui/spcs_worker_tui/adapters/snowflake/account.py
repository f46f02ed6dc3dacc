"""Statements that read what an account has (contract 1.10 to 1.12), and what set-up sends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.snowflake import rows
from spcs_worker_tui.adapters.snowflake.quoting import identifier
from spcs_worker_tui.adapters.snowflake.registry import SHOW_IMAGE_REPOSITORIES
from spcs_worker_tui.adapters.snowflake.rows import Row, text
from spcs_worker_tui.adapters.snowflake.secret_changes import secret_object
from spcs_worker_tui.domain.account import (
    PUBLIC,
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

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.snowflake.driver import Answer
    from spcs_worker_tui.domain.ports import Identity
    from spcs_worker_tui.domain.secret_objects import SecretObject

_NOWHERE = ("", "")


class AccountFacts(ABC):
    """The part of a session that reads what there is; see `AccountReader` and `AccountChanger`."""

    @abstractmethod
    async def _send(self, statement: str) -> Answer:
        """Send one statement."""

    @abstractmethod
    async def open(self, *, interactive: bool = False) -> Identity:
        """Log in, unless that was done."""

    async def run_statement(self, statement: str) -> str:
        """Send it as it is; returns the query id."""
        return (await self._send(statement)).query_id

    def quoted(self, *name: str) -> str:
        """As SQL writes it; see the port."""
        return _qualified(name)

    async def standing(self) -> Standing:
        """Who is signed in, and as what; see the port."""
        shown = (await self._send("SHOW ROLES")).rows
        granted = (await self._send("SHOW GRANTS")).rows
        current = {text(row, "name") for row in shown if rows.boolean(row, "is_current")}
        inherited = {text(row, "name") for row in shown if rows.boolean(row, "is_inherited")}
        identity = await self.open()
        role = next(iter(current), "")
        # As the account names it: a connection may have a login name, or another case.
        named = (text(row, "grantee_name") for row in granted)
        return Standing(
            identity.account,
            next(named, identity.user),
            role,
            frozenset(filter(None, {*inherited, role, PUBLIC})),
            frozenset(filter(None, (text(row, "role") for row in granted))),
            {text(row, "name"): text(row, "comment") for row in shown},
        )

    async def show_grants_to(self, role: str) -> tuple[Grant, ...]:
        """`SHOW GRANTS TO ROLE …`; see the port."""
        return _grants((await self._send(f"SHOW GRANTS TO ROLE {identifier(role)}")).rows)

    async def show_grants_on(self, kind: str, *name: str) -> tuple[Grant, ...]:
        """`SHOW GRANTS ON …`; see the port."""
        what = " ".join((kind, *([_qualified(name)] if name else [])))
        return _grants((await self._send(f"SHOW GRANTS ON {what}")).rows)

    async def show_databases(self) -> tuple[DatabaseObject, ...]:
        """`SHOW DATABASES`."""
        found = (await self._send("SHOW DATABASES")).rows
        return tuple(
            DatabaseObject(text(row, "name"), text(row, "owner"), text(row, "comment"))
            for row in found
        )

    async def show_schemas(self, database: str) -> tuple[SchemaObject, ...]:
        """`SHOW SCHEMAS IN DATABASE …`."""
        found = (await self._send(f"SHOW SCHEMAS IN DATABASE {identifier(database)}")).rows
        return tuple(
            SchemaObject(
                text(row, "database_name"),
                text(row, "name"),
                text(row, "owner"),
                text(row, "comment"),
            )
            for row in found
        )

    async def show_repositories(self) -> tuple[RepositoryObject, ...]:
        """`SHOW IMAGE REPOSITORIES IN ACCOUNT`."""
        found = (await self._send(SHOW_IMAGE_REPOSITORIES)).rows
        return tuple(
            RepositoryObject(
                _name(row), text(row, "repository_url"), text(row, "owner"), text(row, "comment")
            )
            for row in found
        )

    async def pool_trouble(self, name: str) -> PoolTrouble:
        """`DESCRIBE COMPUTE POOL …`; see the port."""
        found = (await self._send(f"DESCRIBE COMPUTE POOL {identifier(name)}")).rows
        row = found[0] if found else {}
        return PoolTrouble(text(row, "error_code"), text(row, "status_message"))

    async def show_instance_families(self) -> tuple[InstanceFamily, ...]:
        """`SHOW COMPUTE POOL INSTANCE FAMILIES`."""
        found = (await self._send("SHOW COMPUTE POOL INSTANCE FAMILIES")).rows
        return tuple(
            InstanceFamily(
                text(row, "name"),
                rows.number(row, "vcpu"),
                rows.number(row, "memory_gib"),
                text(row, "gpu"),
                rows.number(row, "gpu_count"),
            )
            for row in found
        )

    async def show_network_rules(self) -> tuple[NetworkRule, ...]:
        """`SHOW NETWORK RULES IN ACCOUNT`."""
        return tuple(map(_rule, (await self._send("SHOW NETWORK RULES IN ACCOUNT")).rows))

    async def describe_network_rule(self, name: ObjectName) -> NetworkRule:
        """`DESCRIBE NETWORK RULE …`."""
        parts = (name.database, name.schema, name.name)
        found = (await self._send(f"DESCRIBE NETWORK RULE {_qualified(parts)}")).rows
        row = found[0] if found else {}
        return _rule(row, rows.names(row, "value_list"))

    async def show_integrations(self) -> tuple[AccessIntegration, ...]:
        """`SHOW EXTERNAL ACCESS INTEGRATIONS`."""
        found = (await self._send("SHOW EXTERNAL ACCESS INTEGRATIONS")).rows
        return tuple(
            AccessIntegration(
                text(row, "name"), rows.boolean(row, "enabled"), comment=text(row, "comment")
            )
            for row in found
        )

    async def describe_integration(self, name: str) -> AccessIntegration:
        """`DESCRIBE INTEGRATION …`: a row per property."""
        found = (await self._send(f"DESCRIBE INTEGRATION {identifier(name)}")).rows
        by_name = {text(row, "property").upper(): row for row in found}
        rules = rows.names(by_name.get("ALLOWED_NETWORK_RULES", {}), "property_value")
        parsed = (ObjectName.parse(rule, _NOWHERE) for rule in rules)
        return AccessIntegration(
            name,
            rows.boolean(by_name.get("ENABLED", {}), "property_value"),
            tuple(rule for rule in parsed if rule is not None),
            text(by_name.get("COMMENT", {}), "property_value"),
        )

    async def show_all_secrets(self) -> tuple[SecretObject, ...]:
        """`SHOW SECRETS IN ACCOUNT`."""
        return tuple(map(secret_object, (await self._send("SHOW SECRETS IN ACCOUNT")).rows))


def use_role(role: str) -> str:
    """The statement that takes a role on."""
    return f"USE ROLE {identifier(role)}"


def _qualified(name: Iterable[str]) -> str:
    return ".".join(identifier(part) for part in name)


def _name(row: Row) -> ObjectName:
    return ObjectName(text(row, "database_name"), text(row, "schema_name"), text(row, "name"))


def _rule(row: Row, hosts: tuple[str, ...] | None = None) -> NetworkRule:
    owner, kind, mode = (text(row, column) for column in ("owner", "type", "mode"))
    return NetworkRule(_name(row), owner, kind, mode, hosts, text(row, "comment"))


def _grants(found: Iterable[Row]) -> tuple[Grant, ...]:
    return tuple(
        Grant(
            text(row, "privilege"),
            # Kinds of two words come with an underscore, COMPUTE_POOL.
            text(row, "granted_on").replace("_", " "),
            text(row, "name"),
            text(row, "grantee_name"),
        )
        for row in found
    )
