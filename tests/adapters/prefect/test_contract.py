"""Every field that the reader reads equals what Prefect's own client answers, on a real server."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from spcs_worker_tui.adapters.prefect.credentials import Credentials
from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.adapters.prefect.reader import ApiReader
from spcs_worker_tui.domain.errors import PrefectNotFoundError, PrefectUnauthorizedError
from spcs_worker_tui.domain.prefect import WorkerStarts, WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.sandbox.demo.pulse import Beat, started_event
from spcs_worker_tui.sandbox.prefect.seed import WorkPool
from support.prefect_lab import Lab, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUTH = "ops:wonder land"

# What PrefectClient says of a pool, as JSON. In a process of its own: importing Prefect reads and
# makes files, and this test must not depend on the user's.
ASK_THE_CLIENT = """
import asyncio, json, sys
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import *
from prefect.client.schemas.sorting import FlowRunSort

async def main(url, auth, name):
    async with PrefectClient(url, auth_string=auth) as client:
        pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[name]))
        late = FlowRunFilter(state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Late"])))
        running = FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=["RUNNING"]))
        )
        sort = FlowRunSort.EXPECTED_START_TIME_ASC
        runs = await client.read_flow_runs(
            work_pool_filter=pool, flow_run_filter=late, sort=sort, limit=200
        )
        busy = await client.read_flow_runs(
            work_pool_filter=pool, flow_run_filter=running, sort=FlowRunSort.START_TIME_DESC
        )
        flows = {str(flow.id): flow.name for flow in await client.read_flows()}
        workers = await client.read_workers_for_work_pool(name)
        print(json.dumps({
            "version": await client.api_version(),
            "pool": (await client.read_work_pool(name)).model_dump(mode="json"),
            "queues": [q.model_dump(mode="json") for q in await client.read_work_queues(
                work_pool_name=name)],
            "workers": [w.model_dump(mode="json") for w in workers],
            "late": [r.model_dump(mode="json") for r in runs],
            "late_count": await client.count_flow_runs(
                work_pool_filter=pool, flow_run_filter=late),
            "running": [r.model_dump(mode="json") for r in busy],
            "flows": flows,
        }))

