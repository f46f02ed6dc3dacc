"""Builds adapters and hands them to operations.

What is slow to import, the connector and httpx, is imported by the adapters when they are first
used, and not by importing this module.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from spcs_worker_tui.adapters.applied import AppliedSpecs
from spcs_worker_tui.adapters.audit import AuditFile
from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.connections import ConnectionSettings, read_connections
from spcs_worker_tui.adapters.docker.engine import DockerEngine
from spcs_worker_tui.adapters.history import HistoryFiles
from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
from spcs_worker_tui.adapters.prefect.lazy_writer import LazyPrefectWriter
from spcs_worker_tui.adapters.settings_file import find_settings, read_settings
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.adapters.source_tree import Checkout
from spcs_worker_tui.adapters.spec_memory import SpecFile
from spcs_worker_tui.domain.building import RegistrySession
from spcs_worker_tui.domain.dotenv import DotenvEntry
from spcs_worker_tui.domain.errors import ConfigurationError, NothingSavedError
from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey, ServiceSnapshot
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.key_ports import KeySource
from spcs_worker_tui.domain.ports import (
    AuditLog,
    CheckPrefect,
    Clock,
    PrefectReader,
    PrefectWriter,
    SnowflakeSession,
    SpecMemory,
)
from spcs_worker_tui.domain.prefect import WorkerStarts, WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.settings import FILE_NAME, Project
from spcs_worker_tui.domain.spec_document import SpecDocument, written_document
from spcs_worker_tui.domain.spec_source import Node
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.build_tools import ImageTools
from spcs_worker_tui.operations.build_wishes import ImageChanges
from spcs_worker_tui.operations.console import Console, Files
from spcs_worker_tui.operations.doctor import Doctor
from spcs_worker_tui.operations.environment import Environments
from spcs_worker_tui.operations.lifecycle import Lifecycle
from spcs_worker_tui.operations.planner import Planner
from spcs_worker_tui.operations.rollback import Rollbacks
from spcs_worker_tui.operations.tail import LogFollower
from spcs_worker_tui.operations.update import Tools, Updates, UpdateTiming
from spcs_worker_tui.operations.update_plans import UpdatePlans
from spcs_worker_tui.operations.watch.once import look
from spcs_worker_tui.operations.watch.pace import Pace
from spcs_worker_tui.operations.watch.supplied import ProjectSpecs, SuppliedSession
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.operations.work_pool_changes import WorkPoolChanges
from spcs_worker_tui.wiring_keys import Ask, Keys, open_keys

MakeDoctor = Callable[
    [Sequence[str], Callable[[str], ConnectorSession], Tools, Planner, Keys], Doctor
]
READ_ONLY = "SPCS_WORKER_TUI_READ_ONLY"
"""Set to 1, nothing is changed; set to names of connections, nothing through those."""


class LazyPrefect:
    """Implements the port `CheckPrefect`; httpx is imported when the first pool is asked for.

    Args:
        credentials: Where to find what is saved for an API.
    """

    def __init__(self, credentials: CredentialFinder) -> None:
        self._credentials = credentials
        self._readers: CheckPrefect | None = None
        self._loading = asyncio.Lock()

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        """The pool with its queues, workers and runs; see the port."""
        return await (await self._loaded()).work_pool(key)

    async def worker_starts(self, api_url: str, since: datetime) -> WorkerStarts:
        """The starts of all workers of that API since then; see the port."""
        return await (await self._loaded()).worker_starts(api_url, since)

    async def _loaded(self) -> CheckPrefect:
        async with self._loading:
            if self._readers is None:
                self._readers = await asyncio.to_thread(_prefect_readers, self._credentials)
        return self._readers

    async def close(self) -> None:
        """Let go of the connections; never raises."""
        if self._readers is not None:
            await self._readers.close()


def _prefect_readers(credentials: CredentialFinder) -> CheckPrefect:
    from spcs_worker_tui.adapters.prefect.readers import PrefectReaders  # noqa: PLC0415

    return PrefectReaders(credentials)


def prefect_writer(credentials: CredentialFinder) -> PrefectWriter:
    """What changes something in Prefect; its client is imported when that happens first."""
    return LazyPrefectWriter(credentials.find_everywhere)


def saved_connections(names: Sequence[str] = ()) -> tuple[ConnectionSettings, ...]:
    """The saved connections of these names; without names, all of them.

    Raises:
        ConfigurationError: A file is wrong, a name is unknown, or nothing is saved at all.
    """
    saved = read_connections()
    chosen = saved.select(names)
    if not chosen:
        raise NothingSavedError(
            f"there is no saved Snowflake connection in {saved.directory}",
            next_step="`spcs-worker-tui setup` makes one and sets a worker up; --sandbox is for "
            "looking around.",
        )
    return chosen


def _sessions(
    saved: Sequence[ConnectionSettings], keys: KeySource
) -> Mapping[str, ConnectorSession]:
    """A session for each, which knows what was applied from here."""
    applied = AppliedSpecs(HistoryFiles()).digests
    return {settings.name: ConnectorSession(settings, keys, applied) for settings in saved}


def _watched(sessions: Iterable[ConnectorSession]) -> tuple[SuppliedSession, ...]:
    """The sessions, helped out by the project's settings where their roles see no spec."""
    spec_of = ProjectSpecs(_project_here, read_document).spec_of
    return tuple(SuppliedSession(session, spec_of) for session in sessions)


def _project_here() -> Project | None:
    found = find_settings(Path.cwd())
    return read_settings(found) if found else None


