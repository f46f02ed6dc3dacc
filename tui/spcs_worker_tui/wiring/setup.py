"""Hands a session of its own, Prefect, the Docker engine and a folder to the set-up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.docker.engine import DockerEngine
from spcs_worker_tui.adapters.project_folder import TemplateFolder
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.adapters.source_tree import Checkout
from spcs_worker_tui.adapters.template import sql_files
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.build_tools import ImageTools
from spcs_worker_tui.operations.setup import Setup, SetupTools, Teardown
from spcs_worker_tui.wiring.accounts import saved_connections
from spcs_worker_tui.wiring.applying import audit_log, read_only_by
from spcs_worker_tui.wiring.bench import update_tools
from spcs_worker_tui.wiring.keys import Ask, open_keys
from spcs_worker_tui.wiring.prefect import LazyPrefect, prefect_writer

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.connections import ConnectionSettings
    from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
    from spcs_worker_tui.domain.key_ports import KeySource
    from spcs_worker_tui.operations.update import UpdateTiming


@dataclass(frozen=True, slots=True)
class SetupBench:
    """What setting up one saved connection needs, and what does it.

    Attributes:
        session: Its own: set-up takes roles on in it. Reads the account, too (`AccountReader`).
        setup: Looks, and plans.
        teardown: Plans the way back.
        tools: What both stand on.
    """

    session: ConnectorSession
    setup: Setup
    teardown: Teardown
    credentials: CredentialFinder
    tools: SetupTools

    async def close(self) -> None:
        """End what was opened; never raises."""
        await self.session.close()
        await self.tools.prefect.close()

    async def key(self, api_url: str) -> tuple[str, Secret | None]:
        """What is kept for a Prefect API: as which variable a worker takes it, and the value.

        Both are empty where nothing is kept.
        """
        found = await self.credentials.find_everywhere(api_url)
        if found.auth_string:
            return "PREFECT_API_AUTH_STRING", Secret(found.auth_string)
        if found.api_key:
            return "PREFECT_API_KEY", Secret(found.api_key)
        return "", None


@asynccontextmanager
async def open_setup(
    connection: str,
    *,
    read_only: bool = False,
    ask: Ask | None = None,
    timing: UpdateTiming | None = None,
) -> AsyncIterator[SetupBench]:
    """What sets that saved connection up, closed at the end.

    Args:
        connection: Its name.
        read_only: Nothing may be changed.
        ask: As `wiring.open_bench`.
        timing: How patient to be with the service.

    Raises:
        ConfigurationError: There is no such connection.
    """
    (settings,) = await asyncio.to_thread(saved_connections, [connection])
    keys = open_keys()
    await keys.ask_for_missing([settings], ask)
    bench = setup_bench(settings, keys.chain, keys.prefect, read_only=read_only, timing=timing)
    try:
        yield bench
    finally:
        await bench.close()


def setup_bench(
    settings: ConnectionSettings,
    keys: KeySource,
    credentials: CredentialFinder,
    *,
    read_only: bool = False,
    timing: UpdateTiming | None = None,
) -> SetupBench:
    """The same for somebody who has keys already, and closes the session."""
    session = ConnectorSession(settings, keys)
    prefect, writer = LazyPrefect(credentials), prefect_writer(credentials)
    sessions = {settings.name: session}
    engine = Engine(
        SystemClock(),
        audit_log(),
        sessions.__getitem__,
        read_only_by(os.environ, everything=read_only),
    )
    tools = SetupTools(
        session=session,
        prefect=prefect,
        writer=writer,
        engine=engine,
        images=ImageTools(DockerEngine(), Checkout(), sessions.__getitem__, engine),
        updates=update_tools(sessions.__getitem__, prefect, engine, timing),
        folder=TemplateFolder(),
        scripts=sql_files,
    )
    return SetupBench(session, Setup(tools), Teardown(tools), credentials, tools)
