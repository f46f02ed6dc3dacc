"""The writer, imported when something is changed first: it costs more than a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.prefect.quiet_import import import_writer

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.credentials import Credentials
    from spcs_worker_tui.domain.ports import PrefectWriter
    from spcs_worker_tui.domain.prefect import ActiveRun, PauseState, WorkPoolKey, WorkQueueKey


class LazyPrefectWriter:
    """Implements the port `PrefectWriter`.

    Args:
        credentials: What to sign in with at an API.
    """

    def __init__(self, credentials: Callable[[str], Awaitable[Credentials]]) -> None:
        self._credentials = credentials
        self._writer: PrefectWriter | None = None
        self._loading = asyncio.Lock()

    async def _load(self) -> PrefectWriter:
        async with self._loading:
            if self._writer is None:
                module = await asyncio.to_thread(import_writer)
                self._writer = module.PrefectClients(self._credentials)
            return self._writer

    async def pause_state(self, key: WorkQueueKey) -> PauseState:
        """See the port."""
        return await (await self._load()).pause_state(key)

    async def set_paused(
        self, key: WorkQueueKey, *, paused: bool, description: str | None = None
    ) -> None:
        """See the port."""
        await (await self._load()).set_paused(key, paused=paused, description=description)

    async def set_concurrency_limit(self, key: WorkQueueKey, limit: int | None) -> None:
        """See the port."""
        await (await self._load()).set_concurrency_limit(key, limit)

    async def create_work_pool(self, key: WorkPoolKey, limit: int | None = None) -> None:
        """See the port."""
        await (await self._load()).create_work_pool(key, limit)

    async def delete_worker(self, key: WorkPoolKey, worker_name: str) -> None:
        """See the port."""
        await (await self._load()).delete_worker(key, worker_name)

    async def active_runs(self, key: WorkPoolKey) -> tuple[ActiveRun, ...]:
        """See the port."""
        return await (await self._load()).active_runs(key)

    async def now(self, key: WorkPoolKey) -> datetime:
        """See the port."""
        return await (await self._load()).now(key)

    async def create_run(
        self, key: WorkPoolKey, *, flow: str, entrypoint: str, queue: str = ""
    ) -> ActiveRun:
        """See the port."""
        writer = await self._load()
        return await writer.create_run(key, flow=flow, entrypoint=entrypoint, queue=queue)

    async def run(self, key: WorkPoolKey, run_id: str) -> ActiveRun:
        """See the port."""
        return await (await self._load()).run(key, run_id)

    async def close(self) -> None:
        """See the port."""
        if self._writer is not None:
            await self._writer.close()