@dataclass(frozen=True, slots=True)
class Bench:
    """What a command needs: sessions, and the operations that it uses."""

    sessions: Sequence[ConnectorSession]
    prefect: CheckPrefect
    clock: Clock
    engine: Engine
    prefect_writer: PrefectWriter
    memory: SpecMemory

    async def look(
        self,
        wanted: Callable[[ServiceKey], bool] | None,
        seconds: float,
        judge: Judge | None = None,
        *,
        images: bool = False,
    ) -> JudgedFleet:
        """One look; see `operations.watch.once`."""
        return await look(
            # What a look asks for, they have.
            cast("Sequence[SnowflakeSession]", _watched(self.sessions)),
            self.prefect,
            judge or Judge(),
            self.clock,
            self.memory,
            seconds=seconds,
            wanted=wanted,
            images=images,
        )

    def session(self, connection: str) -> ConnectorSession:
        """The session of that connection, which must be one of these."""
        return next(session for session in self.sessions if session.name == connection)

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
    """Adapters for one command, closed at the end.

    Args:
        names: Saved connections; without names, all of them.
        read_only: Nothing may be changed.
        snowflake: Whether it has to do with Snowflake at all.
        ask: Has a person type the password, or the like, that a connection lacks and that is
            nowhere kept; None where nobody is there.

    Raises:
        ConfigurationError: As `saved_connections`.
    """
    saved = saved_connections(names) if snowflake else ()
    keys = open_keys()
    await keys.ask_for_missing(saved, ask)
    sessions = _sessions(saved, keys.chain)
    prefect, clock, memory = LazyPrefect(keys.prefect), SystemClock(), SpecFile()
    engine = _engine(clock, sessions.__getitem__, read_only=read_only)
    try:
        writer = prefect_writer(keys.prefect)
        yield Bench(tuple(sessions.values()), prefect, clock, engine, writer, memory)
    finally:
        memory.save()
        await asyncio.gather(prefect.close(), *(s.close() for s in sessions.values()))


def update_tools(
    sessions: Callable[[str], SnowflakeSession],
    prefect: PrefectReader,
    engine: Engine,
    timing: UpdateTiming | None = None,
) -> Tools:
    """What updates need: the history in files, and a reader of YAML."""
    history = HistoryFiles()
    return Tools(sessions, prefect, history, _read_spec, engine, timing or UpdateTiming())


def image_changes(
    sessions: Callable[[str], RegistrySession],
    engine: Engine,
    updates: Updates,
    project: Callable[[], Project],
) -> ImageChanges:
    """What plans builds, pushes and deployments: with the Docker engine that `docker` would use."""
    tools = ImageTools(DockerEngine(), Checkout(), sessions, engine)
    return ImageChanges(tools, updates, project, read_document)


def _read_spec(text: str) -> Node:
    from spcs_worker_tui.adapters.spec_yaml import read_spec  # noqa: PLC0415 - ruamel is slow

    return read_spec(text)


def read_project(path: Path | None = None) -> Project:
    """The project's settings, from that file or the nearest one upwards of where we are.

    Raises:
        ConfigurationError: There is none, or something in it is wrong.
    """
    found = path or find_settings(Path.cwd())
    if found is None:
        raise ConfigurationError(
            f"there is no {FILE_NAME} here or in a folder above",
            next_step="Write one (`spcs-worker-tui project keys`), or name a service instead.",
        )
    return read_settings(found)


def read_document(path: Path) -> SpecDocument:
    """A specification file, checked.

    Raises:
        ConfigurationError: It cannot be read, or something in it is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(
            f"the specification {path} cannot be read: {why}",
            next_step="Name it with --spec, or with spec in the settings.",
        ) from error
    try:
        node = _read_spec(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}, {error}", next_step=error.next_step) from error
    return written_document(node, str(path))


def read_variables(text: str, source: str) -> tuple[DotenvEntry, ...]:
    """KEY=VALUE lines; see `adapters.dotenv_lines`.

    Raises:
        ConfigurationError: They are wrong; it says all that is.
    """
    from spcs_worker_tui.adapters.dotenv_lines import read_lines  # noqa: PLC0415 - seldom

    return read_lines(text, source)


def audit_log() -> AuditLog:
    """Where every applied step is written down."""
    return AuditFile()


def _engine(
    clock: Clock, sessions: Callable[[str], SnowflakeSession], *, read_only: bool
) -> Engine:
    return Engine(clock, audit_log(), sessions, read_only_by(os.environ, everything=read_only))


def read_only_by(environ: Mapping[str, str], *, everything: bool = False) -> ReadOnly:
    """What may not be changed.

    Args:
        environ: `SPCS_WORKER_TUI_READ_ONLY` in it is `1` for everything, or names connections,
            separated by commas.
        everything: Nothing may be.
    """
    said = [word.strip() for word in environ.get(READ_ONLY, "").split(",")]
    everything = everything or any(word.casefold() in ("1", "true", "yes", "on") for word in said)
    return ReadOnly(everything, frozenset(filter(None, said)))


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
    sessions = _sessions(chosen, keys.chain)
    pace = Pace(interval=interval)
    prefect = LazyPrefect(keys.prefect)
    watcher = FleetWatcher(_watched(sessions.values()), prefect, Judge(), clock, pace)

    def service(key: ServiceKey) -> ServiceSnapshot | None:
        return watcher.snapshot.service(key)

    follower = LogFollower(sessions.__getitem__, service, clock)
    engine = _engine(clock, sessions.__getitem__, read_only=read_only)
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
