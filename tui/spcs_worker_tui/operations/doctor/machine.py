"""Looks at this machine, and at what can be seen of a connection without signing in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from spcs_worker_tui.domain import doctor_machine as rules
from spcs_worker_tui.domain.doctor import THIS_MACHINE, Finding
from spcs_worker_tui.domain.doctor_clock import CLOCK, judge_clock
from spcs_worker_tui.domain.errors import ConfigurationError, EngineError, KeyringError
from spcs_worker_tui.operations.doctor.examine import Look

if TYPE_CHECKING:
    from spcs_worker_tui.domain.doctor_connections import SavedConnection
    from spcs_worker_tui.domain.key_ports import KeyStore

Results = AsyncGenerator[Finding | Look, None]

_DOCKER_SECONDS = 15.0
_KEYRING_SECONDS = 12.0
_TERMINAL_SECONDS = 5.0
_KEY_PAIR = "snowflake_jwt"


@dataclass(frozen=True, slots=True)
class MachineLooks:
    """Docker, keyring and terminal.

    Attributes:
        engine: Asks the Docker engine; raises `EngineError` or `ConfigurationError`.
        terminal: What this program is run at.
    """

    engine: Callable[[], Awaitable[rules.EngineFacts]]
    keyring: KeyStore
    terminal: Callable[[], rules.TerminalFacts]

    def looks(self) -> Sequence[Look]:
        """All of them."""
        return (
            Look(rules.DOCKER_CHECKS[:1], THIS_MACHINE, self._docker, _DOCKER_SECONDS),
            Look((rules.KEYRING,), THIS_MACHINE, self._keyring, _KEYRING_SECONDS),
            Look(rules.TERMINAL_CHECKS[:1], THIS_MACHINE, self._terminal, _TERMINAL_SECONDS),
        )

    async def _docker(self) -> Results:
        try:
            facts: rules.EngineFacts | EngineError | ConfigurationError = await self.engine()
        except (EngineError, ConfigurationError) as error:
            facts = error
        for finding in rules.judge_engine(facts):
            yield finding

    async def _keyring(self) -> Results:
        self.keyring.retry()
        kept = len(await self.keyring.names())
        try:
            keyring: str | KeyringError = await self.keyring.describe()
        except KeyringError as error:
            keyring = error
        yield rules.judge_keyring(keyring, kept)

    async def _terminal(self) -> Results:
        for finding in rules.judge_terminal(self.terminal()):
            yield finding


@dataclass(frozen=True, slots=True)
class SavedLooks:
    """What is looked at of each saved connection; implements `Saved`.

    Attributes:
        key_file: Looks at a private key's file, of a connection and by its path.
        skew: The clock of the server that a connection leads to, minus ours; raises
            `SnowflakeUnreachableError`.
    """

    key_file: Callable[[str, str], rules.KeyFileFacts]
    skew: Callable[[str], Awaitable[timedelta]]

    def __call__(self, connection: SavedConnection) -> Iterator[Look]:
        """Its key file, and its server's clock."""
        name = connection.name
        if connection.private_key_file:
            run = partial(self._key_file, connection)
            yield Look((rules.KEY_FILE,), name, run, connection=name)
        yield Look((CLOCK,), name, partial(self._clock, connection), connection=name)

    async def _key_file(self, connection: SavedConnection) -> Results:
        path = connection.private_key_file
        yield rules.judge_key_file(await asyncio.to_thread(self.key_file, connection.name, path))

    async def _clock(self, connection: SavedConnection) -> Results:
        skew = await self.skew(connection.name)
        key_pair = connection.authenticator == _KEY_PAIR
        name = connection.name
        yield judge_clock(name, "Snowflake", skew, uses_key_pair=key_pair, connection=name)
