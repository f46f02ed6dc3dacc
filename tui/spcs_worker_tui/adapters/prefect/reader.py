"""What watching needs to know of a work pool, in as few requests as can be."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from spcs_worker_tui.adapters.prefect import rows
from spcs_worker_tui.adapters.prefect.batching import Batching
from spcs_worker_tui.adapters.prefect.events import StartedEvents
from spcs_worker_tui.adapters.prefect.http import TIMEOUT_SECONDS, PrefectHttp
from spcs_worker_tui.adapters.prefect.lists import (
    PAGE,
    all_rows,
    queue_rows,
    together,
    worker_rows,
)
from spcs_worker_tui.adapters.prefect.rows import Row
from spcs_worker_tui.domain.errors import (
    PrefectBusyError,
    PrefectError,
    PrefectUnauthorizedError,
    PrefectUnreachableError,
)
from spcs_worker_tui.domain.prefect import (
    WorkerStarts,
    WorkPoolKey,
    WorkPoolSnapshot,
    WorkQueueSnapshot,
)
from spcs_worker_tui.domain.text import one_line

_T = TypeVar("_T")

LATE_RUNS = 20
RUNNING_RUNS = 30
_QUEUES_COUNTED = 10
_SERVER_VERSION_SECONDS = 300.0
_WORKER_VERSIONS_SECONDS = 300.0
_KEPT_NAMES = 5000
"""Of flows, and of workers whose version is known; then they are learnt anew."""
_CLOUD = "https://api.prefect.cloud/"

_Counted = tuple[list[Row], int]
"""The first few runs, and how many there are."""
_Found = WorkPoolSnapshot | PrefectError
_ABOUT_THE_API = (PrefectUnreachableError, PrefectUnauthorizedError, PrefectBusyError)


@dataclass(frozen=True, slots=True)
class _Runs:
    """Runs in one state: how to ask for them."""

    state: Mapping[str, Any]
    sort: str
    limit: int


_LATE = _Runs({"name": {"any_": ["Late"]}}, "EXPECTED_START_TIME_ASC", LATE_RUNS)
_RUNNING = _Runs({"type": {"any_": ["RUNNING"]}}, "START_TIME_DESC", RUNNING_RUNS)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a work pool is put together from."""

    pool: Row
    clock_skew: timedelta
    queues: Sequence[Row]
    workers: Sequence[Row]
    late: _Counted
    running: _Counted


