"""Reads the worker's own row back from Prefect: the only proof that Prefect knows it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectException

from spcs_worker.draining import DrainingWorker
from spcs_worker.health import Health
from spcs_worker.log import logger
from spcs_worker.settings import WorkerSettings

TIMEOUT_SECONDS = 10.0
FIRST_LOOKS_SECONDS = 0.5
_PAGE = 200


class HeartbeatWatch:
    """Keeps `Health.heartbeat_at` true.

    Whether the heartbeat moved is told by comparing it with the one seen before, never with this
    machine's clock, which may differ from the server's.
    """

    def __init__(
        self,
        client: PrefectClient,
        worker: DrainingWorker,
        health: Health,
        settings: WorkerSettings,
    ) -> None:
        self._client = client
        self._worker = worker
        self._health = health
        self._settings = settings
        self._seen: datetime | None = None
        health.poll_age = self._poll_age

    def _poll_age(self) -> float:
        return (datetime.now(UTC) - self._worker.last_polled).total_seconds()

    async def note_previous_life(self) -> None:
        """Remember the row that an earlier process of this name left behind (created once)."""
        try:
            self._seen = await self._own_heartbeat()
        except (httpx.HTTPError, PrefectException, TimeoutError) as error:
            # It only delays the confirmation to the second heartbeat.
            logger.debug("no earlier heartbeat could be read: %s", error)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            confirmed = self._health.heartbeat_at is not None
            await asyncio.sleep(
                self._settings.heartbeat_seconds if confirmed else FIRST_LOOKS_SECONDS
            )
            try:
                heartbeat = await self._own_heartbeat()
            except (httpx.HTTPError, PrefectException, TimeoutError) as error:
                logger.debug("the own heartbeat could not be read: %s", error)
                continue
            if heartbeat is None or heartbeat == self._seen:
                continue
            self._seen = heartbeat
            self._health.heartbeat_at = self._health.clock()
            if not confirmed:
                logger.info("Prefect has the heartbeat of worker '%s': ready", self._worker.name)

    async def _own_heartbeat(self) -> datetime | None:
        offset = 0
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while True:
                # Newest heartbeat first, and no filter by name (prefect-contract 2.3).
                rows = await self._client.read_workers_for_work_pool(
                    self._settings.work_pool, offset=offset, limit=_PAGE
                )
                for row in rows:
                    if row.name == self._worker.name:
                        return row.last_heartbeat_time
                if len(rows) < _PAGE:
                    return None
                offset += _PAGE