asyncio.run(main(*sys.argv[1:]))
"""


async def ask_the_client(lab: Lab, pool: str) -> dict[str, Any]:
    home = lab.root / "client"
    home.mkdir(exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    env |= {"PREFECT_HOME": str(home), "DO_NOT_TRACK": "1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        ASK_THE_CLIENT,
        lab.server.api_url,
        AUTH,
        pool,
        env=env,
        cwd=home,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    answer: dict[str, Any] = json.loads(out)
    return answer


def reader(lab: Lab, auth: str = AUTH, **fields: Any) -> ApiReader:
    return ApiReader(PrefectHttp(lab.server.api_url, Credentials(auth_string=auth, **fields)))


async def look(lab: Lab, pool: str) -> WorkPoolSnapshot:
    own = reader(lab)
    try:
        return await own.work_pool(WorkPoolKey(lab.server.api_url, pool))
    finally:
        await own.close()


async def beat(lab: Lab, pool: str, name: str, interval: int | None = 3600) -> None:
    body = {"name": name, "heartbeat_interval_seconds": interval}
    await lab.seeder.request("POST", f"/work_pools/{pool}/workers/heartbeat", body)


async def run_in(lab: Lab, deployment: str, state: dict[str, Any], **fields: Any) -> str:
    path = f"/deployments/{deployment}/create_flow_run"
    answer = await lab.seeder.request("POST", path, {"state": state, **fields})
    return str(answer.json()["id"])


def scheduled(seconds_ago: float) -> dict[str, Any]:
    when = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return {"type": "SCHEDULED", "state_details": {"scheduled_time": when.isoformat()}}


def same_time(ours: datetime | None, theirs: str | None) -> bool:
    return ours == (datetime.fromisoformat(theirs) if theirs else None)


async def test_every_field_is_what_prefects_client_answers(prefect: Lab) -> None:
    deployment = await prefect.deployment("contract")
    await prefect.seeder.request("PATCH", "/work_pools/contract", {"concurrency_limit": 2})
    queue = {"name": "slow lane", "is_paused": True, "concurrency_limit": 7}
    await prefect.seeder.request("POST", "/work_pools/contract/queues", queue)
    await beat(prefect, "contract", "analytics.prefect.ingest.0")
    await beat(prefect, "contract", "no-interval", None)
    for seconds in (120, 600):
        await run_in(prefect, deployment, scheduled(seconds))
    await run_in(prefect, deployment, scheduled(60), work_queue_name="slow lane")
    labels = {"prefect.worker.name": "analytics.prefect.ingest.0"}
    running = await run_in(prefect, deployment, scheduled(0), labels=labels)
    state = {"state": {"type": "RUNNING"}, "force": True}
    await prefect.seeder.request("POST", f"/flow_runs/{running}/set_state", state)

    async def three_late() -> WorkPoolSnapshot | None:
        found = await look(prefect, "contract")
        return found if found.late_count == 3 else None

    await until(three_late, what="three late runs")
    theirs = await ask_the_client(prefect, "contract")
    ours = await look(prefect, "contract")

    pool = theirs["pool"]
    assert (ours.type, ours.status) == (pool["type"], pool["status"])
    assert (ours.is_paused, ours.concurrency_limit) == (pool["is_paused"], 2)
    assert ours.active_slots == 1  # Prefect's model drops it: one run is RUNNING
    assert ours.server_version == await admin_version(prefect)
    assert ours.clock_skew == timedelta()

    queues = {row["name"]: row for row in theirs["queues"]}
    assert {queue.name for queue in ours.queues} == set(queues) == {"default", "slow lane"}
    for queue in ours.queues:
        row = queues[queue.name]
        assert (queue.status, queue.is_paused) == (row["status"], row["is_paused"])
        assert queue.concurrency_limit == row["concurrency_limit"]
        assert same_time(queue.last_polled, row["last_polled"])
    assert {q.name: q.late_count for q in ours.queues} == {"default": 2, "slow lane": 1}

    workers = {row["name"]: row for row in theirs["workers"]}
    assert {worker.name for worker in ours.workers} == set(workers)
    for worker in ours.workers:
        row = workers[worker.name]
        assert worker.status == row["status"]
        assert worker.heartbeat_interval_seconds == row["heartbeat_interval_seconds"]
        assert same_time(worker.last_heartbeat_time, row["last_heartbeat_time"])
        assert worker.created is not None

    assert ours.late_count == theirs["late_count"] == 3
    assert ours.running_count == len(theirs["running"]) == 1
    for run, row in zip(
        ours.late_runs + ours.running_runs, theirs["late"] + theirs["running"], strict=True
    ):
        assert (run.id, run.name) == (row["id"], row["name"])
        assert run.flow_name == theirs["flows"][row["flow_id"]] == "hello"
        assert (run.state_type, run.state_name) == (row["state_type"], row["state_name"])
        assert run.work_queue_name == row["work_queue_name"]
        assert same_time(run.expected_start_time, row["expected_start_time"])
        assert same_time(run.start_time, row["start_time"])
        assert same_time(run.end_time, row["end_time"])
    assert ours.running_runs[0].worker_name == "analytics.prefect.ingest.0"
    assert ours.late_runs[0].expected_start_time < ours.late_runs[1].expected_start_time


async def admin_version(lab: Lab) -> str:
    return str((await lab.seeder.request("GET", "/admin/version")).json())


async def test_looking_leaves_no_trace(prefect: Lab) -> None:
    """`last_polled` is a sign of life of workers; a dashboard must not fake it."""
    await prefect.seeder.create_work_pool(WorkPool("untouched"))
    for _ in range(2):
        seen = await look(prefect, "untouched")
    assert [queue.last_polled for queue in seen.queues] == [None]
    assert seen.status == "NOT_READY"
    assert seen.workers == ()


async def test_a_pool_of_many_workers_is_read_to_the_end(prefect: Lab) -> None:
    await prefect.seeder.create_work_pool(WorkPool("crowd"))
    names = {f"w{number:03}" for number in range(203)}
    for name in sorted(names):  # one by one: SQLite locks
        await beat(prefect, "crowd", name)
    assert {worker.name for worker in (await look(prefect, "crowd")).workers} == names


async def test_counts_go_on_where_the_list_ends(prefect: Lab) -> None:
    deployment = await prefect.deployment("backlog")
    await prefect.seeder.request("POST", "/work_pools/backlog/queues", {"name": "other"})
    for number in range(23):
        queue = "other" if number % 2 else "default"
        await run_in(prefect, deployment, scheduled(60 + number), work_queue_name=queue)

    async def all_late() -> WorkPoolSnapshot | None:
        found = await look(prefect, "backlog")
        return found if found.late_count == 23 else None

    seen = await until(all_late, what="23 late runs")
    assert len(seen.late_runs) == 20
    assert {q.name: q.late_count for q in seen.queues} == {"default": 12, "other": 11}


async def test_a_missing_pool_is_not_found(prefect: Lab) -> None:
    with pytest.raises(PrefectNotFoundError, match="nobody-made-it"):
        await look(prefect, "nobody-made-it")


@pytest.mark.parametrize("auth", ["", "ops:wrong"])
async def test_wrong_credentials_are_said_so_and_not_shown(prefect: Lab, auth: str) -> None:
    await prefect.seeder.create_work_pool(WorkPool("guarded"))
    own = reader(prefect, auth, source="Prefect profile 'lab'" if auth else "")
    with pytest.raises(PrefectUnauthorizedError) as caught:
        await own.work_pool(WorkPoolKey(prefect.server.api_url, "guarded"))
    await own.close()
    assert "wrong" not in str(caught.value) + caught.value.next_step
    assert ("none are saved" in str(caught.value)) == (not auth)
    assert "PREFECT_API_AUTH_STRING" in caught.value.next_step


async def test_the_worker_s_version_comes_from_its_start(prefect: Lab, tmp_path: Path) -> None:
    await prefect.seeder.create_work_pool(WorkPool("versions"))
    process = await prefect.start_worker("versions", "teller", PREFECT_API_AUTH_STRING=AUTH)
    await process.until_ready()

    async def told() -> bool:
        seen = await look(prefect, "versions")
        return [w.version for w in seen.workers] == [await admin_version(prefect)]

    await until(told, what="the worker's version")


async def test_several_pools_read_together_are_as_read_one_by_one(prefect: Lab) -> None:
    names = ["together-1", "together-2", "together-3"]
    for name in names:
        deployment = await prefect.deployment(name)
        await prefect.seeder.request("POST", f"/work_pools/{name}/queues", {"name": "other"})
        await beat(prefect, name, f"worker of {name}")
        await run_in(prefect, deployment, scheduled(90))
    await prefect.seeder.request("PATCH", f"/work_pools/{names[0]}", {"concurrency_limit": 2})

    async def late() -> bool:
        return [(await look(prefect, name)).late_count for name in names] == [1, 1, 1]

    await until(late, what="a late run in each pool")
    own = reader(prefect)
    keys = [WorkPoolKey(prefect.server.api_url, name) for name in [*names, "nobody-made-it"]]
    try:
        # The first is asked alone; the others gather meanwhile.
        together = await asyncio.gather(
            own.work_pool(WorkPoolKey(prefect.server.api_url, names[0])),
            *(own.work_pool(key) for key in keys),
            return_exceptions=True,
        )
        again = await asyncio.gather(*(own.work_pool(key) for key in keys), return_exceptions=True)
    finally:
        await own.close()
    for found in (together[1:], again):
        assert found[:-1] == [await look(prefect, name) for name in names]
        assert isinstance(found[-1], PrefectNotFoundError)
        assert "nobody-made-it" in str(found[-1])


async def test_starts_are_read_to_the_end_of_the_history(prefect: Lab) -> None:
    """Posted as the demo's played workers do; the test above has a real one."""
    now = datetime.now(UTC)
    names = [f"starter.{number}" for number in range(120)]
    events = [
        started_event(Beat("any", name, 30), str(uuid4()), now - timedelta(seconds=200 - number))
        for number, name in enumerate(names)
    ]
    events.append(started_event(Beat("any", names[7], 30), str(uuid4()), now))
    events.append(started_event(Beat("any", "earlier", 30), str(uuid4()), now - timedelta(hours=2)))
    await prefect.seeder.request("POST", "/events", events)
    own = reader(prefect)

    async def all_read() -> WorkerStarts | None:
        found = await own.worker_starts(now - timedelta(hours=1))
        return found if {("any", name) for name in names} <= found.latest.keys() else None

    starts = await until(all_read, what="all starts")
    since_then = await own.worker_starts(now - timedelta(seconds=100))
    await own.close()
    assert starts.latest["any", names[7]] == now
    assert starts.latest["any", names[8]] == now - timedelta(seconds=192)
    assert ("any", "earlier") not in starts.latest
    assert starts.complete_since == now - timedelta(hours=1)
    assert ("any", names[3]) not in since_then.latest
    assert ("any", names[110]) in since_then.latest


async def test_a_real_worker_is_heard_of_when_it_starts(prefect: Lab) -> None:
    await prefect.seeder.create_work_pool(WorkPool("heard"))
    began = datetime.now(UTC)
    process = await prefect.start_worker("heard", "herald", PREFECT_API_AUTH_STRING=AUTH)
    await process.until_ready()
    own = reader(prefect)

    async def heard() -> datetime | None:
        return (await own.worker_starts(began)).latest.get(("heard", "lab.public.herald.0"))

    started = await until(heard, what="the event of its start")
    await own.close()
    assert began < started < datetime.now(UTC)


async def test_workers_of_a_pool_that_takes_two_pages(prefect: Lab) -> None:
    names = {f"w{number}" for number in range(201)}
    await prefect.seeder.create_work_pool(WorkPool("crowded"))
    for name in names:
        await beat(prefect, "crowded", name)
    seen = await look(prefect, "crowded")
    assert len(seen.workers) == len(names)
    assert {worker.name for worker in seen.workers} == names
