"""What a new service is created with, beside its specification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey


@dataclass(frozen=True, slots=True)
class ServiceCreation:
    """Properties of CREATE SERVICE (contract 1.7).

    AUTO_SUSPEND_SECS stays off: it counts traffic that a worker never has.
    """

    compute_pool: str
    external_access_integrations: tuple[str, ...] = ()
    min_instances: int = 1
    max_instances: int = 1
    query_warehouse: str = ""
    comment: str = ""


class ServiceChanger(Protocol):
    """The part of a Snowflake session that creates services and changes what they run."""

    def specification_statement(self, key: ServiceKey, spec: str) -> str:
        """Exactly what `alter_specification` sends, for a plan to show."""

    async def alter_specification(self, key: ServiceKey, spec: str) -> str:
        """`ALTER SERVICE … FROM SPECIFICATION $$…$$`; returns the query id."""

    def integrations_statement(self, key: ServiceKey, names: Sequence[str]) -> str:
        """Exactly what `set_integrations` sends, for a plan to show."""

    async def set_integrations(self, key: ServiceKey, names: Sequence[str]) -> str:
        """`ALTER SERVICE … SET EXTERNAL_ACCESS_INTEGRATIONS = (…)`; returns the query id."""

    def create_statement(self, key: ServiceKey, creation: ServiceCreation, spec: str) -> str:
        """Exactly what `create_service` sends, for a plan to show."""

    async def create_service(self, key: ServiceKey, creation: ServiceCreation, spec: str) -> str:
        """`CREATE SERVICE IF NOT EXISTS …`; returns the query id."""
