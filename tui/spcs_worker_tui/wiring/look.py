"""What a command that only looks needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.spec_memory import SpecFile
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.operations.watch.once import look
from spcs_worker_tui.wiring.accounts import saved_connections, sessions_of, watched
from spcs_worker_tui.wiring.keys import Ask, Keys, open_keys
from spcs_worker_tui.wiring.prefect import LazyPrefect

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.memory import SpecMemory
    from spcs_worker_tui.domain.ports import CheckPrefect, Clock, SnowflakeSession
    from spcs_worker_tui.domain.verdict import JudgedFleet


@dataclass(frozen=True, slots=True)
class Looks:
    """Sessions with Snowflake, Prefect, and looks at what both say."""

    sessions: Sequence[ConnectorSession]
    prefect: CheckPrefect
    clock: Clock
    memory: SpecMemory
    keys: Keys

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
            cast("Sequence[SnowflakeSession]", watched(self.sessions, compares=images)),
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


@asynccontextmanager
async def open_looks(
    names: Sequence[str] = (), *, snowflake: bool = True, ask: Ask | None = None
) -> AsyncIterator[Looks]:
    """Adapters for one command, closed at the end.

    Args:
        names: Saved connections; without names, all of them.
        snowflake: Whether it has to do with Snowflake at all.
        ask: Has a person type the password, or the like, that a connection lacks and that is
            nowhere kept; None where nobody is there.

    Raises:
        ConfigurationError: As `saved_connections`.
    """
    saved = saved_connections(names) if snowflake else ()
    keys = open_keys()
    await keys.ask_for_missing(saved, ask)
    sessions = tuple(sessions_of(saved, keys.chain).values())
    prefect, memory = LazyPrefect(keys.prefect), SpecFile()
    try:
        yield Looks(sessions, prefect, SystemClock(), memory, keys)
    finally:
        memory.save()
        await asyncio.gather(prefect.close(), *(s.close() for s in sessions))
