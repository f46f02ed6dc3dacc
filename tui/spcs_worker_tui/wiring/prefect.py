"""Prefect for whoever reads or changes it; httpx is imported when the first pool is asked for."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.prefect.lazy_writer import LazyPrefectWriter

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
    from spcs_worker_tui.domain.ports import CheckPrefect, PrefectWriter
    from spcs_worker_tui.domain.prefect import WorkerStarts, WorkPoolKey, WorkPoolSnapshot


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
