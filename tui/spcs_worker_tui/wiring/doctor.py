"""Hands adapters to `doctor`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.connection_facts import connection_facts, make_private
from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.fleet import FleetSnapshot
from spcs_worker_tui.domain.rendering import rendered
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.doctor import ConnectionLooks, Doctor, Look
from spcs_worker_tui.operations.doctor.account import AccountLooks, Target
from spcs_worker_tui.operations.doctor.fixes import Fixes
from spcs_worker_tui.operations.environment import Environments
from spcs_worker_tui.operations.lifecycle import Lifecycle
from spcs_worker_tui.operations.planner import Planner
from spcs_worker_tui.operations.update_plans import UpdatePlans
from spcs_worker_tui.operations.work_pool_changes import WorkPoolChanges
from spcs_worker_tui.wiring.applying import audit_log, read_only_by
from spcs_worker_tui.wiring.bench import update_tools
from spcs_worker_tui.wiring.doctor_checks import machine_looks, prefect_looks, saved_looks
from spcs_worker_tui.wiring.keys import Keys, open_keys
from spcs_worker_tui.wiring.prefect import LazyPrefect, prefect_writer
from spcs_worker_tui.wiring.project import read_document, read_project

if TYPE_CHECKING:
    from spcs_worker_tui.domain.doctor_images import ImageInspector
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.domain.spec_document import SpecDocument
    from spcs_worker_tui.operations.doctor.session import AccountSession
    from spcs_worker_tui.operations.keys import Keychain
    from spcs_worker_tui.operations.update import Tools


class _Sessions:
    """The session of each saved connection, made when it is first asked for."""

    def __init__(self, keys: Keychain) -> None:
        self._keys = keys
        self._sessions: dict[str, ConnectorSession] = {}

    def __call__(self, name: str) -> ConnectorSession:
        if name not in self._sessions:
            (settings,) = read_connections().select([name])
            self._sessions[name] = ConnectorSession(settings, self._keys)
        return self._sessions[name]

    async def close(self) -> None:
        """End all; they stay good for another examination."""
        await asyncio.gather(*(session.close() for session in self._sessions.values()))


class _Registry:
    """Imports what reads registries when the first image is looked at."""

    def __init__(self, password: Callable[[], Awaitable[Secret]]) -> None:
        self._password = password

    async def platforms(self, url: str, image: str, reference: str) -> Sequence[str]:
        """See the port `ImageInspector`."""
        return await (await asyncio.to_thread(self._reader)).platforms(url, image, reference)

    def _reader(self) -> ImageInspector:
        from spcs_worker_tui.adapters.snowflake.manifests import (  # noqa: PLC0415 - httpx is slow
            RegistryReader,
        )

        return RegistryReader(self._password)


def _inspect(session: AccountSession) -> ImageInspector:
    return _Registry(session.registry_password)


@asynccontextmanager
async def open_doctor(
    names: Sequence[str] = (), *, environment: str = "", read_only: bool = False
) -> AsyncIterator[Doctor]:
    """A doctor and all that it uses, closed at the end.

    Args:
        names: Saved connections to look at; without names, all of them.
        environment: Of the project: only what it needs is looked at.
        read_only: Nothing may be mended.

    Raises:
        ConfigurationError: There is no such environment, or its settings cannot be read.
    """
    target = None
    if environment:
        target = _target(await asyncio.to_thread(read_project), environment)
        names = (target.environment.connection,)
    keys = open_keys()
    sessions = _Sessions(keys.chain)
    may_not = read_only_by(os.environ, everything=read_only)
    engine = Engine(SystemClock(), audit_log(), sessions, may_not)
    prefect = LazyPrefect(keys.prefect)
    tools = update_tools(sessions, prefect, engine)
    doctor = make_doctor(names, sessions, tools, _planner(tools, keys), keys, target)
    try:
        yield doctor
    finally:
        await asyncio.gather(prefect.close(), sessions.close())


def make_doctor(
    names: Sequence[str],
    sessions: Callable[[str], AccountSession],
    tools: Tools,
    planner: Planner,
    keys: Keys,
    target: Target | None = None,
) -> Doctor:
    """A doctor that uses what somebody else has opened, and closes.

    Args:
        names: Saved connections to look at; without names, all of them.
        sessions: The session of each of them, by its name.
        tools: What updates need, with the engine that applies the plans.
        planner: Plans what the rest of the program knows how to do.
        keys: Where to find what is saved for a Prefect API.
        target: Look at this environment only.
    """
    machine, saved = machine_looks(), saved_looks()
    fixes = Fixes(tools, sessions, planner.change, make_private)

    def looks() -> Sequence[Look]:
        served = prefect_looks(tools.prefect, keys.prefect)
        clock = tools.engine.clock
        accounts = AccountLooks(tools.read_spec, _inspect, clock, target, (served,))
        facts = partial(connection_facts, names)
        connections = ConnectionLooks(facts, sessions, signed_in=(accounts,), saved=(saved,))
        return [connections.look(), *machine.looks()]

    return Doctor(looks, fixes.change)


def _target(project: Project, name: str) -> Target:
    environment = project.environment(name)

    def document() -> SpecDocument:
        written = read_document(Path(project.beside(environment.spec)))
        document = rendered(environment, written)
        # Which tag a build makes of a pattern is not known here.
        tag = "" if "{" in environment.tag else environment.tag
        image = environment.image_path(tag).removesuffix(":")
        return document.with_image(image, document.container(environment.container))

    return Target(environment, document)


def _planner(tools: Tools, keys: Keys) -> Planner:
    """Plans what needs no picture of the fleet."""

    def fleet() -> FleetSnapshot:
        return FleetSnapshot(tools.engine.clock.now())

    writer = prefect_writer(keys.prefect)
    lifecycle = Lifecycle(tools.sessions, fleet, tools.engine, writer)
    return Planner(
        lifecycle,
        WorkPoolChanges(fleet, tools.engine, tools.prefect, writer),
        UpdatePlans(tools, read_document),
        Environments(tools, lifecycle.restart),
    )
