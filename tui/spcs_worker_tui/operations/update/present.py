"""What is there now: the service, its specification, and who is asking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.binding import bind
from spcs_worker_tui.domain.errors import NotVisibleError, PlanRefusedError
from spcs_worker_tui.domain.spec_difference import Side, SpecDifference, compare
from spcs_worker_tui.domain.spec_document import DeployedDocument, deployed_document
from spcs_worker_tui.domain.spec_source import Node
from spcs_worker_tui.operations.apply.ground import DOWN, UP

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import (
        DeployedSpec,
        PrefectBinding,
        ServiceKey,
        ServiceSnapshot,
    )
    from spcs_worker_tui.domain.ports import Identity, SnowflakeSession

ReadSpec = Callable[[str], Node]
"""Reads YAML; raises ConfigurationError where the text is none."""


@dataclass(frozen=True, slots=True)
class Present:
    """One service as it was at one moment."""

    identity: Identity
    service: ServiceSnapshot
    spec: DeployedSpec
    deployed: DeployedDocument

    @property
    def side(self) -> Side:
        """For comparing."""
        return Side(self.deployed.document, self.deployed.digests)

    @property
    def binding(self) -> PrefectBinding | None:
        """Which work pool its worker serves; None: it is no Prefect worker."""
        return bind(self.spec)

    @property
    def is_down(self) -> bool:
        """Whether it is suspended, or on its way there."""
        return self.service.status in DOWN


async def read_present(
    session: SnowflakeSession, key: ServiceKey, read_spec: ReadSpec
) -> Present | None:
    """The service as it is, or None where there is none that this role can see.

    Raises:
        PlanRefusedError: It is a job, or being dropped.
        SnowflakeError: It cannot be read now, or not by this role.
    """
    identity = await session.open()
    found = (service for service in await session.show_services() if service.key == key)
    service = next(found, None)
    if service is None:
        return None
    if service.is_job:
        raise PlanRefusedError(f"{key.qualified} is a job service, and those cannot be altered")
    if service.status not in UP | DOWN:
        raise PlanRefusedError(
            f"{key.qualified} is {service.status}, so it cannot be changed",
            next_step="Look again in a moment.",
        )
    try:
        spec = await session.describe_service(key)
    except NotVisibleError:
        return None  # dropped between the two statements
    # Parsing a large specification takes long enough to be felt elsewhere.
    node = await asyncio.to_thread(read_spec, spec.source or spec.text)
    return Present(identity, service, spec, deployed_document(node))


def changed_meanwhile(before: Present, now: Present) -> SpecDifference:
    """What somebody else changed between two looks."""
    key = before.service.key
    return compare(before.side, now.side, home=(key.database, key.schema))
