"""Statements that give a service its specification (contract 1.7, 1.8)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.snowflake.quoting import identifier, literal, service_name
from spcs_worker_tui.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.snowflake.driver import Answer
    from spcs_worker_tui.domain.creation import ServiceCreation
    from spcs_worker_tui.domain.fleet import ServiceKey


class ServiceChanges(ABC):
    """The part of a session that creates services and changes what they run."""

    @abstractmethod
    async def _send(self, statement: str) -> Answer:
        """Send one statement."""

    def specification_statement(self, key: ServiceKey, spec: str) -> str:
        """Exactly what `alter_specification` sends."""
        return f"ALTER SERVICE {service_name(key)} FROM SPECIFICATION {_body(spec)}"

    async def alter_specification(self, key: ServiceKey, spec: str) -> str:
        """`ALTER SERVICE … FROM SPECIFICATION $$…$$`; returns the query id."""
        return (await self._send(self.specification_statement(key, spec))).query_id

    def integrations_statement(self, key: ServiceKey, names: Sequence[str]) -> str:
        """Exactly what `set_integrations` sends."""
        name = service_name(key)
        if not names:
            return f"ALTER SERVICE {name} UNSET EXTERNAL_ACCESS_INTEGRATIONS"
        return f"ALTER SERVICE {name} SET {_integrations(names)}"

    async def set_integrations(self, key: ServiceKey, names: Sequence[str]) -> str:
        """`ALTER SERVICE … SET EXTERNAL_ACCESS_INTEGRATIONS = (…)`; returns the query id."""
        return (await self._send(self.integrations_statement(key, names))).query_id

    def create_statement(self, key: ServiceKey, creation: ServiceCreation, spec: str) -> str:
        """Exactly what `create_service` sends."""
        options = [f"MIN_INSTANCES = {creation.min_instances}"]
        options.append(f"MAX_INSTANCES = {creation.max_instances}")
        if creation.external_access_integrations:
            options.append(_integrations(creation.external_access_integrations))
        if creation.query_warehouse:
            options.append(f"QUERY_WAREHOUSE = {identifier(creation.query_warehouse)}")
        if creation.comment:
            options.append(f"COMMENT = {literal(creation.comment)}")
        return (
            f"CREATE SERVICE IF NOT EXISTS {service_name(key)} "
            f"IN COMPUTE POOL {identifier(creation.compute_pool)} "
            f"FROM SPECIFICATION {_body(spec)} {' '.join(options)}"
        )

    async def create_service(self, key: ServiceKey, creation: ServiceCreation, spec: str) -> str:
        """`CREATE SERVICE IF NOT EXISTS …`; returns the query id."""
        return (await self._send(self.create_statement(key, creation, spec))).query_id


def _body(spec: str) -> str:
    if "$$" in spec:
        # Texts of `spec_text` never hold it; whatever else does would end the body early.
        raise ConfigurationError(
            "the specification holds $$, which ends it in SQL",
            next_step='Write the second dollar as \\u0024 in a text in double quotes: "$\\u0024".',
        )
    return f"$$\n{spec}$$"


def _integrations(names: Sequence[str]) -> str:
    # The names are case-sensitive here (contract 1.7): those that need no quotes are upper-case.
    return f"EXTERNAL_ACCESS_INTEGRATIONS = ({', '.join(identifier(name) for name in names)})"
