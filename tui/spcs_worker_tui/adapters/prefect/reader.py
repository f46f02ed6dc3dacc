"""What watching needs to know of a work pool, in as few requests as can be."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from spcs_worker_tui.adapters.prefect import rows
from spcs_worker_tui.adapters.prefect.http import TIMEOUT_SECONDS, Answer, PrefectHttp
from spcs_worker_tui.adapters.prefect.rows import Row
from spcs_worker_tui.domain.errors import PrefectError, PrefectUnreachableError
from spcs_worker_tui.domain.prefect import (
    WorkerStarts,
    WorkPoolKey,
    WorkPoolSnapshot,
    WorkQueueSnapshot,
)

LATE_RUNS = 20
RUNNING_RUNS = 30
PAGE = 200
"""The most that the server gives at a time (prefect-contract 2)."""

_WORKER_PAGES = 10
_QUEUES_COUNTED = 10
_SERVER_VERSION_SECONDS = 300.0
_WORKER_VERSIONS_SECONDS = 300.0
_STARTED = "prefect.worker.started"
_EVENTS_PAGE = 50
"""The most that the server gives at a time (prefect-contract 2.9)."""
_EVENT_PAGES = 25
_EVENTS_KEPT = timedelta(days=7)
_HOUR = timedelta(hours=1)
_KEPT_FLOW_NAMES = 5000
_CLOUD = "https://api.prefect.cloud/"


class ApiReader:
    """One Prefect API, read only; fulfils `PrefectReader` for the work pools of that API.

    A look at a work pool takes five requests, all at once: pool, queues, workers, late runs and
    running runs. Flow names are asked once each; counts only where a list did not hold all; the
    server's and the workers' versions every five minutes. `get_scheduled_flow_runs` is never
    called: it would mark the queues as polled (prefect-contract 2.1).
    """

    def __init__(self, http: PrefectHttp) -> None:
        self._http = http
        self._flow_names: dict[str, str] = {}
        self._server_version = ""
        self._worker_versions: dict[str, str] = {}
        self._read_again: dict[str, float] = {}

    async def close(self) -> None:
        """Let go of the connections; never raises."""
        await self._http.close()

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        """The pool with its queues, workers, late and running runs, within 8 s.

        Raises:
            PrefectError: One of its kinds.
        """
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._look(key)
        except TimeoutError as error:
            raise PrefectUnreachableError(
                f"Prefect did not tell all of work pool {key.name!r} within {TIMEOUT_SECONDS:g} s",
                next_step="Check the Prefect server's load and the network between",
            ) from error

    async def worker_starts(self, since: datetime) -> WorkerStarts:
        """When each worker last started, from the event history, the newest first.

        Args:
            since: How far back; less far where there are too many events.

        Raises:
            PrefectError: One of its kinds.
        """
        now = datetime.now(UTC)
        since = max(since, now - _EVENTS_KEPT)
        # Until well after now: a worker's clock may be ahead of the server's.
        occurred = {"since": since.isoformat(), "until": (now + _HOUR).isoformat()}
        chosen = {"event": {"name": [_STARTED]}, "occurred": occurred, "order": "DESC"}
        answer = await self._http.post("/events/filter", {"filter": chosen, "limit": _EVENTS_PAGE})
        latest: dict[str, datetime] = {}
        oldest = now
        for _ in range(_EVENT_PAGES):
            page = rows.as_row(answer.content)
            events = rows.as_rows(page.get("events"))
            for event in events:
                if (at := rows.time(event, "occurred")) is not None:
                    latest.setdefault(rows.worker_version(event)[0], at)
                    oldest = min(oldest, at)
            following = page.get("next_page")
            if len(events) < _EVENTS_PAGE or not isinstance(following, str):
                return WorkerStarts(since, latest)
            answer = await self._http.get(f"/events/filter/next?{following.partition('?')[2]}")
        return WorkerStarts(oldest, latest)

    async def _look(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        path = f"/work_pools/{quote(key.name, safe='')}"
        pool_answer, queue_rows, worker_rows, late, running, *_ = await _together(
            self._http.get(path),
            self._all_rows(f"{path}/queues/filter", pages=1),
            self._all_rows(f"{path}/workers/filter", pages=_WORKER_PAGES),
            self._runs(key, {"name": {"any_": ["Late"]}}, "EXPECTED_START_TIME_ASC", LATE_RUNS),
            self._runs(key, {"type": {"any_": ["RUNNING"]}}, "START_TIME_DESC", RUNNING_RUNS),
            self._refresh_server_version(),
            self._refresh_worker_versions(),
        )
        pool = rows.as_row(pool_answer.content)
        late_rows, late_count = late
        running_rows, running_count = running
        queues, _ = await _together(
            self._queues(key, queue_rows, late_rows, late_count),
            self._learn_flow_names([*late_rows, *running_rows]),
        )
        names, versions = self._flow_names, self._worker_versions
        return WorkPoolSnapshot(
            key=key,
            type=rows.text(pool, "type"),
            status=rows.text(pool, "status"),
            server_version=self._server_version,
            clock_skew=pool_answer.clock_skew,
            is_paused=rows.flag(pool, "is_paused"),
            description=rows.text(pool, "description"),
            concurrency_limit=rows.number(pool, "concurrency_limit"),
            active_slots=rows.number(pool, "active_slots"),
            queues=queues,
            workers=tuple(
                rows.worker(row, versions.get(rows.text(row, "name"), "")) for row in worker_rows
            ),
            late_count=late_count,
            late_runs=tuple(rows.flow_run(row, names) for row in late_rows),
            running_count=running_count,
            running_runs=tuple(rows.flow_run(row, names) for row in running_rows),
        )

    async def _all_rows(self, path: str, *, pages: int) -> list[Row]:
        """All rows of a list, up to so many pages. Workers come newest heartbeat first."""
        found: list[Row] = []
        for page in range(pages):
            answer = await self._http.post(path, {"limit": PAGE, "offset": page * PAGE})
            batch = rows.as_rows(answer.content)
            found += batch
            if len(batch) < PAGE:
                break
        return found

    async def _runs(
        self, key: WorkPoolKey, state: Mapping[str, Any], sort: str, limit: int
    ) -> tuple[list[Row], int]:
        """The first few runs in that state, and how many there are."""
        chosen = {**_of_pool(key), "flow_runs": {"state": state}}
        answer = await self._http.post(
            "/flow_runs/filter", {**chosen, "sort": sort, "limit": limit}
        )
        found = rows.as_rows(answer.content)
        if len(found) < limit:
            return found, len(found)
        count = await self._http.post("/flow_runs/count", chosen)
        return found, max(len(found), rows.as_count(count.content))

    async def _queues(
        self, key: WorkPoolKey, queue_rows: Sequence[Row], late_rows: Sequence[Row], late: int
    ) -> tuple[WorkQueueSnapshot, ...]:
        """The queues with their late runs: counted here when the list held all, else asked for."""
        names = [rows.text(row, "name") for row in queue_rows]
        counts: Mapping[str, int | None]
        if len(late_rows) == late:
            in_queue = Counter(rows.text(row, "work_queue_name") for row in late_rows)
            counts = {name: in_queue[name] for name in names}
        elif len(names) == 1:
            counts = {names[0]: late}
        else:
            asked = names[:_QUEUES_COUNTED]
            answers = await _together(*(self._late_in(key, name) for name in asked))
            counts = dict(zip(asked, answers, strict=True))
        return tuple(rows.work_queue(row, counts.get(rows.text(row, "name"))) for row in queue_rows)

    async def _late_in(self, key: WorkPoolKey, queue: str) -> int:
        answer = await self._http.post(
            "/flow_runs/count",
            {
                **_of_pool(key),
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
        if len(self._flow_names) > _KEPT_FLOW_NAMES:
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
            self._server_version = found[:40] if isinstance(found, str) and found.isascii() else ""

    async def _refresh_worker_versions(self) -> None:
        """The version is on the event of a worker's start only (prefect-contract 2.3, 2.9)."""
        if self._http.api_url.startswith(_CLOUD):
            return  # history there is counted against the account's limits
        if not self._is_time("workers", _WORKER_VERSIONS_SECONDS):
            return
        chosen = {"event": {"name": [_STARTED]}, "order": "DESC"}
        body = {"filter": chosen, "limit": _EVENTS_PAGE}
        answer = await self._optional(self._http.post("/events/filter", body))
        if answer is None or not isinstance(answer.content, dict):
            return
        events = answer.content.get("events")
        found = rows.as_rows(events) if isinstance(events, list) else []
        started = [rows.worker_version(event) for event in found]
        self._worker_versions |= dict(reversed(started))  # newest first, so the newest wins

    def _is_time(self, what: str, seconds: float) -> bool:
        now = asyncio.get_running_loop().time()
        if now < self._read_again.get(what, 0.0):
            return False
        self._read_again[what] = now + seconds
        return True

    async def _optional(self, asked: Any) -> Answer | None:
        """The answer, or None: what is merely nice to know must not spoil the look."""
        try:
            answer: Answer = await asked
        except PrefectError:
            return None
        return answer


def _of_pool(key: WorkPoolKey) -> dict[str, Any]:
    return {"work_pools": {"name": {"any_": [key.name]}}}


async def _together(*asked: Any) -> list[Any]:
    """All answers; at the first failure the others are cancelled and that failure is raised."""
    tasks = [asyncio.ensure_future(one) for one in asked]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
