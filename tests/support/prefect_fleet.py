"""A stand-in for the Prefect server of a large fleet: what a real one would answer, at no cost.

A real server is busy for seconds with the heartbeats of thousands of workers; what is measured
here is who asks.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email.utils import formatdate
from functools import cache
from typing import Any
from urllib.parse import unquote

from spcs_worker_tui.sandbox.catalogue.model import Account
from spcs_worker_tui.sandbox.clock import Clock
from spcs_worker_tui.sandbox.demo.pulse import Beat, played_workers
from support.prefect_stub import Reply, Request

COUNTS = "/requests"
"""Not Prefect's: how many requests there were so far, by kind; not counted itself."""
_TEMPLATE_SIZE = 1500
"""Characters of the base job template of a process pool; it comes with every row of a pool."""
_LONGEST_PAGE = 200
_LOOKS_EVERY = timedelta(seconds=1)
"""How often it is looked which workers beat: pages of one list are of one moment mostly."""


class PrefectFleet:
    """Answers as a server whose work pools are those of the fleet, and whose workers all beat.

    Each pool has one queue and one running flow run.

    Args:
        accounts: The fleet.
        pools: The names of all work pools.
        clock: Whose time heartbeats go by.
    """

    def __init__(self, accounts: Sequence[Account], pools: Sequence[str], clock: Clock) -> None:
        self._accounts = accounts
        self._pools = {name: _pool(name) for name in pools}
        self._clock = clock
        self._seen: dict[str, dict[str, Beat]] = {}
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._looked = clock.now() - timedelta(days=1)
        self.counts: Counter[str] = Counter()

    def __call__(self, request: Request) -> Reply:
        path = request.path.partition("?")[0]
        if path == COUNTS:
            return Reply(content=json.dumps(self.counts).encode())
        self.counts[f"{request.method} {self._kind(path)}"] += 1
        found = self._found(path, request.body or {})
        if found is None:
            return Reply(404, {"detail": "Work pool not found."})
        return Reply(content=json.dumps(found).encode(), headers={"Date": formatdate(usegmt=True)})

    @staticmethod
    def _kind(path: str) -> str:
        """Without the name of the work pool."""
        parts = path.split("/")
        if parts[1] == "work_pools" and len(parts) > 2 and parts[2] != "filter":
            parts[2] = "*"
        return "/".join(parts)

    def _found(self, path: str, body: Any) -> Any:
        named = body.get("work_pools", {}).get("name", {}).get("any_", self._pools)
        kind, name, *rest = path.strip("/").split("/")
        if kind == "work_pools" and name != "filter":
            return self._of_pool(unquote(name), rest, body)
        is_late = "Late" in json.dumps(body)
        answers: dict[str, Callable[[], Any]] = {
            "/admin/version": lambda: "3.8.8",
            "/events/filter": lambda: {"events": []},
            "/work_pools/filter": lambda: [self._pools[one] for one in named if one in self._pools],
            "/work_queues/filter": lambda: self._page([_queue(one) for one in self._pools], body),
            "/flow_runs/filter": lambda: (
                [] if is_late else self._page([_run(one) for one in named], body)
            ),
            "/flow_runs/count": lambda: 0 if is_late else len(named),
            "/flows/filter": lambda: [
                {"id": one, "name": "load"} for one in body["flows"]["id"]["any_"]
            ],
        }
        return answers[path]() if path in answers else None

    def _of_pool(self, name: str, rest: Sequence[str], body: Any) -> Any:
        if name not in self._pools:
            return None
        match rest:
            case []:
                return self._pools[name]
            case ["queues", "filter"]:
                return [_queue(name)]
            case ["workers", "filter"]:
                since = body.get("workers", {}).get("last_heartbeat_time", {}).get("after_", "")
                return self._page(self._workers(name, since), body)
        return None

    @staticmethod
    def _page(rows: list[Any], body: Any) -> list[Any]:
        start = body.get("offset", 0)
        return rows[start : start + min(_LONGEST_PAGE, body.get("limit", _LONGEST_PAGE))]

    def _workers(self, pool: str, since: str) -> list[Any]:
        """Those with a heartbeat then or later, the newest first (prefect-contract 2.3)."""
        now = self._clock.now()
        if now - self._looked >= _LOOKS_EVERY:
            self._looked = now
            for beat in played_workers(self._accounts):
                self._seen.setdefault(beat.work_pool, {})[beat.worker] = beat
            self._rows.clear()
        if pool not in self._rows:
            rows = [_worker(beat, now) for beat in self._seen.get(pool, {}).values()]
            rows.sort(key=lambda row: str(row["last_heartbeat_time"]), reverse=True)
            self._rows[pool] = rows
        rows = self._rows[pool]
        return [row for row in rows if row["last_heartbeat_time"] >= since] if since else rows


def _pool(name: str) -> dict[str, Any]:
    return {
        "id": _id(name),
        "created": "2026-11-01T08:00:00.000000Z",
        "updated": "2026-11-01T08:00:00.000000Z",
        "name": name,
        "description": None,
        "type": "process",
        "base_job_template": {"job_configuration": {"command": "x" * _TEMPLATE_SIZE}},
        "is_paused": False,
        "concurrency_limit": None,
        "active_slots": None,
        "status": "READY",
        "default_queue_id": _id(f"{name}/default"),
        "storage_configuration": {},
    }


def _queue(pool: str) -> dict[str, Any]:
    return {
        "id": _id(f"{pool}/default"),
        "created": "2026-11-01T08:00:00.000000Z",
        "updated": "2026-11-01T08:00:00.000000Z",
        "name": "default",
        "description": "The work pool's default queue.",
        "is_paused": False,
        "concurrency_limit": None,
        "active_slots": None,
        "priority": 1,
        "work_pool_id": _id(pool),
        "work_pool_name": pool,
        "last_polled": None,
        "status": "READY",
    }


def _worker(beat: Beat, now: datetime) -> dict[str, Any]:
    """Its last heartbeat is less than an interval ago."""
    identity = _id(f"{beat.work_pool}/{beat.worker}")
    phase = int(identity[:8], 16) % beat.interval_seconds
    age = (now.timestamp() + phase) % beat.interval_seconds
    last = now - timedelta(seconds=age)
    return {
        "id": identity,
        "created": "2026-11-01T08:00:00.000000Z",
        "updated": last.isoformat(),
        "name": beat.worker,
        "work_pool_id": _id(beat.work_pool),
        "last_heartbeat_time": last.isoformat(),
        "heartbeat_interval_seconds": beat.interval_seconds,
        "status": "ONLINE",
    }


def _run(pool: str) -> dict[str, Any]:
    return {
        "id": _id(f"{pool}/run"),
        "name": "tidy-otter",
        "flow_id": _id("load"),
        "deployment_id": _id(f"{pool}/deployment"),
        "state_type": "RUNNING",
        "state_name": "Running",
        "expected_start_time": "2026-11-23T06:00:00.000000Z",
        "start_time": "2026-11-23T06:00:02.000000Z",
        "end_time": None,
        "work_queue_name": "default",
        "work_pool_name": pool,
        "parameters": {"day": "2026-11-23", "tables": ["orders", "customers", "items"]},
        "tags": [],
        "labels": {"prefect.flow.id": _id("load")},
        "infrastructure_pid": "4711",
    }


@cache
def _id(of: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, of))
