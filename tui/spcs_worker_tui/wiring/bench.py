"""What a command that changes something needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.docker.engine import DockerEngine
from spcs_worker_tui.adapters.history import HistoryFiles
from spcs_worker_tui.adapters.source_tree import Checkout
from spcs_worker_tui.operations.build_tools import ImageTools
from spcs_worker_tui.operations.build_wishes import ImageChanges
from spcs_worker_tui.operations.environment import Environments
from spcs_worker_tui.operations.lifecycle import Lifecycle
from spcs_worker_tui.operations.planner import Planner
from spcs_worker_tui.operations.rollback import Rollbacks
from spcs_worker_tui.operations.update import Tools, Updates, UpdateTiming
from spcs_worker_tui.operations.update_plans import UpdatePlans
from spcs_worker_tui.operations.work_pool_changes import WorkPoolChanges
from spcs_worker_tui.wiring.applying import engine_of
from spcs_worker_tui.wiring.look import Looks, open_looks
from spcs_worker_tui.wiring.prefect import prefect_writer
from spcs_worker_tui.wiring.project import read_document, read_spec

if TYPE_CHECKING:
    from spcs_worker_tui.domain.building import RegistrySession
    from spcs_worker_tui.domain.fleet import FleetSnapshot
    from spcs_worker_tui.domain.ports import (
        PrefectReader,
        PrefectWriter,
        SnowflakeSession,
    )
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.operations.apply import Engine
    from spcs_worker_tui.wiring.keys import Ask


@dataclass(frozen=True, slots=True)
class Bench(Looks):
    """Looks, and the operations that change something."""

    engine: Engine
    prefect_writer: PrefectWriter

    def updates(self, timing: UpdateTiming | None = None) -> Updates:
        """Updating services, and creating them."""
        return Updates(self._tools(timing))

    def rollbacks(self, timing: UpdateTiming | None = None) -> Rollbacks:
        """Going back to what was deployed before."""
        return Rollbacks(self._tools(timing), self.updates(timing))

    def _tools(self, timing: UpdateTiming | None) -> Tools:
        return update_tools(self.session, self.prefect, self.engine, timing)

    def images(self, project: Project, timing: UpdateTiming | None = None) -> ImageChanges:
        """Building, pushing and deploying the environments of that project."""
        updates = self.updates(timing)
        return image_changes(self.session, self.engine, updates, lambda: project)

    def lifecycle(self, fleet: FleetSnapshot) -> Lifecycle:
        """What changes a service's state, planned against that picture."""
        return Lifecycle(self.session, lambda: fleet, self.engine, self.prefect_writer)

    def planner(self, fleet: FleetSnapshot) -> Planner:
        """Everything that can be changed, planned against that picture."""
        pools = WorkPoolChanges(lambda: fleet, self.engine, self.prefect, self.prefect_writer)
        updates = UpdatePlans(self._tools(None), read_document)
        return Planner(self.lifecycle(fleet), pools, updates, self.environments(fleet))

    def environments(
        self, fleet: FleetSnapshot, timing: UpdateTiming | None = None
    ) -> Environments:
        """Environment variables; restarts are planned against that picture."""
        return Environments(self._tools(timing), self.lifecycle(fleet).restart)


@asynccontextmanager
async def open_bench(
    names: Sequence[str] = (),
    *,
    read_only: bool = False,
    snowflake: bool = True,
    ask: Ask | None = None,
) -> AsyncIterator[Bench]:
    """As `open_looks`, for a command that changes something.

    Args:
        names: Saved connections; without names, all of them.
        read_only: Nothing may be changed.
        snowflake: Whether it has to do with Snowflake at all.
        ask: As for `open_looks`.

    Raises:
        ConfigurationError: As `saved_connections`.
    """
    async with open_looks(names, snowflake=snowflake, ask=ask) as looks:
        engine = engine_of(looks.clock, looks.session, read_only=read_only)
        writer = prefect_writer(looks.keys.prefect)
        try:
            yield Bench(
                looks.sessions,
                looks.prefect,
                looks.clock,
                looks.memory,
                looks.keys,
                engine,
                writer,
            )
        finally:
            await writer.close()


def update_tools(
    sessions: Callable[[str], SnowflakeSession],
    prefect: PrefectReader,
    engine: Engine,
    timing: UpdateTiming | None = None,
) -> Tools:
    """What updates need: the history in files, and a reader of YAML."""
    history = HistoryFiles()
    return Tools(sessions, prefect, history, read_spec, engine, timing or UpdateTiming())


def image_changes(
    sessions: Callable[[str], RegistrySession],
    engine: Engine,
    updates: Updates,
    project: Callable[[], Project],
) -> ImageChanges:
    """What plans builds, pushes and deployments: with the Docker engine that `docker` would use."""
    tools = ImageTools(DockerEngine(), Checkout(), sessions, engine)
    return ImageChanges(tools, updates, project, read_document)
