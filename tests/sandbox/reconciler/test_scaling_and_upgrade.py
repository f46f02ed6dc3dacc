"""How many instances, and which specification each has (contract 1.8, 2.2)."""

from __future__ import annotations

from spcs_worker_tui.sandbox.catalogue.model import Service
from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour
from support.small_account import SmallAccount, states


def digests(service: Service) -> list[str]:
    return [instance.spec_digest for instance in service.instances]


def ids(service: Service) -> list[int]:
    return [instance.instance_id for instance in service.instances]


async def running_three(small: SmallAccount, **changes: int) -> Service:
    small.pool(instance_family="CPU_X64_M")
    counts = {"min_instances": 3, "max_instances": 3, "min_ready_instances": 2, **changes}
    service = small.service(small.image("worker"), **counts)
    await small.after(100)
    assert service.status == "RUNNING"
    return service


async def test_running_as_soon_as_enough_are_ready(small: SmallAccount) -> None:
    # Room for two of three.
    small.pool(instance_family="CPU_X64_XS")
    service = small.service(
        small.image("worker"), min_instances=3, max_instances=3, min_ready_instances=2
    )
    await small.after(100)
    assert service.status == "RUNNING"
    assert (service.current_instances, service.target_instances) == (2, 3)
    assert states(service)[2] == (
        2,
        "PENDING",
        [("PENDING", "Unschedulable due to insufficient CPU resources")],
    )
    service.min_ready_instances = 3
    small.reconciler.wake()
    assert service.status == "PENDING"


async def test_scale_down_removes_the_highest_ids_and_restarts_nothing(small: SmallAccount) -> None:
    service = await running_three(small)
    first = service.instances[0]
    service.min_instances = service.max_instances = 1
    small.reconciler.wake()
    assert service.target_instances == 1
    await small.after(0)
    assert ids(service) == [0]
    assert service.instances[0] is first
    service.min_instances = service.max_instances = 2
    small.reconciler.wake()
    await small.after(20)
    assert ids(service) == [0, 1]
    assert service.instances[0] is first


async def test_load_moves_the_number_between_min_and_max(small: SmallAccount) -> None:
    service = await running_three(small, min_instances=1, max_instances=3, min_ready_instances=1)
    assert service.target_instances == 1
    for load, target in ((2, 2), (9, 3), (0, 1)):
        small.reconciler.ask_for_instances(service, load)
        await small.after(20)
        assert (service.target_instances, ids(service)) == (target, list(range(target)))


async def test_upgrade_goes_from_the_highest_id_down_one_at_a_time(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(stop_seconds=5)
    service = await running_three(small)
    small.upgrade(service, "digest-2", small.image("newer"))
    assert service.is_upgrading
    assert [s[1] for s in states(service)] == ["READY", "READY", "TERMINATING"]
    seen = [digests(service)]
    for _ in range(200):
        await small.after(0.5)
        if service.is_upgrading:
            replaced = [i for i in service.instances if i.status != "READY"]
            assert len(replaced) <= 1
        if digests(service) != seen[-1] and len(service.instances) == 3:
            seen.append(digests(service))
    old, new = "digest-1", "digest-2"
    assert seen == [[old, old, old], [old, old, new], [old, new, new], [new, new, new]]
    assert not service.is_upgrading
    assert service.status == "RUNNING"
    assert {c.name for i in service.instances for c in i.containers} == {"newer"}
    changes = [e.status for e in service.events if e.name == "SERVICE.STATUS_CHANGE"]
    assert changes[-2:] == ["UPGRADING", "UPGRADED"]


async def test_an_upgrade_that_fails_waits_and_is_undone_by_another(small: SmallAccount) -> None:
    service = await running_three(small)
    old = service.instances[0].containers[0].image_digest
    bad = small.image("bad")
    bad.pullable = False
    small.upgrade(service, "digest-2", bad)
    await small.after(1000)
    assert service.is_upgrading
    # Two of three still have the old specification, and two are enough.
    assert digests(service) == ["digest-1", "digest-1", "digest-2"]
    assert service.status == "RUNNING"

    untouched = service.instances[:2]
    worker = small.account.image_repositories["DB", "SCH", "REPO"].images[0]
    small.upgrade(service, "digest-1", worker)
    await small.after(100)
    assert not service.is_upgrading
    assert digests(service) == ["digest-1"] * 3
    assert service.instances[:2] == untouched
    assert {i.containers[0].image_digest for i in service.instances} == {old}


async def test_a_crash_in_an_instance_not_yet_upgraded_keeps_its_old_image(
    small: SmallAccount,
) -> None:
    service = await running_three(small)
    bad = small.image("bad")
    bad.pullable = False
    small.upgrade(service, "digest-2", bad)
    await small.after(50)
    running = small.reconciler.running(service, 0, "worker")
    assert running is not None
    running.kill()
    await small.after(11)
    container = service.instances[0].containers[0]
    assert (container.name, container.status, container.restart_count) == ("worker", "READY", 1)


async def test_a_new_digest_alone_is_an_upgrade(small: SmallAccount) -> None:
    service = await running_three(small)
    service.digests = {"worker": small.image("worker", content="newer").digest}
    small.reconciler.wake()
    assert service.is_upgrading
    await small.after(100)
    found = {i.containers[0].image_digest for i in service.instances}
    assert found == set(service.digests.values())


async def test_suspend_during_an_upgrade_ends_it(small: SmallAccount) -> None:
    service = await running_three(small)
    small.upgrade(service, "digest-2", small.image("newer"))
    await small.after(5)
    small.suspend(service)
    await small.after(0)
    assert (service.status, service.is_upgrading) == ("SUSPENDED", False)
    small.resume(service)
    await small.after(20)
    assert digests(service) == ["digest-2"] * 3


async def test_a_specification_given_while_suspended_is_used_at_resume(small: SmallAccount) -> None:
    service = await running_three(small)
    small.suspend(service)
    await small.after(0)
    small.upgrade(service, "digest-2", small.image("newer"))
    await small.after(100)
    assert (service.status, service.instances, service.is_upgrading) == ("SUSPENDED", [], False)
    small.resume(service)
    await small.after(20)
    assert digests(service) == ["digest-2"] * 3
