"""The worker for real: a real Prefect server, real signals, real flow runs."""

from __future__ import annotations

import asyncio
import signal

import pytest

from spcs_worker.exits import ExitStatus
from spcs_worker_tui.sandbox.prefect.gate import Fault, Gate
from spcs_worker_tui.sandbox.prefect.seed import Deployment, WorkPool
from support.prefect_lab import Lab, lab

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_ready_once_prefect_has_the_heartbeat_then_runs_flows(prefect: Lab):
    deployment = await prefect.module_deployment(
        Deployment("hello", "hello", "flows", "spcs_worker.flows.hello.hello")
    )
    run = await prefect.seeder.run(deployment, {"pause_seconds": 0})
    worker = await prefect.start_worker("flows", "flows")
    health = await worker.until_ready()
    row = await prefect.worker_row("flows", worker.name)
    assert row is not None
    assert row["status"] == "ONLINE"
    assert row["heartbeat_interval_seconds"] == 2
    assert health["worker"] == worker.name

    done = await prefect.until_run_is(run, "COMPLETED", "FAILED", "CRASHED")
    assert done["state_type"] == "COMPLETED"
    assert done["labels"]["prefect.worker.name"] == worker.name

    worker.signal(signal.SIGTERM)
    assert await worker.exit_status() == ExitStatus.OK
    log = worker.log
    for words in (
        f"Prefect API: {prefect.server.api_url}, without credentials",
        "Work pool: 'flows', work queues: all, limit: none",
        f"Worker: '{worker.name}'",
        "prefect worker start --pool flows --type process",
        "Received SIGTERM",
        "Drained: every flow run has finished",
    ):
        assert words in log
    # Prefect's own lines carry the date, too.
    assert any(
        "T" in line[:11] and "Finished in state Completed()" in line for line in log.splitlines()
    )


async def test_a_run_is_finished_before_the_worker_stops(prefect: Lab):
    run = await prefect.seeder.run(await prefect.deployment("drain"), {"seconds": 5})
    worker = await prefect.start_worker("drain", "drain")
    await prefect.until_run_is(run, "RUNNING")
    worker.signal(signal.SIGTERM)
    await worker.until_not_ready("draining: 1 flow run to finish")
    later = await prefect.seeder.run(await prefect.deployment("drain"))
    assert await worker.exit_status() == ExitStatus.OK
    assert (await prefect.run_state(run))["state_type"] == "COMPLETED"
    # Nobody took the run that came during the drain: it waits for another worker.
    assert (await prefect.run_state(later))["state_type"] == "SCHEDULED"


async def test_runs_that_do_not_finish_are_crashed_not_running_for_ever(prefect: Lab):
    deployment = await prefect.deployment("crash")
    runs = [
        await prefect.seeder.run(deployment, {"seconds": 60}),
        await prefect.seeder.run(deployment, {"seconds": 60, "stubborn": True}),
    ]
    worker = await prefect.start_worker("crash", "crash", PREFECT_WORKER_DRAIN_SECONDS="1")
    for run in runs:
        await prefect.until_run_is(run, "RUNNING")
    worker.signal(signal.SIGTERM)
    assert await worker.exit_status() == ExitStatus.INTERRUPTED
    states = [await prefect.run_state(run) for run in runs]
    assert [state["state_type"] for state in states] == ["CRASHED", "CRASHED"]
    assert "2 flow runs did not finish in time" in worker.log


async def test_a_second_signal_ends_the_drain(prefect: Lab):
    run = await prefect.seeder.run(await prefect.deployment("insist"), {"seconds": 120})
    worker = await prefect.start_worker("insist", "insist")
    await prefect.until_run_is(run, "RUNNING")
    worker.signal(signal.SIGTERM)
    await worker.until_not_ready("draining")
    worker.signal(signal.SIGINT)
    assert await worker.exit_status() == ExitStatus.INTERRUPTED
    assert (await prefect.run_state(run))["state_type"] == "CRASHED"


async def test_a_sigint_inherited_as_ignored_does_not_lose_the_sigterm(prefect: Lab):
    await prefect.deployment("ignored")
    worker = await prefect.start_worker("ignored", "ignored", sigint_ignored=True)
    await worker.until_ready()
    worker.signal(signal.SIGTERM)
    assert await worker.exit_status() == ExitStatus.OK


