"""What the dashboard works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.adapters.spec_memory import SpecFile
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.operations.console import Console, Files
from spcs_worker_tui.operations.doctor import Doctor
from spcs_worker_tui.operations.environment import Environments
from spcs_worker_tui.operations.lifecycle import Lifecycle
from spcs_worker_tui.operations.planner import Planner
from spcs_worker_tui.operations.tail import LogFollower
from spcs_worker_tui.operations.update import Tools, Updates
from spcs_worker_tui.operations.update_plans import UpdatePlans
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.operations.work_pool_changes import WorkPoolChanges
from spcs_worker_tui.wiring.accounts import saved_connections, sessions_of, watched
from spcs_worker_tui.wiring.applying import engine_of
from spcs_worker_tui.wiring.bench import image_changes, update_tools
from spcs_worker_tui.wiring.keys import Keys, open_keys
from spcs_worker_tui.wiring.prefect import LazyPrefect, prefect_writer
from spcs_worker_tui.wiring.project import read_document, read_project, read_variables

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey, ServiceSnapshot

MakeDoctor = Callable[
    [Sequence[str], Callable[[str], ConnectorSession], Tools, Planner, Keys], Doctor
]


async def open_console(
    names: Sequence[str] = (),
    interval: float = 5.0,
    *,
    make_doctor: MakeDoctor,
    read_only: bool = False,
) -> Console:
    """The console of the dashboard, which closes what this opens.

    Args:
        names: Saved connections; without names, all of them.
        interval: Seconds between two looks.
        make_doctor: Makes what looks for what is wrong, with the same sessions.
        read_only: Nothing may be changed.

    Raises:
        ConfigurationError: As `saved_connections`.
    """
    clock = SystemClock()
    chosen = await asyncio.to_thread(saved_connections, names)
    keys = open_keys()
    sessions = sessions_of(chosen, keys.chain)
    pace = Pace(interval=interval)
    prefect = LazyPrefect(keys.prefect)
    memory = SpecFile()
    await asyncio.to_thread(memory.read)
    connections = watched(sessions.values(), compares=True)
    watcher = FleetWatcher(connections, prefect, Judge(), clock, pace, memory)

    def service(key: ServiceKey) -> ServiceSnapshot | None:
        return watcher.snapshot.service(key)

    follower = LogFollower(sessions.__getitem__, service, clock)
    engine = engine_of(clock, sessions.__getitem__, read_only=read_only)
    writer = prefect_writer(keys.prefect)
    lifecycle = Lifecycle(sessions.__getitem__, lambda: watcher.snapshot, engine, writer)
    pools = WorkPoolChanges(lambda: watcher.snapshot, engine, prefect, writer)
    tools = update_tools(sessions.__getitem__, prefect, engine)
    updates = UpdatePlans(tools, read_document)
    environments = Environments(tools, lifecycle.restart)
    images = image_changes(sessions.__getitem__, engine, Updates(tools), read_project)
    planner = Planner(lifecycle, pools, updates, environments, images.change)
    files = Files(read_project, read_variables)
    doctor = make_doctor(tuple(sessions), sessions.__getitem__, tools, planner, keys)
    return Console(watcher, follower, planner, keys.desk, engine, files, doctor)
