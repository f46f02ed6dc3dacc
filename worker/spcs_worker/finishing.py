"""How the worker ends: finish what runs, mark what cannot be finished, say why."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Collection, Iterator
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectException
from prefect.states import Crashed

from spcs_worker.draining import DrainingWorker
from spcs_worker.exits import ExitStatus, WorkerStopped
from spcs_worker.health import Health
from spcs_worker.log import logger
from spcs_worker.settings import WorkerSettings

CRASH_REPORT_SECONDS = 3.0
"""How long a flow run's process has to report itself as crashed after a SIGTERM."""
MARKING_SECONDS = 2.5
CRASH_MESSAGE = "The worker was stopped and this run did not finish within its grace of {:g} s."
_LOOK_SECONDS = 0.1


class Insisting(Protocol):
    """Whoever asked for the stop; may ask again."""

    insisted: bool


async def drain(
    worker: DrainingWorker,
    client: PrefectClient,
    health: Health,
    settings: WorkerSettings,
    stop: Insisting,
) -> ExitStatus:
    """Take no more runs, wait for those that run, end and mark those that take too long."""
    worker.draining = True
    to_finish = _flow_runs(len(worker.unfinished))
    health.draining = f"draining: {to_finish} to finish"
    logger.info("Draining: %s to finish, at most %g s", to_finish, settings.drain_seconds)
    await _until(lambda: not worker.unfinished or stop.insisted, settings.drain_seconds)
    left = frozenset(worker.unfinished)
    if not left:
        logger.info("Drained: every flow run has finished")
        return ExitStatus.OK
    logger.warning("%s did not finish in time: stopped", _flow_runs(len(left)))
    for pid in _pids(worker):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    await _until(lambda: not worker.active, CRASH_REPORT_SECONDS)
    for pid in _pids(worker):
        with contextlib.suppress(ProcessLookupError):
            # Prefect makes each run's process the leader of a group of its own.
            (os.killpg if os.getpgid(pid) == pid else os.kill)(pid, signal.SIGKILL)
    return await _mark(client, left, CRASH_MESSAGE.format(settings.drain_seconds))


def _flow_runs(count: int) -> str:
    return "1 flow run" if count == 1 else f"{count} flow runs"


def _pids(worker: DrainingWorker) -> list[int]:
    return [pid for pid in worker.active.values() if pid is not None]


async def _until(done: Callable[[], bool], seconds: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    # Prefect's worker has no event for this: its two collections have to be looked at.
    while not done() and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_SECONDS)


async def _mark(client: PrefectClient, runs: Collection[UUID], message: str) -> ExitStatus:
    marked = await asyncio.gather(*(_crashed(client, run, message) for run in runs))
    return ExitStatus.INTERRUPTED if all(marked) else ExitStatus.LOST


async def _crashed(client: PrefectClient, run: UUID, message: str) -> bool:
    """See to it that the run has ended in Prefect's eyes, too."""
    try:
        async with asyncio.timeout(MARKING_SECONDS):
            state = (await client.read_flow_run(run)).state
            if state is None or not state.is_final():
                state = Crashed(message=message)
                await client.set_flow_run_state(run, state, force=True)
    except (httpx.HTTPError, PrefectException, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        logger.error("Flow run '%s' stays as it is in Prefect: %s", run, reason)
        return False
    logger.info("Flow run '%s' is %s", run, state.type.value if state else "gone")
    return True


def reason(ended: asyncio.Task[None], settings: WorkerSettings) -> WorkerStopped:
    """Why the worker ended though nobody asked it to."""
    error = ended.exception()
    shown = settings.shown_api_url
    for leaf in _leaves(error):
        if isinstance(leaf, httpx.HTTPStatusError) and leaf.response.status_code in {
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.FORBIDDEN,
        }:
            return WorkerStopped(
                f"Prefect at {shown} does not accept the worker's credentials any more "
                f"({leaf.response.status_code}): give the service's secret a valid one.",
                ExitStatus.REFUSED,
            )
        if isinstance(leaf, RuntimeError) and "error threshold" in str(leaf):
            return WorkerStopped(
                f"Prefect at {shown} has failed for too long: check the server and the "
                "service's external access integration.",
                ExitStatus.UNAVAILABLE,
            )
    logger.error("The worker ended without being asked to", exc_info=error)
    return WorkerStopped("The traceback above says where.", ExitStatus.FAILED)


def _leaves(error: BaseException | None) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    elif error is not None:
        yield error
        yield from _leaves(error.__cause__)
