"""Hands adapters to `doctor`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.connection_facts import connection_facts, make_private
from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.settings import Environment
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.doctor import ConnectionLooks, Doctor, Look
from spcs_worker_tui.operations.doctor.fixes import Fixes
from spcs_worker_tui.operations.keys import Keychain
from spcs_worker_tui.wiring import audit_log, read_only_by, read_project
from spcs_worker_tui.wiring_keys import open_keys


class _Sessions:
    """The session of each saved connection, made when it is first asked for.

    The files may be mended between two examinations, so a session that never signed in is made
    anew from what they say then.
    """

    def __init__(self, keys: Keychain) -> None:
        self._keys = keys
        self._sessions: dict[str, ConnectorSession] = {}

    def __call__(self, name: str) -> ConnectorSession:
        if name not in self._sessions:
            (settings,) = read_connections().select([name])
            self._sessions[name] = ConnectorSession(settings, self._keys)
        return self._sessions[name]

    async def forget(self) -> None:
        """Close all; the next that is asked for is a new one."""
        sessions, self._sessions = self._sessions, {}
        await asyncio.gather(*(session.close() for session in sessions.values()))


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
    wanted: Environment | None = None
    if environment:
        wanted = (await asyncio.to_thread(read_project)).environment(environment)
        names = names or (wanted.connection,)
    keys, clock = open_keys(), SystemClock()
    sessions = _Sessions(keys.chain)
    may_not = read_only_by(os.environ, everything=read_only)
    engine = Engine(clock, audit_log(), sessions, may_not)
    connections = ConnectionLooks(partial(connection_facts, names), sessions)

    def looks() -> Sequence[Look]:
        return [connections.look()]

    try:
        yield Doctor(looks, Fixes(engine, make_private).change)
    finally:
        await sessions.forget()
