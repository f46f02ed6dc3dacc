"""What the project's settings add to what a connection shows.

A spec is shown to the owning role only (contract 1.2), so a role that may only look sees neither
work pool nor API URL. Where `spcs-worker.toml` has an environment for that service, they are taken
from there; that is said wherever it is shown. Where the spec is shown, it is compared with theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

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


class LocalSpecs(Protocol):
    """See `project_specs.ProjectSpecs`; every method may take a while."""

    def spec_of(self, key: ServiceKey) -> DeployedSpec | None:
        """As far as watching needs it."""

    def stamps(self, keys: Sequence[ServiceKey]) -> Mapping[ServiceKey, str]:
        """What stands for the specs of those services that the project is about."""

    def differing_fields(self, key: ServiceKey, deployed: DeployedSpec) -> tuple[str, ...] | None:
        """What the project has otherwise."""


class SuppliedSession:
    """Implements the port `WatchedSession`: a session, and the settings where they know more.

    Args:
        session: The connection.
        local: What the project's files say, None where there is no project; may take a while.
        compares: Compare the specs of the project's services with its files, too.
    """

    def __init__(
        self,
        session: WatchedSession,
        local: Callable[[], LocalSpecs | None],
        *,
        compares: bool = False,
    ) -> None:
        self.name = session.name
        self._session = session
        self._local = local
        self._compares = compares
        self._stamps: Mapping[ServiceKey, str] = {}

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
        services = await self._session.show_services()
        if not self._compares:
            return services
        keys = [service.key for service in services]
        self._stamps = await asyncio.to_thread(self._stamps_of, keys)
        return tuple(
            replace(one, local_spec=self._stamps[one.key]) if one.key in self._stamps else one
            for one in services
        )

    async def show_service_containers(self, key: ServiceKey) -> tuple[ContainerSnapshot, ...]:
        """`SHOW SERVICE CONTAINERS`; see the port."""
        return await self._session.show_service_containers(key)

    async def show_service_instances(self, key: ServiceKey) -> tuple[InstanceSnapshot, ...]:
        """`SHOW SERVICE INSTANCES`; see the port."""
        return await self._session.show_service_instances(key)

    async def describe_service(self, key: ServiceKey) -> DeployedSpec:
        """`DESCRIBE SERVICE`, or what the settings say; see the port."""
        try:
            deployed = await self._session.describe_service(key)
            if key not in self._stamps:
                return deployed
            return await asyncio.to_thread(self._compared, key, deployed)
        except PrivilegeError as hidden:
            try:
                supplied = await asyncio.to_thread(self._supplied, key)
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

    def _stamps_of(self, keys: Sequence[ServiceKey]) -> Mapping[ServiceKey, str]:
        local = self._local()
        return local.stamps(keys) if local else {}

    def _compared(self, key: ServiceKey, deployed: DeployedSpec) -> DeployedSpec:
        local = self._local()
        differing = local.differing_fields(key, deployed) if local else None
        return replace(deployed, differing_fields=differing)

    def _supplied(self, key: ServiceKey) -> DeployedSpec | None:
        local = self._local()
        return local.spec_of(key) if local else None