async def test_a_missing_work_pool_is_said_and_ends_the_worker(prefect: Lab):
    worker = await prefect.start_worker("nowhere", "missing")
    assert await worker.exit_status() == ExitStatus.POOL_MISSING
    assert "has no work pool 'nowhere'" in worker.log
    assert "Traceback" not in worker.log


async def test_a_missing_work_pool_is_created_if_wanted(prefect: Lab):
    worker = await prefect.start_worker("made", "maker", PREFECT_WORKER_CREATE_POOL="true")
    await worker.until_ready()
    assert (await prefect.seeder.request("GET", "/work_pools/made")).json()["type"] == "process"


async def test_a_work_pool_of_another_type_is_refused(prefect: Lab):
    await prefect.seeder.request("POST", "/work_pools/", {"name": "pods", "type": "kubernetes"})
    worker = await prefect.start_worker("pods", "pods")
    assert await worker.exit_status() == ExitStatus.CONFIG
    assert "is of type 'kubernetes'" in worker.log


async def test_a_row_left_by_an_earlier_life_is_no_proof(prefect: Lab):
    await prefect.seeder.create_work_pool(WorkPool("again"))
    body = {"name": "lab.public.again.0", "heartbeat_interval_seconds": 2}
    await prefect.seeder.request("POST", "/work_pools/again/workers/heartbeat", body)
    before = await prefect.worker_row("again", body["name"])
    worker = await prefect.start_worker("again", "again")
    await worker.until_ready()
    after = await prefect.worker_row("again", worker.name)
    assert before is not None
    assert after is not None
    assert after["last_heartbeat_time"] != before["last_heartbeat_time"]


async def test_waits_for_prefect_to_come_up_and_says_when_it_went_away(prefect: Lab):
    await prefect.seeder.create_work_pool(WorkPool("outage"))
    gate = Gate()
    await gate.start()
    try:
        worker = await prefect.start_worker("outage", "outage", PREFECT_API_URL=gate.api_url)
        await worker.until_not_ready("answers 503")
        gate.lead_to(prefect.server.gate.port)
        await worker.until_ready()
        await gate.set_fault(Fault.REFUSE)
        await worker.until_not_ready("no heartbeat of this worker")
        await gate.set_fault(None)
        await worker.until_ready()
    finally:
        await gate.stop()


async def test_an_address_that_is_no_prefect(prefect: Lab):
    await prefect.server.wait_ready()
    gate = Gate()
    await gate.start()
    await gate.set_fault(Fault.HTML)
    try:
        worker = await prefect.start_worker("any", "html", PREFECT_API_URL=gate.api_url)
        assert await worker.exit_status() == ExitStatus.NOT_PREFECT
        assert "not as a Prefect API does" in worker.log
    finally:
        await gate.stop()


@pytest.mark.parametrize("given", ["wrong", "none"])
async def test_refused_credentials_are_one_sentence_without_the_secret(prefect: Lab, given: str):
    gate = Gate()
    await gate.start()
    await gate.set_fault(Fault.UNAUTHORIZED)
    more = {"PREFECT_API_KEY": "pnu_hunter2"} if given == "wrong" else {}
    try:
        worker = await prefect.start_worker(
            "any", f"key-{given}", PREFECT_API_URL=gate.api_url, **more
        )
        assert await worker.exit_status() == ExitStatus.REFUSED
    finally:
        await gate.stop()
    assert ("refused the credentials in PREFECT_API_KEY" in worker.log) == (given == "wrong")
    assert ("wants credentials (401)" in worker.log) == (given == "none")
    assert "hunter2" not in worker.log
    assert "Traceback" not in worker.log


async def test_with_an_auth_string(tmp_path):
    async with lab(tmp_path, auth_string="admin:hunter2") as prefect:
        await prefect.seeder.create_work_pool(WorkPool("auth"))
        worker, refused = await asyncio.gather(
            prefect.start_worker("auth", "auth", PREFECT_API_AUTH_STRING="admin:hunter2"),
            prefect.start_worker("auth", "refused", PREFECT_API_AUTH_STRING="admin:wrong"),
        )
        assert await refused.exit_status() == ExitStatus.REFUSED
        await worker.until_ready()
        assert "credentials from PREFECT_API_AUTH_STRING" in worker.log
        # The key is revoked while the worker runs.
        await prefect.server.gate.set_fault(Fault.UNAUTHORIZED)
        assert await worker.exit_status() == ExitStatus.REFUSED
        assert "does not accept the worker's credentials any more" in worker.log
        assert "hunter2" not in worker.log
