"""Who started, and with which version: only the event of a worker's start tells (2.3, 2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.prefect import rows
from spcs_worker_tui.domain.prefect import WorkerStarts

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.http import PrefectHttp

PAGE = 50
"""The most that the server gives at a time (prefect-contract 2.9)."""

_STARTED = "prefect.worker.started"
_PAGES = 25
_KEPT = timedelta(days=7)
"""For how long a self-hosted server keeps events (prefect-contract 2.9)."""
_HOUR = timedelta(hours=1)


class StartedEvents:
    """The `prefect.worker.started` events of one Prefect API."""

    def __init__(self, http: PrefectHttp) -> None:
        self._http = http

    async def versions(self) -> Mapping[str, str]:
        """Prefect's version by worker name, of the workers that started last.

        Raises:
            PrefectError: One of its kinds.
        """
        chosen = {"event": {"name": [_STARTED]}, "order": "DESC"}
        answer = await self._http.post("/events/filter", {"filter": chosen, "limit": PAGE})
        page = rows.as_row(answer.content)
        started = [rows.worker_version(event) for event in rows.as_rows(page.get("events"))]
        return dict(reversed(started))  # newest first, so the newest wins

    async def starts(self, since: datetime) -> WorkerStarts:
        """When each worker last started, from the event history, the newest first.

        Args:
            since: How far back; less far where there are too many events.

        Raises:
            PrefectError: One of its kinds.
        """
        now = datetime.now(UTC)
        since = max(since, now - _KEPT)
        # Until well after now: a worker's clock may be ahead of the server's.
        occurred = {"since": since.isoformat(), "until": (now + _HOUR).isoformat()}
        chosen = {"event": {"name": [_STARTED]}, "occurred": occurred, "order": "DESC"}
        answer = await self._http.post("/events/filter", {"filter": chosen, "limit": PAGE})
        latest: dict[tuple[str, str], datetime] = {}
        oldest = now
        for _ in range(_PAGES):
            page = rows.as_row(answer.content)
            events = rows.as_rows(page.get("events"))
            for event in events:
                if (at := rows.time(event, "occurred")) is not None:
                    name = rows.worker_version(event)[0]
                    latest.setdefault((rows.work_pool_of(event), name), at)
                    oldest = min(oldest, at)
            following = page.get("next_page")
            if len(events) < PAGE or not isinstance(following, str):
                return WorkerStarts(since, latest)
            answer = await self._http.get(f"/events/filter/next?{following.partition('?')[2]}")
        return WorkerStarts(oldest, latest)
