"""All Prefect APIs behind one `PrefectReader`: the work pool's key says which API to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder, Credentials
from spcs_worker_tui.adapters.prefect.http import PrefectHttp, default_tls, needs_tls
from spcs_worker_tui.adapters.prefect.reader import ApiReader
from spcs_worker_tui.domain.errors import PrefectError, PrefectUnauthorizedError

if TYPE_CHECKING:
    from spcs_worker_tui.domain.prefect import WorkerStarts, WorkPoolKey, WorkPoolSnapshot

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _SignedIn:
    """A reader, and what it signs in with."""

    reader: ApiReader
    credentials: Credentials


class PrefectReaders:
    """A reader per API URL, made when it is first asked for.

    When an API refuses the credentials, they are looked for again: somebody may have saved a key,
    or unlocked the keyring, since.

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
        self._readers: dict[str, _SignedIn] = {}
        self._beginning: dict[str, asyncio.Task[_SignedIn]] = {}
        self._replaced: list[ApiReader] = []
        """Others may be in the middle of asking them."""

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
        return await self._ask(key.api_url, lambda reader: reader.work_pool(key))

    async def worker_starts(self, api_url: str, since: datetime) -> WorkerStarts:
        """The starts of all workers of that API since then; see the port.

        Raises:
            PrefectError: One of its kinds.
        """
        return await self._ask(api_url, lambda reader: reader.worker_starts(since))

    async def _ask(
        self, api_url: str, question: Callable[[ApiReader], Awaitable[Answer]]
    ) -> Answer:
        signed_in = self._readers.get(api_url)
        if signed_in is None:
            signed_in = await self._begin(api_url)
        try:
            return await question(signed_in.reader)
        except PrefectUnauthorizedError:
            found = await self._credentials.find_everywhere(api_url)
            if found == signed_in.credentials:
                raise
        if self._readers.get(api_url) is signed_in:
            self._replaced.append(signed_in.reader)
            self._readers[api_url] = self._sign_in(api_url, found)
        return await question(self._readers[api_url].reader)

    async def _begin(self, api_url: str) -> _SignedIn:
        """The first reader of an API, made once, however many ask for it at the same time.

        All of them go on together, and so are asked about together.
        """
        beginning = self._beginning.get(api_url)
        if beginning is None:
            beginning = asyncio.create_task(self._first(api_url))
            self._beginning[api_url] = beginning
        # Whoever gives up does not spoil it for the others.
        return await asyncio.shield(beginning)

    async def _first(self, api_url: str) -> _SignedIn:
        try:
            await asyncio.to_thread(default_tls, needed=needs_tls(api_url))
            made = self._sign_in(api_url, await self._credentials.find_everywhere(api_url))
            self._readers[api_url] = made
        finally:
            del self._beginning[api_url]
        return made

    def _sign_in(self, api_url: str, credentials: Credentials) -> _SignedIn:
        return _SignedIn(ApiReader(PrefectHttp(api_url, credentials, self._now)), credentials)

    async def close(self) -> None:
        """Let go of all connections; never raises."""
        beginnings = list(self._beginning.values())
        for beginning in beginnings:
            beginning.cancel()
        await asyncio.gather(*beginnings, return_exceptions=True)
        readers = [*self._replaced, *(signed_in.reader for signed_in in self._readers.values())]
        self._readers, self._replaced = {}, []
        await asyncio.gather(*(reader.close() for reader in readers))
