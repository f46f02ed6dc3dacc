"""The specifications of services as the project's settings say them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import ContainerSpec, DeployedSpec
from spcs_worker_tui.domain.rendering import rendered
from spcs_worker_tui.domain.settings import FILE_NAME

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.settings import Environment, Project
    from spcs_worker_tui.domain.spec_document import SpecDocument


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
