"""Looks at the saved connections: the files first, then every connection beside the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from functools import partial

from spcs_worker_tui.domain import doctor_connections as rules
from spcs_worker_tui.domain.doctor import THIS_MACHINE, Finding
from spcs_worker_tui.domain.doctor_connections import ConnectionsFacts, SavedConnection
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.ports import Identity
from spcs_worker_tui.operations.doctor.examine import Look
from spcs_worker_tui.operations.doctor.session import AccountSession

FILES_SECONDS = 5.0
LOGIN_SECONDS = 35.0
"""A little more than a sign-in may take, so that its own sentence is the one that is read."""

SignedIn = Callable[[AccountSession, Identity], Iterable[Look]]
"""What is looked at once a connection has signed in."""
Saved = Callable[[SavedConnection], Iterable[Look]]
"""What is looked at of a connection without signing in."""


@dataclass(frozen=True, slots=True)
class ConnectionLooks:
    """All that rests on the connections files.

    Attributes:
        read: Reads them; may take a while, and raises nothing.
        session: The session of a saved connection, by its name.
        signed_in: What comes after each sign-in.
        saved: What else is to be looked at of each connection.
    """

    read: Callable[[], ConnectionsFacts]
    session: Callable[[str], AccountSession]
    signed_in: tuple[SignedIn, ...] = ()
    saved: tuple[Saved, ...] = ()

    def look(self) -> Look:
        """Everything, beginning with the files."""
        return Look((rules.FILE,), THIS_MACHINE, self._files, FILES_SECONDS)

    async def _files(self) -> AsyncGenerator[Finding | Look, None]:
        facts = await asyncio.to_thread(self.read)
        for finding in rules.judge_files(facts):
            yield finding
        for connection in facts.connections:
            yield rules.judge_settings(connection)
            if connection.problem:
                continue
            for saved in self.saved:
                for look in saved(connection):
                    yield look
            name = connection.name
            run = partial(self._sign_in, name)
            yield Look((rules.LOGIN,), name, run, LOGIN_SECONDS, connection=name)

    async def _sign_in(self, name: str) -> AsyncGenerator[Finding | Look, None]:
        session = self.session(name)
        try:
            identity = await session.open()
        except FleetError as error:
            yield rules.not_signed_in(name, error)
            return
        yield rules.signed_in(name, identity)
        for signed_in in self.signed_in:
            for look in signed_in(session, identity):
                yield look
