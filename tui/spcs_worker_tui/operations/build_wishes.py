"""Building, pushing and deploying, as a front end asks for them: by environment of the project."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.settings import Environment, Project
from spcs_worker_tui.domain.spec_document import SpecDocument
from spcs_worker_tui.domain.wishes import Build, Deploy, ImageWish, Push
from spcs_worker_tui.operations.build import Builds
from spcs_worker_tui.operations.deploy import Deploys, PlannedDeploy
from spcs_worker_tui.operations.push import Pushes

if TYPE_CHECKING:
    from spcs_worker_tui.domain.building import RegistrySession
    from spcs_worker_tui.domain.ports import Change
    from spcs_worker_tui.operations.apply.engine import PlannedChange
    from spcs_worker_tui.operations.build_tools import ImageTools
    from spcs_worker_tui.operations.update import PlannedUpdate, Updates

ReadProject = Callable[[], Project]
ReadDocument = Callable[[Path], SpecDocument]


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """Plans what `Build`, `Push` and `Deploy` ask for.

    Args:
        tools: What building and pushing need from outside.
        updates: Plan updates of services.
        read_project: Reads the settings; may take a while.
        read_document: Reads a specification file, and checks it; may take a while.
    """

    tools: ImageTools
    updates: Updates
    read_project: ReadProject
    read_document: ReadDocument

    async def change(self, wish: ImageWish) -> Change:
        """What fulfilling it would do.

        Raises:
            ConfigurationError: There is no project, or something in it cannot be used.
            PlanRefusedError: The state of things forbids it.
            FleetError: Something that it needs does not answer.
        """
        match wish:
            case Build():
                return await self.build(wish)
            case Push():
                return await self.push(wish)
            case Deploy():
                return await self.deploy(wish)

    async def build(self, wish: Build) -> PlannedChange:
        """Raises as `change`."""
        project, environment = await self._environment(wish.environment)
        return await Builds(self.tools).plan(project, environment, wish)

    async def push(self, wish: Push) -> PlannedChange:
        """Raises as `change`."""
        project, environment = await self._environment(wish.environment)
        session = self._session(environment)
        planned = await Pushes(self.tools).plan(project, environment, session, wish)
        return _guarded(planned, environment, project)

    async def deploy(self, wish: Deploy) -> PlannedDeploy | PlannedUpdate:
        """Raises as `change`."""
        project, environment = await self._environment(wish.build.environment)
        path = Path(project.beside(environment.spec))
        document = await asyncio.to_thread(self.read_document, path)
        session = self._session(environment)
        planned = await Deploys(self.tools, self.updates).plan(
            project, environment, document, session, wish
        )
        return replace(planned, change=_guarded(planned.change, environment, project))

    async def _environment(self, name: str) -> tuple[Project, Environment]:
        project = await asyncio.to_thread(self.read_project)
        return project, project.environment(name)

    def _session(self, environment: Environment) -> RegistrySession:
        try:
            return self.tools.sessions(environment.connection)
        except KeyError:
            raise ConfigurationError(
                f"environment {environment.name} uses connection {environment.connection}, which "
                "is not open here",
                next_step="`spcs-worker-tui setup` saves it; or start without --connection.",
            ) from None


def _guarded(planned: PlannedChange, environment: Environment, project: Project) -> PlannedChange:
    """The plan of a read-only environment may be looked at, and is not applied."""
    if not environment.read_only:
        return planned

    async def refuse() -> None:
        raise PlanRefusedError(
            f"environment {environment.name} is read-only in {project.path}",
            next_step="Look with --dry-run, or take read_only out of the settings.",
        )

    return replace(planned, check=refuse)
