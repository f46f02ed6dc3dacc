"""The worker at work; the first module to load Prefect."""

from __future__ import annotations

import asyncio

from prefect.client.orchestration import get_client

from spcs_worker.draining import DrainingWorker
from spcs_worker.exits import ExitStatus
from spcs_worker.finishing import drain, reason
from spcs_worker.health import Health
from spcs_worker.heartbeat import HeartbeatWatch
from spcs_worker.log import logger
from spcs_worker.settings import WorkerSettings
from spcs_worker.stop import StopRequest


async def work(
    settings: WorkerSettings, name: str, health: Health, stop: StopRequest
) -> ExitStatus:
    """Serve the work pool until told to stop, then drain.

    Raises:
        WorkerStopped: Prefect's worker ended by itself.
    """
    worker = DrainingWorker(
        work_pool_name=settings.work_pool,
        work_queues=list(settings.work_queues),
        name=name,
        limit=settings.limit,
        create_pool_if_not_found=settings.create_pool,
        heartbeat_interval_seconds=settings.heartbeat_seconds,
    )
    async with get_client() as client:
        watch = HeartbeatWatch(client, worker, health, settings)
        await watch.note_previous_life()
        health.phase = "waiting for the first heartbeat to be confirmed"
        working = asyncio.create_task(worker.start(printer=logger.info), name="worker")
        watching = asyncio.create_task(watch.run(), name="heartbeat watch")
        stopping = asyncio.create_task(stop.asked.wait(), name="stop")
        try:
            await asyncio.wait((working, watching, stopping), return_when=asyncio.FIRST_COMPLETED)
            for task in (working, watching):
                if task.done():
                    raise reason(task, settings)
            return await drain(worker, client, health, settings, stop)
        finally:
            everything: tuple[asyncio.Task[object], ...] = (stopping, watching, working)
            for one in everything:
                one.cancel()
            await asyncio.wait(everything)
