"""Changes through Prefect's own client; imported when first needed, in a thread.

Importing Prefect costs more than a second, reads the user's profile and makes a home directory.
So nothing imports this module at its top, and `import_prefect` comes before it: the client is
given address and credentials explicitly and uses nothing that the user has saved for another API.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas import filters
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import (
    PREFECT_CLIENT_CUSTOM_HEADERS,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from spcs_worker_tui.domain.errors import (
    PrefectBusyError,
    PrefectError,
    PrefectNotFoundError,
    PrefectUnauthorizedError,
    PrefectUnreachableError,
)
from spcs_worker_tui.domain.prefect import ActiveRun, PauseState, WorkPoolKey, WorkQueueKey
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.credentials import Credentials

TIMEOUT_SECONDS = 10.0
WHOLE_SECONDS = 30.0
"""One call with its retries: SQLite answers 503 for a moment when it is locked (contract 5.4)."""

_RETRIES = 3
_PAGE = 200
_PAGES = 50
_WORKER = "prefect.worker.name"
_DEPLOYMENT = "spcs-worker-tui"
_HELD = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.PAUSED]


class PrefectClients:
    """Implements the port `PrefectWriter`: a client per call, so that none outlives its loop.

    Args:
        credentials: What to sign in with at an API.
    """

    def __init__(self, credentials: Callable[[str], Awaitable[Credentials]]) -> None:
        self._credentials = credentials

    async def pause_state(self, key: WorkQueueKey) -> PauseState:
        """Whether it is paused, and its description."""
        async with self._client(key.pool) as client:
            found: Any
            if key.name:
                found = await _queue(client, key)
            else:
                found = await client.read_work_pool(_path(key.pool.name))
            return PauseState(bool(found.is_paused), found.description or "")

    async def set_paused(
        self, key: WorkQueueKey, *, paused: bool, description: str | None = None
    ) -> None:
        """Pause or go on; see the port."""
        changes: dict[str, Any] = {"is_paused": paused}
        if description is not None:
            changes["description"] = description
        await self._update(key, changes)

    async def set_concurrency_limit(self, key: WorkQueueKey, limit: int | None) -> None:
        """At most so many runs at a time; None: as many as come."""
        await self._update(key, {"concurrency_limit": limit})

    async def _update(self, key: WorkQueueKey, changes: dict[str, Any]) -> None:
        async with self._client(key.pool) as client:
            if key.name:
                await client.update_work_queue((await _queue(client, key)).id, **changes)
            else:
                await client.update_work_pool(_path(key.pool.name), WorkPoolUpdate(**changes))

    async def create_work_pool(self, key: WorkPoolKey, limit: int | None = None) -> None:
        """Create a `process` pool; its first worker fills in the job template (contract 2.1)."""
        async with self._client(key) as client:
            await client.create_work_pool(
                WorkPoolCreate(name=key.name, type="process", concurrency_limit=limit)
            )

    async def delete_worker(self, key: WorkPoolKey, worker_name: str) -> None:
        """Delete a worker's row; `PrefectClient` has no method for it."""
        async with self._client(key) as client:
            try:
                await client.request(
                    "DELETE",
                    "/work_pools/{work_pool_name}/workers/{name}",
                    path_params={"work_pool_name": _path(key.name), "name": _path(worker_name)},
                )
            except httpx.HTTPStatusError as error:
                if error.response.status_code != HTTPStatus.NOT_FOUND:
                    raise

    async def active_runs(self, key: WorkPoolKey) -> tuple[ActiveRun, ...]:
        """All runs of the pool that are in a worker's hands; see the port."""
        async with self._client(key) as client:
            held = filters.FlowRunFilterStateType(any_=_HELD)
            retry = filters.FlowRunFilterStateName(any_=["AwaitingRetry"])
            chosen = [
                filters.FlowRunFilterState(type=held),
                filters.FlowRunFilterState(name=retry),
            ]
            found = [run for state in chosen for run in await _runs(client, key, state)]
        return tuple(_active(run) for run in found if _is_in_process(run))

    async def now(self, key: WorkPoolKey) -> datetime:
        """The time on that API's clock, from the `Date` of an answer."""
        async with self._client(key) as client:
            answer = await client.request("GET", "/health")
            try:
                return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
            except (KeyError, ValueError):
                return datetime.now(UTC)

    async def create_run(
        self, key: WorkPoolKey, *, flow: str, entrypoint: str, queue: str = ""
    ) -> ActiveRun:
        """Deploy that flow to the pool and ask for a run; see the port."""
        async with self._client(key) as client:
            deployment = await client.create_deployment(
                await client.create_flow_from_name(flow),
                f"{_DEPLOYMENT}-{key.name}",
                work_pool_name=key.name,
                entrypoint=entrypoint,
                enforce_parameter_schema=False,
                description="Made by spcs-worker-tui to see that the work pool's workers work.",
                tags=[_DEPLOYMENT],
            )
            run = await client.create_flow_run_from_deployment(
                deployment, tags=[_DEPLOYMENT], work_queue_name=queue or None
            )
            return _active(run)

    async def run(self, key: WorkPoolKey, run_id: str) -> ActiveRun:
        """That run as it is now."""
        async with self._client(key) as client:
            return _active(await client.read_flow_run(UUID(run_id)))

    async def close(self) -> None:
        """Nothing is kept."""

    @asynccontextmanager
    async def _client(self, key: WorkPoolKey) -> AsyncIterator[PrefectClient]:
        """A client, with every failure as one of our errors."""
        found = await self._credentials(key.api_url)
        settings = {
            PREFECT_CLIENT_MAX_RETRIES: _RETRIES,
            # Explicitly, also when empty: what the user saved may be meant for another API.
            PREFECT_CLIENT_CUSTOM_HEADERS: dict(found.custom_headers),
        }
        with temporary_settings(settings), _as_our_errors(key, found):
            async with (
                asyncio.timeout(WHOLE_SECONDS),
                PrefectClient(
                    key.api_url,
                    api_key=found.api_key or None,
                    auth_string=found.auth_string or None,
                    httpx_settings={"timeout": TIMEOUT_SECONDS, "verify": _tls(found)},
                ) as client,
            ):
                yield client


