"""A service from CREATE to DROP, as contract 2.1 to 2.3 has it."""

from __future__ import annotations

from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour
from support.small_account import SmallAccount, only_container, states

PROVISIONING = "Compute pool node(s) are being provisioned"


async def test_from_create_on_a_cold_pool_to_running(small: SmallAccount) -> None:
    pool = small.pool()
    service = small.service(small.image("worker"))
    # Just after CREATE, before anything had time to happen.
    assert (pool.state, pool.target_nodes, pool.nodes) == ("STARTING", 1, [])
    assert (service.status, service.current_instances, service.target_instances) == (
        "PENDING",
        0,
        1,
    )
    assert states(service) == [(0, "PENDING", [("PENDING", PROVISIONING)])]

    await small.after(60)
    assert pool.state == "ACTIVE"
    assert service.current_instances == 1
    assert states(service) == [(0, "PENDING", [("PENDING", "Waiting to start")])]
    assert service.instances[0].ip_address.startswith("127.")
    assert only_container(service).start_time is None

    await small.after(11)
    assert service.status == "RUNNING"
    assert states(service) == [(0, "READY", [("READY", "Running")])]
    container = only_container(service)
    assert container.start_time == small.clock.now()
    assert (container.restart_count, container.last_exit_code) == (0, None)


async def test_suspend_sends_sigterm_and_resume_uses_the_stored_digest(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(stop_seconds=4)
    small.pool()
    image = small.image("worker")
    service = small.service(image)
    await small.after(100)

    small.suspend(service)
    assert service.status == "SUSPENDING"
    await small.after(3)
    assert [s[1] for s in states(service)] == ["TERMINATING"]
    await small.after(1)
    assert (service.status, service.instances, service.target_instances) == ("SUSPENDED", [], 0)

    # The tag moves to another image; RESUME does not look at it.
    image.tags.clear()
    small.image("worker", content="newer")
    small.resume(service)
    assert service.status == "PENDING"
    await small.after(11)
    assert service.status == "RUNNING"
    assert only_container(service).image_digest == image.digest


async def test_sigkill_after_thirty_seconds(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(obeys_sigterm=False)
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(100)
    small.suspend(service)
    await small.after(29.9)
    assert service.status == "SUSPENDING"
    await small.after(0.1)
    assert service.status == "SUSPENDED"


async def test_drop_ends_in_nothing(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(stop_seconds=4)
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(100)
    service.dropped = True
    small.reconciler.wake()
    assert service.status == "DELETING"
    assert service.key in small.account.services
    await small.after(4)
    assert service.status == "DELETED"
    assert service.key not in small.account.services


async def test_auto_suspend_of_a_service_that_no_function_calls(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"), auto_suspend_secs=300)
    await small.after(71)
    assert service.status == "RUNNING"
    await small.after(299)
    assert service.status == "RUNNING"
    await small.after(1)
    assert (service.status, service.suspended_on) == ("SUSPENDED", small.clock.now())
    small.resume(service)
    await small.after(12)
    assert service.status == "RUNNING"
    service.auto_suspend_secs = 0
    small.reconciler.wake()
    await small.after(10_000)
    assert service.status == "RUNNING"


async def test_no_auto_suspend_with_a_public_endpoint(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"), auto_suspend_secs=300)
    service.spec["spec"]["endpoints"] = [{"name": "ui", "port": 80, "public": True}]
    await small.after(10_000)
    assert service.status == "RUNNING"
