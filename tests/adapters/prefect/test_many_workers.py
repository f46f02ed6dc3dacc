"""Work pools with more workers than the server tells at a time, which beat meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from spcs_worker_tui.adapters.prefect.credentials import Credentials
from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.adapters.prefect.reader import ApiReader
from spcs_worker_tui.domain.prefect import WorkPoolKey
from support.prefect_stub import PrefectStub, Reply, Request, prefect_stub, well

WORKERS = "/work_pools/spcs/workers/filter"


class Crowd:
    """Workers of one pool, newest heartbeat first; while a page is read, the oldest ones beat.

    Args:
        size: How many there are.
        eager: How many beat after each answer.
    """

    def __init__(self, size: int, eager: int) -> None:
        now = datetime.now(UTC)
        self.beats = {f"w{n:05}": now - timedelta(milliseconds=n) for n in range(size)}
        self.eager = eager
        self.now = now

    def __call__(self, request: Request) -> Reply:
        if request.path != WORKERS:
            return well(request)
        chosen = request.body.get("workers", {}).get("last_heartbeat_time", {})
        since = datetime.fromisoformat(chosen.get("after_", "2000-01-01T00:00:00Z"))
        ranked = sorted(self.beats, key=lambda name: self.beats[name], reverse=True)
        start, limit = request.body["offset"], request.body["limit"]
        page = [name for name in ranked if self.beats[name] >= since][start : start + limit]
        answer = [
            {
                "name": name,
                "status": "ONLINE",
                "last_heartbeat_time": self.beats[name].isoformat(),
                "heartbeat_interval_seconds": 30,
            }
            for name in page
        ]
        for name in ranked[len(ranked) - self.eager :]:
            self.now += timedelta(milliseconds=1)
            self.beats[name] = self.now
        return Reply(content=json.dumps(answer).encode())


async def names(stub: PrefectStub) -> list[str]:
    """The workers that a look sees."""
    reader = ApiReader(PrefectHttp(stub.api_url, Credentials()))
    try:
        seen = await reader.work_pool(WorkPoolKey(stub.api_url, "spcs"))
    finally:
        await reader.close()
    return [worker.name for worker in seen.workers]


@pytest.mark.parametrize(("size", "eager"), [(199, 5), (200, 5), (201, 5), (650, 40)])
async def test_a_worker_that_beats_while_pages_are_read_is_seen_and_once(
    size: int, eager: int
) -> None:
    crowd = Crowd(size, eager)
    async with prefect_stub(crowd) as stub:
        found = await names(stub)
    assert sorted(found) == sorted(crowd.beats)


async def test_five_thousand_workers_are_seen() -> None:
    crowd = Crowd(5000, 0)
    async with prefect_stub(crowd) as stub:
        found = await names(stub)
    assert sorted(found) == sorted(crowd.beats)


async def test_few_workers_are_asked_for_once() -> None:
    async with prefect_stub(Crowd(199, 5)) as stub:
        await names(stub)
        assert stub.paths.count(WORKERS) == 1


async def test_versions_of_workers_that_come_and_go_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spcs_worker_tui.adapters.prefect.reader._KEPT_NAMES", 100)
    born = 0

    def answer(request: Request) -> Reply:
        nonlocal born
        if request.path != "/events/filter":
            return well(request)
        born += 50
        events = [
            {"resource": {"prefect.resource.name": f"w{n}", "prefect.version": "3.8.8"}}
            for n in range(born - 50, born)
        ]
        return Reply(content=json.dumps({"events": events}).encode())

    async with prefect_stub(answer) as stub:
        reader = ApiReader(PrefectHttp(stub.api_url, Credentials()))
        for _ in range(8):
            reader._read_again.clear()
            await reader.work_pool(WorkPoolKey(stub.api_url, "spcs"))
        await reader.close()
    assert born == 400
    assert len(reader._worker_versions) <= 150
