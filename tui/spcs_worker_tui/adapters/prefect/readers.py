"""All Prefect APIs behind one `PrefectReader`: the work pool's key says which API to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
from spcs_worker_tui.adapters.prefect.http import PrefectHttp, default_tls
from spcs_worker_tui.adapters.prefect.reader import ApiReader
from spcs_worker_tui.domain.errors import PrefectError
from spcs_worker_tui.domain.prefect import WorkerStarts, WorkPoolKey, WorkPoolSnapshot


class PrefectReaders:
    """A reader per API URL, made when it is first asked for.

    Args:
        credentials: Where to find what is saved for an API.
        now: Our own clock.
    """

    def __init__(
        self,
        credentials: CredentialFinder | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._credentials = credentials or CredentialFinder()
        self._now = now
        self._readers: dict[str, ApiReader] = {}

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        """The pool with its queues, workers, late and running runs.

        Raises:
            PrefectError: One of its kinds; also when the key names no API or no pool.
        """
        if not key.api_url or not key.name:
            missing = "PREFECT_API_URL" if not key.api_url else "work pool"
            raise PrefectError(
                f"The service's spec names no {missing}",
                next_step="Set it in the environment of the service's spec",
            )
        return await (await self._reader(key.api_url)).work_pool(key)

    async def worker_starts(self, api_url: str, since: datetime) -> WorkerStarts:
        """The starts of all workers of that API since then; see the port.

        Raises:
            PrefectError: One of its kinds.
        """
        return await (await self._reader(api_url)).worker_starts(since)

    async def _reader(self, api_url: str) -> ApiReader:
        reader = self._readers.get(api_url)
        if reader is None:
            await asyncio.to_thread(default_tls)
            found = await self._credentials.find_everywhere(api_url)
            # Another task may have made it meanwhile.
            reader = self._readers.setdefault(
                api_url, ApiReader(PrefectHttp(api_url, found, self._now))
            )
        return reader

    async def close(self) -> None:
        """Let go of all connections; never raises."""
        readers, self._readers = self._readers, {}
        await asyncio.gather(*(reader.close() for reader in readers.values()))
