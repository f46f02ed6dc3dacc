"""What the project's settings say of a service whose spec the account does not show to a role.

A spec is shown to the owning role only (contract 1.2), so a role that may only look sees neither
work pool nor API URL. Where `spcs-worker.toml` has an environment for that service, they are taken
from there; that is said wherever it is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from spcs_worker_tui.domain.errors import ConfigurationError, PrivilegeError
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    ContainerSnapshot,
    ContainerSpec,
    DeployedSpec,
    ImageSnapshot,
    InstanceSnapshot,
    ServiceKey,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.ports import Identity, WatchedSession
from spcs_worker_tui.domain.settings import FILE_NAME, Environment, Project
from spcs_worker_tui.domain.spec_document import SpecDocument
from spcs_worker_tui.operations.update.wish import rendered


class ProjectSpecs:
    """Looks services up in the settings; what was read once is not read again.

    Args:
        read_project: The settings of the project that we are in, or None; may take a while.
        read_document: Reads a specification file; may take a while.
    """

    def __init__(
        self,
        read_project: Callable[[], Project | None],
        read_document: Callable[[Path], SpecDocument],
    ) -> None:
        self._read_project = read_project
        self._read_document = read_document
        self._project: Project | None = None
        self._known: dict[str, DeployedSpec] = {}

    def spec_of(self, key: ServiceKey) -> DeployedSpec | None:
        """As far as watching needs it; None where no environment is about that service.

        The environment of the same connection counts, or else those of the same name, where they
        agree: who may only look often has a connection of its own.

        Raises:
            ConfigurationError: The settings or the specification cannot be read.
        """
        self._project = self._project or self._read_project()
        if self._project is None:
            return None
        named = [
            one for one in self._project.environments.values() if one.key.qualified == key.qualified
        ]
        own = [one for one in named if one.connection == key.connection]
        specs = [self._spec(self._project, one) for one in own or named]
        return specs[0] if specs and all(one == specs[0] for one in specs) else None

    def _spec(self, project: Project, environment: Environment) -> DeployedSpec:
        known = self._known.get(environment.name)
        if known is None:
            written = self._read_document(Path(project.beside(environment.spec)))
            known = self._known[environment.name] = _for_watching(environment, written)
        return known


def _for_watching(environment: Environment, written: SpecDocument) -> DeployedSpec:
    document, name = rendered(environment, written), written.container(environment.container)
    variables = document.variables(name)
    container = ContainerSpec(
        name=name,
        image="",
        env={one.name: one.value for one in variables if not one.secret},
        secret_env=tuple(one.name for one in variables if one.secret),
    )
    return DeployedSpec("", "", (container,), said_by=FILE_NAME)


class SuppliedSession:
    """Implements the port `WatchedSession`: a session, and the settings where its role sees less.

    Args:
        session: The connection.
        spec_of: As `ProjectSpecs.spec_of`.
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
