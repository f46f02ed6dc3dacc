"""What changes something, through Prefect's own client against a real server."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder, Credentials
from spcs_worker_tui.adapters.prefect.quiet_import import import_writer
from spcs_worker_tui.adapters.prefect.readers import PrefectReaders
from spcs_worker_tui.domain.errors import (
    PrefectError,
    PrefectNotFoundError,
    PrefectUnauthorizedError,
    PrefectUnreachableError,
)
from spcs_worker_tui.domain.ports import PrefectWriter
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkQueueKey
from spcs_worker_tui.sandbox.prefect.seed import WorkPool
from support.prefect_lab import Lab, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAVED = Credentials(auth_string="ops:wonder land", source="the test")


def writer(credentials: Credentials = SAVED) -> PrefectWriter:
    async def find(_url: str) -> Credentials:
        return credentials

    made: PrefectWriter = import_writer().PrefectClients(find)
    return made


async def pool(prefect: Lab, name: str) -> WorkPoolKey:
    await prefect.seeder.create_work_pool(WorkPool(name, description="who made it"))
    return WorkPoolKey(prefect.server.api_url, name)


async def raw(prefect: Lab, path: str) -> dict[str, object]:
    found: dict[str, object] = (await prefect.seeder.request("GET", path)).json()
    return found


async def test_importing_leaves_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    before = dict(os.environ)
    import_writer()
    assert dict(os.environ) == before


async def test_a_pool_is_paused_described_and_goes_on(prefect: Lab) -> None:
    key = WorkQueueKey(await pool(prefect, "pausing"))
    await writer().set_paused(key, paused=True, description="[drain] who made it")
    state = await writer().pause_state(key)
    assert (state.is_paused, state.description) == (True, "[drain] who made it")
    row = await raw(prefect, "/work_pools/pausing")
    assert (row["is_paused"], row["status"]) == (True, "PAUSED")
    await writer().set_paused(key, paused=False)
    state = await writer().pause_state(key)
    assert (state.is_paused, state.description) == (False, "[drain] who made it")


async def test_a_queue_is_paused_and_its_pool_is_not(prefect: Lab) -> None:
    key = await pool(prefect, "queues, more?#")
    body = {"name": "fast lane", "description": "", "concurrency_limit": 3, "priority": 1}
    await prefect.seeder.request("POST", "/work_pools/queues%2C%20more%3F%23/queues", body)
    queue = WorkQueueKey(key, "fast lane")
    await writer().set_paused(queue, paused=True, description="x")
    assert (await writer().pause_state(queue)).is_paused
    assert not (await writer().pause_state(WorkQueueKey(key))).is_paused
    assert not (await writer().pause_state(WorkQueueKey(key, "default"))).is_paused
    await writer().set_paused(queue, paused=False, description="")
    assert (await writer().pause_state(queue)).description == ""
    row = await raw(prefect, "/work_pools/queues%2C%20more%3F%23/queues/fast%20lane")
    assert (row["concurrency_limit"], row["priority"]) == (3, 1)


async def test_limits_are_set_and_taken_away(prefect: Lab) -> None:
    key = await pool(prefect, "limits")
    for where, path in (
        (WorkQueueKey(key), "/work_pools/limits"),
        (WorkQueueKey(key, "default"), "/work_pools/limits/queues/default"),
    ):
        await writer().set_concurrency_limit(where, 2)
        row = await raw(prefect, path)
        assert (row["concurrency_limit"], row["is_paused"]) == (2, False)
        await writer().set_concurrency_limit(where, None)
        assert (await raw(prefect, path))["concurrency_limit"] is None


async def test_a_pool_is_created_once(prefect: Lab) -> None:
    key = WorkPoolKey(prefect.server.api_url, "created here")
    await writer().create_work_pool(key, 4)
    row = await raw(prefect, "/work_pools/created%20here")
    assert (row["type"], row["concurrency_limit"]) == ("process", 4)
    with pytest.raises(PrefectError, match="already exists"):
        await writer().create_work_pool(key)


async def test_a_name_that_prefect_reserves(prefect: Lab) -> None:
    with pytest.raises(PrefectError, match="reserved"):
        await writer().create_work_pool(WorkPoolKey(prefect.server.api_url, "prefect-x"))


async def test_a_worker_row_is_deleted_once(prefect: Lab) -> None:
    key = await pool(prefect, "rows")
    beat = {"name": "d.s.gone.0", "heartbeat_interval_seconds": 30}
    await prefect.seeder.request("POST", "/work_pools/rows/workers/heartbeat", beat)
    assert await prefect.worker_row("rows", "d.s.gone.0")
    await writer().delete_worker(key, "d.s.gone.0")
    assert await prefect.worker_row("rows", "d.s.gone.0") is None
    await writer().delete_worker(key, "d.s.gone.0")


async def test_a_run_is_seen_in_its_workers_hands(prefect: Lab) -> None:
    key = WorkPoolKey(prefect.server.api_url, "held")
    deployment = await prefect.deployment("held")
    worker = await prefect.start_worker("held", "held", PREFECT_API_AUTH_STRING="ops:wonder land")
    await worker.until_ready()
    assert await writer().active_runs(key) == ()
    run_id = await prefect.seeder.run(deployment, {"seconds": 60})

    async def running() -> bool:
        return any(r.state_type == "RUNNING" for r in await writer().active_runs(key))

    await until(running, what="the run to run")
    (run,) = await writer().active_runs(key)
    assert (run.id, run.worker_name, run.work_queue_name) == (run_id, worker.name, "default")
    assert run.start_time
    assert abs((await writer().now(key) - run.start_time).total_seconds()) < 60
    worker.signal(signal.SIGKILL)


async def test_a_smoke_run_is_followed_to_its_end(prefect: Lab) -> None:
    key = await pool(prefect, "smoke")
    worker = await prefect.start_worker("smoke", "smoke", PREFECT_API_AUTH_STRING="ops:wonder land")
    await worker.until_ready()
    run = await writer().create_run(key, flow="hello", entrypoint="spcs_worker.flows.hello.hello")
    assert run.state_type == "SCHEDULED"

    async def completed() -> bool:
        state = (await writer().run(key, run.id)).state_type
        assert state not in ("FAILED", "CRASHED"), worker.log
        return state == "COMPLETED"

    await until(completed, what="the smoke run to complete")
    assert (await writer().run(key, run.id)).worker_name == worker.name
    worker.signal(signal.SIGKILL)


async def test_refusals_are_ours(prefect: Lab) -> None:
    key = WorkQueueKey(WorkPoolKey(prefect.server.api_url, "nobody made it"))
    with pytest.raises(PrefectNotFoundError, match="not found"):
        await writer().set_paused(key, paused=True)
    with pytest.raises(PrefectNotFoundError):
        await writer().pause_state(WorkQueueKey(key.pool, "nor this"))
    wrong = Credentials(auth_string="ops:hunter2", source="the test")
    with pytest.raises(PrefectUnauthorizedError) as told:
        await writer(wrong).set_paused(key, paused=True)
    assert "hunter2" not in f"{told.value} {told.value.next_step} {told.value!r}"
    with pytest.raises(PrefectUnauthorizedError, match="none are saved"):
        await writer(Credentials()).set_paused(key, paused=True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api", "ftp://x/api", "http://[/api", ""])
async def test_an_api_that_is_not_there(url: str) -> None:
    with pytest.raises(PrefectUnreachableError):
        await writer().pause_state(WorkQueueKey(WorkPoolKey(url, "spcs")))


async def test_credentials_saved_for_one_api_are_not_sent_to_another(
    prefect: Lab, tmp_path: Path
) -> None:
    (tmp_path / "profiles.toml").write_text(
        'active = "a"\n[profiles.a]\nPREFECT_API_URL = "http://127.0.0.1:1/api"\n'
        'PREFECT_API_AUTH_STRING = "ops:wonder land"\n'
    )
    finder = CredentialFinder({}, tmp_path / "profiles.toml")
    clients: PrefectWriter = import_writer().PrefectClients(finder.find_everywhere)
    with pytest.raises(PrefectUnauthorizedError, match="none are saved"):
        await clients.pause_state(WorkQueueKey(await pool(prefect, "private")))


async def test_the_reader_sees_what_was_written(prefect: Lab) -> None:
    key = await pool(prefect, "seen")
    await writer().set_paused(WorkQueueKey(key, "default"), paused=True, description="why")
    await writer().set_paused(WorkQueueKey(key), paused=False, description="made for this")
    readers = PrefectReaders(
        CredentialFinder(
            {"PREFECT_API_URL": key.api_url, "PREFECT_API_AUTH_STRING": "ops:wonder land"}
        )
    )
    try:
        snapshot = await readers.work_pool(key)
    finally:
        await readers.close()
    assert snapshot.description == "made for this"
    assert [(q.name, q.is_paused, q.description) for q in snapshot.queues] == [
        ("default", True, "why")
    ]
