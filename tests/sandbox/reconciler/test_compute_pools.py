"""Compute pools: states, nodes, capacity, suspension (contract 1.10, 2.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from spcs_worker_tui.sandbox.catalogue.model import ComputePool, Service
from spcs_worker_tui.sandbox.reconciler.delays import REALISTIC
from support.small_account import START, SmallAccount, states

PROVISIONING = "Compute pool node(s) are being provisioned"


def figures(pool: ComputePool) -> tuple[str, int, int]:
    return pool.state, len(pool.nodes), pool.target_nodes


async def test_a_new_pool_starts_its_minimum(small: SmallAccount) -> None:
    pool = small.pool(min_nodes=2, max_nodes=4)
    assert figures(pool) == ("STARTING", 0, 2)
    assert pool.status_message == "Compute pool is starting for last 0 minutes"
    await small.after(60)
    assert figures(pool) == ("IDLE", 2, 2)
    assert (pool.status_message, pool.error_code) == ("", "")


async def test_one_that_is_created_suspended_has_nothing(small: SmallAccount) -> None:
    pool = small.pool(suspended=True)
    assert figures(pool) == ("SUSPENDED", 0, 0)
    await small.after(1000)
    assert figures(pool) == ("SUSPENDED", 0, 0)
    pool.suspended = False
    small.reconciler.wake()
    assert figures(pool) == ("STARTING", 0, 1)
    # Resumed ones come sooner.
    await small.after(30)
    assert figures(pool) == ("IDLE", 1, 1)


async def test_suspend_of_an_empty_pool_is_immediate(small: SmallAccount) -> None:
    pool = small.pool()
    await small.after(60)
    pool.suspended = True
    small.reconciler.wake()
    assert figures(pool) == ("SUSPENDED", 0, 0)


async def test_suspend_suspends_the_services_and_lets_jobs_end(small: SmallAccount) -> None:
    pool = small.pool(instance_family="CPU_X64_M")
    service = small.service(small.image("worker"))
    job = small.service(small.image("work"), name="JOB", is_job=True)
    await small.after(100)
    assert (service.status, job.status) == ("RUNNING", "RUNNING")
    pool.suspended = True
    small.reconciler.wake()
    assert (pool.state, service.status) == ("STOPPING", "SUSPENDING")
    await small.after(1)
    assert (service.suspended, service.status) == (True, "SUSPENDED")
    assert service.suspended_on == START + timedelta(seconds=100)
    assert figures(pool) == ("STOPPING", 1, 0)
    running = small.reconciler.running(job, 0, "work")
    assert running is not None
    running.terminate()
    await small.after(1)
    assert job.status == "DONE"
    assert figures(pool) == ("SUSPENDED", 0, 0)

    # Nothing promises that the services come back with their pool.
    pool.suspended = False
    small.reconciler.wake()
    await small.after(100)
    assert figures(pool) == ("IDLE", 1, 1)
    assert service.status == "SUSPENDED"


@pytest.mark.parametrize("auto_resume", [True, False])
async def test_a_new_service_resumes_its_pool_if_it_may(
    small: SmallAccount, auto_resume: bool
) -> None:
    pool = small.pool(suspended=True, auto_resume=auto_resume)
    service = small.service(small.image("worker"))
    assert pool.suspended is not auto_resume
    await small.after(100)
    if auto_resume:
        assert (pool.state, service.status) == ("ACTIVE", "RUNNING")
        assert pool.resumed_on == START
    else:
        assert (pool.state, service.status) == ("SUSPENDED", "PENDING")
        assert (service.instances, service.current_instances) == ([], 0)


async def test_resume_of_a_service_resumes_its_pool(small: SmallAccount) -> None:
    pool = small.pool()
    service = small.service(small.image("worker"))
    await small.after(100)
    pool.suspended = True
    small.reconciler.wake()
    await small.after(10)
    assert (pool.state, service.status) == ("SUSPENDED", "SUSPENDED")
    small.resume(service)
    assert (pool.state, service.status) == ("STARTING", "PENDING")
    assert states(service) == [(0, "PENDING", [("PENDING", PROVISIONING)])]
    await small.after(41)
    assert (pool.state, service.status) == ("ACTIVE", "RUNNING")


async def test_auto_suspend_counts_from_when_nothing_runs(small: SmallAccount) -> None:
    pool = small.pool(auto_suspend_secs=600)
    service = small.service(small.image("worker"))
    await small.after(2000)
    assert pool.idle_since is None
    small.suspend(service)
    await small.after(0)
    assert figures(pool) == ("IDLE", 1, 1)
    await small.after(599)
    assert pool.state == "IDLE"
    await small.after(1)
    assert (pool.suspended, figures(pool)) == (True, ("SUSPENDED", 0, 0))
    small.resume(service)
    await small.after(41)
    assert (pool.state, service.status) == ("ACTIVE", "RUNNING")


async def test_a_crash_loop_keeps_the_pool_up(small: SmallAccount) -> None:
    pool = small.pool(auto_suspend_secs=600)
    image = small.image("worker")
    image.pullable = False
    small.service(image)
    await small.after(5000)
    assert pool.state == "ACTIVE"


async def test_a_job_that_ended_does_not(small: SmallAccount) -> None:
    pool = small.pool(auto_suspend_secs=600)
    job = small.service(small.image("work"), is_job=True)
    await small.after(100)
    running = small.reconciler.running(job, 0, "work")
    assert running is not None
    running.kill()
    await small.after(0)
    assert (job.status, pool.state) == ("FAILED", "IDLE")
    await small.after(600)
    assert pool.state == "SUSPENDED"


async def test_no_auto_suspend_when_it_is_zero(small: SmallAccount) -> None:
    pool = small.pool(auto_suspend_secs=0)
    await small.after(1_000_000)
    assert pool.state == "IDLE"


async def test_more_nodes_for_more_work_and_fewer_for_less(small: SmallAccount) -> None:
    pool = small.pool(instance_family="CPU_X64_XS", max_nodes=3)
    first = small.service(small.image("a"), name="A", min_instances=2, max_instances=2)
    await small.after(60)
    assert figures(pool) == ("ACTIVE", 1, 1)
    second = small.service(small.image("b"), name="B", min_instances=3, max_instances=3)
    unschedulable = "Unschedulable due to insufficient CPU resources"
    assert [s[2] for s in states(second)] == [[("PENDING", unschedulable)]] * 3
    assert (pool.error_code, second.current_instances, second.target_instances) == ("", 0, 3)
    # Judged after 30 s.
    await small.after(29)
    assert figures(pool) == ("ACTIVE", 1, 1)
    await small.after(1)
    assert figures(pool) == ("RESIZING", 1, 3)
    assert states(second)[0][2] == [("PENDING", PROVISIONING)]
    await small.after(60)
    assert figures(pool) == ("ACTIVE", 3, 3)
    await small.after(11)
    assert (first.status, second.status) == ("RUNNING", "RUNNING")

    small.suspend(second)
    await small.after(0)
    assert figures(pool) == ("ACTIVE", 3, 3)
    # 30 s to judge, and not within 2 minutes of the step before.
    await small.after(48)
    assert figures(pool) == ("ACTIVE", 3, 3)
    await small.after(1)
    assert figures(pool) == ("ACTIVE", 1, 1)


async def test_no_more_than_max_nodes(small: SmallAccount) -> None:
    pool = small.pool(instance_family="CPU_X64_XS", max_nodes=2)
    service = small.service(small.image("a"), min_instances=5, max_instances=5)
    await small.after(500)
    assert figures(pool) == ("ACTIVE", 2, 2)
    assert (service.current_instances, service.target_instances) == (4, 5)
    assert pool.error_code == "392508"
    assert "MAX_NODES" in pool.status_message
    pool.max_nodes = 3
    small.reconciler.wake()
    await small.after(200)
    assert (figures(pool), pool.error_code) == (("ACTIVE", 3, 3), "")
    assert service.status == "RUNNING"


async def test_the_cloud_has_no_such_nodes(small: SmallAccount) -> None:
    pool = small.pool(capacity=0)
    service = small.service(small.image("a"))
    await small.after(600)
    assert figures(pool) == ("STARTING", 0, 1)
    assert pool.error_code == "392507"
    assert "CAPACITY_ERROR" in pool.status_message
    assert (service.status, service.current_instances, service.target_instances) == (
        "PENDING",
        0,
        1,
    )
    pool.capacity = None
    small.reconciler.wake()
    assert pool.error_code == ""
    await small.after(71)
    assert (pool.state, service.status) == ("ACTIVE", "RUNNING")


async def test_capacity_for_some(small: SmallAccount) -> None:
    pool = small.pool(min_nodes=3, max_nodes=3, capacity=2)
    await small.after(60)
    assert (figures(pool), pool.error_code) == (("RESIZING", 2, 3), "392507")


async def test_the_status_message_counts_minutes() -> None:
    small = SmallAccount(delays=REALISTIC)
    small.reconciler.start()
    pool = small.pool()
    seen = []
    for _ in range(5):
        seen.append(pool.status_message)
        await small.after(60)
    assert seen == [f"Compute pool is starting for last {n} minutes" for n in range(5)]
    assert (figures(pool), pool.status_message) == (("IDLE", 1, 1), "")
    await small.reconciler.stop(0)


async def test_another_instance_family_after_a_suspension(small: SmallAccount) -> None:
    pool = small.pool(instance_family="CPU_X64_XS")
    service = small.service(small.image("a"), min_instances=3, max_instances=3)
    await small.after(100)
    assert service.current_instances == 2
    pool.suspended = True
    small.reconciler.wake()
    await small.after(1)
    pool.instance_family = "CPU_X64_M"
    small.resume(service)
    await small.after(100)
    assert service.current_instances == 3


async def test_more_min_nodes_at_once_and_fewer_later(small: SmallAccount) -> None:
    pool = small.pool(min_nodes=1, max_nodes=5)
    await small.after(60)
    pool.min_nodes = 3
    small.reconciler.wake()
    assert figures(pool) == ("RESIZING", 1, 3)
    await small.after(60)
    assert figures(pool) == ("IDLE", 3, 3)
    pool.min_nodes = 2
    small.reconciler.wake()
    await small.after(30)
    assert figures(pool) == ("IDLE", 2, 2)


async def test_fewer_max_nodes_than_there_are(small: SmallAccount) -> None:
    pool = small.pool(min_nodes=3, max_nodes=3)
    await small.after(60)
    pool.min_nodes = pool.max_nodes = 2
    small.reconciler.wake()
    await small.after(30)
    assert figures(pool) == ("IDLE", 2, 2)


async def test_a_job_is_aborted_with_its_pool(small: SmallAccount) -> None:
    small.pool()
    job: Service = small.service(small.image("work"), is_job=True)
    await small.after(100)
    del small.account.compute_pools["POOL"]
    small.reconciler.wake()
    assert job.status == "CANCELLING"
    await small.after(1)
    assert (job.status, job.instances) == ("CANCELLED", [])
