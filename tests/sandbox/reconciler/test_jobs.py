"""Job services (contract 1.9)."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.reconciler.services import job_status
from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour
from support.small_account import SmallAccount, only_container

STARTED = 71.0


@pytest.mark.parametrize(
    ("code", "status", "container", "message"),
    [
        (0, "DONE", "DONE", "Completed successfully"),
        (3, "FAILED", "FAILED", "User application error, check container logs"),
    ],
)
async def test_a_job_runs_once(
    small: SmallAccount, code: int, status: str, container: str, message: str
) -> None:
    small.behaviours["work"] = Behaviour(exit_after=5, exit_code=code)
    pool = small.pool()
    job = small.service(small.image("work"), is_job=True)
    await small.after(STARTED)
    assert job.status == "RUNNING"
    await small.after(1000)
    seen = only_container(job)
    assert (job.status, seen.status, seen.message) == (status, container, message)
    assert (seen.restart_count, seen.last_exit_code) == (0, code)
    assert pool.state == "IDLE"


async def test_replicas_know_their_index(small: SmallAccount) -> None:
    small.pool(instance_family="CPU_X64_M")
    job = small.service(small.image("work"), is_job=True, replicas=2)
    await small.after(STARTED)
    found = [small.reconciler.running(job, index, "work") for index in range(2)]
    env = [dict(container.launch.env) for container in found]  # type: ignore[union-attr]
    assert [e["SNOWFLAKE_JOB_INDEX"] for e in env] == ["0", "1"]
    assert [e["SNOWFLAKE_JOBS_COUNT"] for e in env] == ["2", "2"]


async def test_cancel(small: SmallAccount) -> None:
    small.behaviours["work"] = Behaviour(stop_seconds=3)
    small.pool()
    job = small.service(small.image("work"), is_job=True)
    await small.after(STARTED)
    job.cancelled = True
    small.reconciler.wake()
    assert job.status == "CANCELLING"
    await small.after(3)
    assert (job.status, job.instances) == ("CANCELLED", [])


async def test_cancel_after_the_end_changes_nothing(small: SmallAccount) -> None:
    small.behaviours["work"] = Behaviour(exit_after=1, exit_code=0)
    small.pool()
    job = small.service(small.image("work"), is_job=True)
    await small.after(100)
    job.cancelled = True
    small.reconciler.wake()
    await small.after(1)
    assert (job.status, only_container(job).status) == ("DONE", "DONE")


@pytest.mark.parametrize(
    ("instances", "status"),
    [
        ([], "PENDING"),
        (["PENDING", "PENDING"], "PENDING"),
        (["READY", "PENDING"], "RUNNING"),
        (["READY", "SUCCEEDED"], "RUNNING"),
        (["SUCCEEDED", "FAILED", "READY"], "FAILED"),
        (["SUCCEEDED", "SUCCEEDED"], "DONE"),
    ],
)
def test_status_from_instances(instances: list[str], status: str) -> None:
    assert job_status(instances) == status
