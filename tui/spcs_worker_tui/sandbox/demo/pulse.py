"""Heartbeats of workers that are only played: Prefect takes them for the real thing."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import httpx

from spcs_worker_tui.sandbox.prefect.seed import Seeder

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Service

_logger = logging.getLogger(__name__)
_PLAYED = "sim-"
_TURN_SECONDS = 1.0
_PREFECT_DEFAULT_SECONDS = 30
_EVENTS_AT_ONCE = 100
_NO_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat to send."""

    work_pool: str
    worker: str
    interval_seconds: int
    started: datetime | None = None
    """When its container started: another time is another life."""

    @property
    def row(self) -> tuple[str, str]:
        """What tells it from others: the same name may be used in several work pools."""
        return self.work_pool, self.worker


class Pulse:
    """Beats for every READY container whose image is a script, by the variables of its spec."""

    def __init__(
        self,
        api_url: str,
        accounts: Sequence[Account],
        is_silent: Callable[[Service], bool] = lambda _service: False,
    ) -> None:
        self._is_silent = is_silent
        self._seeder = Seeder(api_url)
        self._accounts = accounts
        self._due: dict[tuple[str, str], float] = {}
        self._lives: dict[tuple[str, str], datetime | None] = {}
        self._pool_ids: dict[str, str] = {}

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        async with self._seeder:
            while True:
                now = loop.time()
                born = []
                for beat in played_workers(self._accounts, self._is_silent):
                    is_new = self._lives.get(beat.row) != beat.started
                    if is_new or self._due.get(beat.row, 0.0) <= now:
                        self._due[beat.row] = now + beat.interval_seconds
                        if await self._send(beat) and is_new:
                            self._lives[beat.row] = beat.started
                            born.append(await self._started(beat))
                    if len(born) == _EVENTS_AT_ONCE:
                        await self._tell(born)
                        born = []
                await self._tell(born)
                await asyncio.sleep(_TURN_SECONDS)

    async def _send(self, beat: Beat) -> bool:
        body = {"name": beat.worker, "heartbeat_interval_seconds": beat.interval_seconds}
        path = f"/work_pools/{beat.work_pool}/workers/heartbeat"
        try:
            await self._seeder.request("POST", path, body)
        except httpx.HTTPError as error:
            # As with a real worker: this one is lost, the next may get through.
            _logger.debug("no heartbeat of %s: %s", beat.worker, error)
            return False
        return True

    async def _started(self, beat: Beat) -> Mapping[str, object]:
        if beat.work_pool not in self._pool_ids:
            answer = await self._seeder.request("GET", f"/work_pools/{beat.work_pool}")
            self._pool_ids[beat.work_pool] = str(answer.json()["id"])
        return started_event(beat, self._pool_ids[beat.work_pool], datetime.now(UTC))

    async def _tell(self, events: Sequence[Mapping[str, object]]) -> None:
        if not events:
            return
        try:
            await self._seeder.request("POST", "/events", events)
        except httpx.HTTPError as error:
            _logger.debug("no events: %s", error)


def started_event(beat: Beat, pool_id: str, occurred: datetime) -> Mapping[str, object]:
    """What a worker says of itself when it starts (prefect-contract 2.9)."""
    slug = _NO_SLUG.sub("-", beat.worker.lower()).strip("-")
    return {
        "id": str(uuid.uuid4()),
        "occurred": occurred.isoformat(),
        "event": "prefect.worker.started",
        "resource": {
            "prefect.resource.id": f"prefect.worker.process.{slug}",
            "prefect.resource.name": beat.worker,
            "prefect.version": version("prefect"),
            "prefect.worker-type": "process",
        },
        "related": [
            {
                "prefect.resource.id": f"prefect.work-pool.{pool_id}",
                "prefect.resource.role": "work-pool",
                "prefect.resource.name": beat.work_pool,
            }
        ],
        "payload": {},
    }


def played_workers(
    accounts: Sequence[Account], is_silent: Callable[[Service], bool] = lambda _service: False
) -> Iterator[Beat]:
    """The workers that beat now, under the names that real ones would have."""
    for account in accounts:
        played = _played_images(account)
        for service in [one for one in account.services.values() if not is_silent(one)]:
            yield from _of_service(service, played)


def _of_service(service: Service, played: set[str]) -> Iterator[Beat]:
    for container in service.spec["spec"]["containers"]:
        env = {str(key): str(value) for key, value in (container.get("env") or {}).items()}
        pool = env.get("PREFECT_WORK_POOL")
        if not pool or service.digests.get(container["name"]) not in played:
            continue
        seconds = int(env.get("PREFECT_WORKER_HEARTBEAT_SECONDS", _PREFECT_DEFAULT_SECONDS))
        for instance in service.instances:
            for one in instance.containers:
                if one.name == container["name"] and one.status == "READY":
                    name = ".".join((*service.key, str(instance.instance_id))).lower()
                    yield Beat(pool, name, seconds, one.start_time)


def _played_images(account: Account) -> set[str]:
    return {
        image.digest
        for repository in account.image_repositories.values()
        for image in repository.images
        if image.command.startswith(_PLAYED)
    }
