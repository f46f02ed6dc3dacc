"""What the project's settings say of a service whose spec the account does not show to a role.

A spec is shown to the owning role only (contract 1.2), so a role that may only look sees neither
work pool nor API URL. Where `spcs-worker.toml` has an environment for that service, they are taken
from there; that is said wherever it is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError, PrivilegeError
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    ContainerSnapshot,
    DeployedSpec,
    ImageSnapshot,
    InstanceSnapshot,
    ServiceKey,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.settings import FILE_NAME

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Identity, WatchedSession


class SuppliedSession:
    """Implements the port `WatchedSession`: a session, and the settings where its role sees less.

    Args:
        session: The connection.
        spec_of: As `project_specs.ProjectSpecs.spec_of`.
    """

    def __init__(
        self, session: WatchedSession, spec_of: Callable[[ServiceKey], DeployedSpec | None]
    ) -> None:
        self.name = session.name
        self._session = session
        self._spec_of = spec_of

    @property
    def statements(self) -> int:
        """How many statements were sent; see the port."""
        return self._session.statements

    async def open(self, *, interactive: bool = False) -> Identity:
        """Log in; see the port."""
        return await self._session.open(interactive=interactive)

    async def close(self) -> None:
        """End the session; never raises."""
        await self._session.close()

    async def show_services(self) -> tuple[ServiceSnapshot, ...]:
        """`SHOW SERVICES IN ACCOUNT`; see the port."""
        return await self._session.show_services()

    async def show_service_containers(self, key: ServiceKey) -> tuple[ContainerSnapshot, ...]:
        """`SHOW SERVICE CONTAINERS`; see the port."""
        return await self._session.show_service_containers(key)

    async def show_service_instances(self, key: ServiceKey) -> tuple[InstanceSnapshot, ...]:
        """`SHOW SERVICE INSTANCES`; see the port."""
        return await self._session.show_service_instances(key)

    async def describe_service(self, key: ServiceKey) -> DeployedSpec:
        """`DESCRIBE SERVICE`, or what the settings say; see the port."""
        try:
            return await self._session.describe_service(key)
        except PrivilegeError as hidden:
            try:
                supplied = await asyncio.to_thread(self._spec_of, key)
            except ConfigurationError as error:
                hidden.next_step = f"{hidden.next_step} {FILE_NAME} is no help: {error}"
                raise hidden from error
            if supplied is None:
                raise
            return supplied

    async def show_compute_pools(self) -> tuple[ComputePoolSnapshot, ...]:
        """`SHOW COMPUTE POOLS`; see the port."""
        return await self._session.show_compute_pools()

    async def show_images(self, repository: str) -> tuple[ImageSnapshot, ...]:
        """`SHOW IMAGES IN IMAGE REPOSITORY`; see the port."""
        return await self._session.show_images(repository)
