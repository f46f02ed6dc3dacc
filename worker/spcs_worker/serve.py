"""From right settings to a worker at work: health checks, then Prefect, then its library."""

from __future__ import annotations

import asyncio
import time

from spcs_worker.api import LONGEST_WAIT_SECONDS, NotYetError, PrefectApi
from spcs_worker.exits import ExitStatus
from spcs_worker.health import Health, HealthServer
from spcs_worker.log import logger
from spcs_worker.settings import WorkerSettings
from spcs_worker.stop import StopRequest

REPEAT_SECONDS = 30.0
"""The same complaint is not written more often: a log of 100 KB has better uses."""


def run_until_stopped(settings: WorkerSettings, name: str) -> ExitStatus:
    """Serve until told to stop.

    Raises:
        WorkerStopped: The worker cannot go on.
    """
    return asyncio.run(_serve(settings, name))


async def _serve(settings: WorkerSettings, name: str) -> ExitStatus:
    stop = StopRequest()
    health = Health(
        worker=name,
        work_pool=settings.work_pool,
        heartbeat_seconds=settings.heartbeat_seconds,
        query_seconds=settings.query_seconds,
    )
    server = HealthServer(health, settings.webserver_host, settings.webserver_port)
    try:
        if not await _until_prefect_answers(settings, health, stop):
            return ExitStatus.OK
        health.phase = "loading Prefect"
        # Two seconds of CPU, which nobody should have waited for when something is wrong.
        from spcs_worker.working import work  # noqa: PLC0415

        return await work(settings, name, health, stop)
    finally:
        server.close()


async def _until_prefect_answers(
    settings: WorkerSettings, health: Health, stop: StopRequest
) -> bool:
    """Wait for Prefect and check the work pool; False when asked to stop meanwhile."""
    api = PrefectApi(settings)
    wait = 1.0
    said = (0.0, "")
    try:
        while True:
            try:
                found = await api.find_work_pool()
            except NotYetError as error:
                delay = wait if error.retry_after is None else error.retry_after
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                health.phase = str(error)
                now = time.monotonic()
                if health.phase != said[1] or now - said[0] >= REPEAT_SECONDS:
                    logger.warning("%s; trying again", health.phase)
                    said = (now, health.phase)
                if await stop.within(delay):
                    return False
                continue
            if found is None:
                logger.info("The work pool does not exist yet and will be created")
            elif found.is_paused:
                logger.warning("The work pool is paused: no flow runs until it is resumed")
            return not stop.asked.is_set()
    finally:
        await api.close()