async def _queue(client: PrefectClient, key: WorkQueueKey) -> Any:
    return await client.read_work_queue_by_name(_path(key.name), _path(key.pool.name))


async def _runs(
    client: PrefectClient, key: WorkPoolKey, state: filters.FlowRunFilterState
) -> list[FlowRun]:
    pool = filters.WorkPoolFilter(name=filters.WorkPoolFilterName(any_=[key.name]))
    found: list[FlowRun] = []
    for page in range(_PAGES):
        batch = await client.read_flow_runs(
            work_pool_filter=pool,
            flow_run_filter=filters.FlowRunFilter(state=state),
            sort=FlowRunSort.ID_DESC,
            limit=_PAGE,
            offset=page * _PAGE,
        )
        found += batch
        if len(batch) < _PAGE:
            break
    return found


def _is_in_process(run: FlowRun) -> bool:
    """Whether a process of a worker holds it, or is about to.

    `Suspended` is of type PAUSED, too, but its process has ended; a retry that is not within the
    process is scheduled like any other run.
    """
    if run.state_name == "Suspended":
        return False
    if run.state_name == "AwaitingRetry":
        return run.empirical_policy.retry_type == "in_process"
    return True


def _active(run: FlowRun) -> ActiveRun:
    state = run.state
    return ActiveRun(
        id=str(run.id),
        name=one_line(run.name),
        state_type=run.state_type.value if run.state_type else "",
        state_name=one_line(run.state_name or ""),
        work_queue_name=one_line(run.work_queue_name or ""),
        worker_name=one_line(str(run.labels.get(_WORKER, ""))),
        start_time=run.start_time,
        state_time=state.timestamp if state else None,
        message=one_line(state.message or "") if state else "",
    )


def _path(name: str) -> str:
    """The name within a path; the client puts it there as it is."""
    return quote(name, safe="")


def _tls(credentials: Credentials) -> ssl.SSLContext:
    if credentials.ca_file:
        return ssl.create_default_context(cafile=credentials.ca_file)
    # PREFECT_API_TLS_INSECURE_SKIP_VERIFY: the user's own word.
    return httpx.create_ssl_context(verify=credentials.verify_tls)


@contextmanager
def _as_our_errors(key: WorkPoolKey, credentials: Credentials) -> Iterator[None]:
    where = "the Prefect API"
    try:
        where = f"the Prefect API at {httpx.URL(key.api_url).host}"
        yield
    except TimeoutError as error:
        raise PrefectUnreachableError(
            f"no answer from {where} within {WHOLE_SECONDS:g} s",
            next_step="Check that the Prefect server runs and that this machine may reach it.",
        ) from error
    except (ObjectNotFound, ObjectAlreadyExists) as error:
        raise _missing_or_there(error) from error
    except PrefectHTTPStatusError as error:
        raise _refused(error, where, credentials) from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        reason = one_line(str(error), 200) or type(error).__name__
        raise PrefectUnreachableError(
            f"cannot reach {where}: {reason}",
            next_step="Check that the Prefect server runs and that this machine may reach it.",
        ) from error


def _missing_or_there(error: ObjectNotFound | ObjectAlreadyExists) -> PrefectError:
    detail = _detail(error.http_exc)
    if isinstance(error, ObjectAlreadyExists):
        return PrefectError(f"Prefect refuses: {detail or 'it exists already'}")
    return PrefectNotFoundError(
        f"Prefect does not have it: {detail or 'not found'}",
        next_step="Create the work pool, or correct its name in the service's spec.",
    )


def _refused(error: httpx.HTTPStatusError, where: str, credentials: Credentials) -> PrefectError:
    status, detail = error.response.status_code, _detail(error)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        given = "asks for credentials, and none are saved for it"
        if not credentials.is_empty:
            given = f"refuses the credentials from {credentials.source or 'the keyring'}"
        if status == HTTPStatus.FORBIDDEN and detail:
            given = f"refuses: {detail}"
        return PrefectUnauthorizedError(
            f"{where} {given} ({status})",
            next_step="Use credentials that may change work pools; see `keys --help`.",
        )
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return PrefectBusyError(
            f"{where} is overloaded ({status})", retry_after=2.0, next_step="Try again in a moment."
        )
    return PrefectError(f"{where} answered {status}{f': {detail}' if detail else ''}")


def _detail(error: Exception) -> str:
    response = getattr(error, "response", None)
    if not isinstance(response, httpx.Response):
        return ""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return ""
    said = body.get("detail") or body.get("exception_message") if isinstance(body, dict) else ""
    return one_line(said, 200) if isinstance(said, str) else ""