class ApiReader:
    """One Prefect API, read only; fulfils `PrefectReader` for the work pools of that API.

    A look at a work pool takes five requests, all at once: pool, queues, workers, late runs and
    running runs. Flow names are asked once each; counts only where a list did not hold all; the
    server's and the workers' versions every five minutes. `get_scheduled_flow_runs` is never
    called: it would mark the queues as polled (prefect-contract 2.1).
    """

    def __init__(self, http: PrefectHttp) -> None:
        self._http = http
        self._events = StartedEvents(http)
        self._batching = Batching(self._look_at)
        self._flow_names: dict[str, str] = {}
        self._server_version = ""
        self._worker_versions: dict[str, str] = {}
        self._read_again: dict[str, float] = {}

    async def close(self) -> None:
        """Let go of the connections; never raises."""
        await self._batching.close()
        await self._http.close()

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        """The pool with its queues, workers, late and running runs, within 8 s.

        Raises:
            PrefectError: One of its kinds.
        """
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._batching.get(key)
        except TimeoutError as error:
            raise _too_slow([key]) from error

    async def worker_starts(self, since: datetime) -> WorkerStarts:
        """When each worker last started; see `events.StartedEvents`.

        Raises:
            PrefectError: One of its kinds.
        """
        return await self._events.starts(since)

    async def _look_at(self, keys: Sequence[WorkPoolKey]) -> Mapping[WorkPoolKey, _Found]:
        """All of these pools; an error that is about one of them stands in its place."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                if len(keys) > 1:
                    try:
                        return await self._look_together(keys)
                    except _ABOUT_THE_API:
                        raise
                    except PrefectError:
                        pass  # Which of them it is about shows when they are asked one by one.
                found = await asyncio.gather(*(self._look_or_error(key) for key in keys))
                return dict(zip(keys, found, strict=True))
        except TimeoutError as error:
            raise _too_slow(keys) from error

    async def _look_or_error(self, key: WorkPoolKey) -> _Found:
        try:
            return await self._look(key)
        except PrefectError as error:
            return error

    async def _look(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        path = f"/work_pools/{quote(key.name, safe='')}"
        pool_answer, queues, workers, late, running, *_ = await together(
            self._http.get(path),
            all_rows(self._http, f"{path}/queues/filter", pages=1),
            worker_rows(self._http, key.name),
            self._runs([key], _LATE),
            self._runs([key], _RUNNING),
            self._refresh_server_version(),
            self._refresh_worker_versions(),
        )
        pool, skew = rows.as_row(pool_answer.content), pool_answer.clock_skew
        parts = _Parts(pool, skew, queues, workers, late[key.name], running[key.name])
        return await self._snapshot(key, parts)

    async def _look_together(self, keys: Sequence[WorkPoolKey]) -> Mapping[WorkPoolKey, _Found]:
        """As `_look`, with one request for what several pools can be asked for together."""
        names = [key.name for key in keys]
        chosen = {**_of_pools(keys), "limit": PAGE}
        answer, queues, late, running, _, _, *workers = await together(
            self._http.post("/work_pools/filter", chosen),
            queue_rows(self._http, names),
            self._runs(keys, _LATE),
            self._runs(keys, _RUNNING),
            self._refresh_server_version(),
            self._refresh_worker_versions(),
            *(worker_rows(self._http, name) for name in names),
        )
        pools = {rows.text(row, "name"): row for row in rows.as_rows(answer.content)}
        found: dict[WorkPoolKey, _Found] = {}
        for key, own_workers in zip(keys, workers, strict=True):
            name = key.name
            if name in pools:
                parts = _Parts(
                    pools[name],
                    answer.clock_skew,
                    queues.get(name, []),
                    own_workers,
                    late[name],
                    running[name],
                )
                found[key] = await self._snapshot(key, parts)
            else:
                found[key] = await self._look_or_error(key)
        return found

    async def _snapshot(self, key: WorkPoolKey, parts: _Parts) -> WorkPoolSnapshot:
        pool = parts.pool
        late_rows, late_count = parts.late
        running_rows, running_count = parts.running
        queues, _ = await together(
            self._queues(key, parts.queues, late_rows, late_count),
            self._learn_flow_names([*late_rows, *running_rows]),
        )
        names, versions = self._flow_names, self._worker_versions
        return WorkPoolSnapshot(
            key=key,
            type=rows.text(pool, "type"),
            status=rows.text(pool, "status"),
            server_version=self._server_version,
            clock_skew=parts.clock_skew,
            is_paused=rows.flag(pool, "is_paused"),
            description=rows.text(pool, "description"),
            concurrency_limit=rows.number(pool, "concurrency_limit"),
            active_slots=rows.number(pool, "active_slots"),
            queues=queues,
            workers=tuple(
                rows.worker(row, versions.get(rows.text(row, "name"), "")) for row in parts.workers
            ),
            late_count=late_count,
            late_runs=tuple(rows.flow_run(row, names) for row in late_rows),
            running_count=running_count,
            running_runs=tuple(rows.flow_run(row, names) for row in running_rows),
        )

    async def _runs(self, keys: Sequence[WorkPoolKey], runs: _Runs) -> Mapping[str, _Counted]:
        """The first few runs in that state, and how many there are, by work pool."""
        limit = runs.limit if len(keys) == 1 else PAGE
        chosen = {**_of_pools(keys), "flow_runs": {"state": runs.state}}
        answer = await self._http.post(
            "/flow_runs/filter", {**chosen, "sort": runs.sort, "limit": limit}
        )
        found = rows.as_rows(answer.content)
        if len(keys) == 1:
            count = len(found)
            if count >= limit:
                counted = await self._http.post("/flow_runs/count", chosen)
                count = max(count, rows.as_count(counted.content))
            return {keys[0].name: (found, count)}
        if len(found) >= limit:  # not all were told: one by one
            parts = await together(*(self._runs([key], runs) for key in keys))
            return {name: own for part in parts for name, own in part.items()}
        by_pool: dict[str, list[Row]] = {key.name: [] for key in keys}
        for row in found:
            by_pool.get(rows.text(row, "work_pool_name"), []).append(row)
        return {name: (own[: runs.limit], len(own)) for name, own in by_pool.items()}

    async def _queues(
        self, key: WorkPoolKey, queues: Sequence[Row], late_rows: Sequence[Row], late: int
    ) -> tuple[WorkQueueSnapshot, ...]:
        """The queues with their late runs: counted here when the list held all, else asked for."""
        names = [rows.text(row, "name") for row in queues]
        counts: Mapping[str, int | None]
        if len(late_rows) == late:
            in_queue = Counter(rows.text(row, "work_queue_name") for row in late_rows)
            counts = {name: in_queue[name] for name in names}
        elif len(names) == 1:
            counts = {names[0]: late}
        else:
            asked = names[:_QUEUES_COUNTED]
            answers = await together(*(self._late_in(key, name) for name in asked))
            counts = dict(zip(asked, answers, strict=True))
        return tuple(rows.work_queue(row, counts.get(rows.text(row, "name"))) for row in queues)

    async def _late_in(self, key: WorkPoolKey, queue: str) -> int:
        answer = await self._http.post(
            "/flow_runs/count",
            {
                **_of_pools([key]),
                "work_pool_queues": {"name": {"any_": [queue]}},
                "flow_runs": {"state": {"name": {"any_": ["Late"]}}},
            },
        )
        return rows.as_count(answer.content)

    async def _learn_flow_names(self, runs: Iterable[Row]) -> None:
        """Ask for the flows not seen before; a run only names its flow's id."""
        ids = {rows.text(row, "flow_id") for row in runs} - {""}
        unknown = sorted(ids - self._flow_names.keys())
        if not unknown:
            return
        if len(self._flow_names) > _KEPT_NAMES:
            self._flow_names.clear()
            unknown = sorted(ids)
        body = {"flows": {"id": {"any_": unknown}}, "limit": PAGE}
        answer = await self._optional(self._http.post("/flows/filter", body))
        if answer is not None:
            for row in rows.as_rows(answer.content):
                self._flow_names[rows.text(row, "id")] = rows.text(row, "name")

    async def _refresh_server_version(self) -> None:
        if self._is_time("server", _SERVER_VERSION_SECONDS):
            answer = await self._optional(self._http.get("/admin/version"))
            found = answer.content if answer is not None else None
            self._server_version = one_line(found, 40) if isinstance(found, str) else ""

    async def _refresh_worker_versions(self) -> None:
        """The version is on the event of a worker's start only (prefect-contract 2.3, 2.9)."""
        if self._http.api_url.startswith(_CLOUD):
            return  # history there is counted against the account's limits
        if self._is_time("workers", _WORKER_VERSIONS_SECONDS):
            found = await self._optional(self._events.versions()) or {}
            if len(self._worker_versions) > _KEPT_NAMES:
                self._worker_versions.clear()
            self._worker_versions |= found

    def _is_time(self, what: str, seconds: float) -> bool:
        now = asyncio.get_running_loop().time()
        if now < self._read_again.get(what, 0.0):
            return False
        self._read_again[what] = now + seconds
        return True

    async def _optional(self, asked: Awaitable[_T]) -> _T | None:
        """The answer, or None: what is merely nice to know must not spoil the look."""
        try:
            return await asked
        except PrefectError:
            return None


def _too_slow(keys: Sequence[WorkPoolKey]) -> PrefectUnreachableError:
    pools = ", ".join(repr(key.name) for key in keys)
    return PrefectUnreachableError(
        f"Prefect did not tell all of work pool {pools} within {TIMEOUT_SECONDS:g} s",
        next_step="Check the Prefect server's load and the network between",
    )


def _of_pools(keys: Iterable[WorkPoolKey]) -> dict[str, Any]:
    return {"work_pools": {"name": {"any_": [key.name for key in keys]}}}
