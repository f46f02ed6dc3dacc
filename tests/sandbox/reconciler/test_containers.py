"""One container: pulls, probes, exits and restarts (contract 2.1 to 2.3, 3.1)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from spcs_worker_tui.sandbox.catalogue.model import Container
from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour, SimulatedContainer
from support.small_account import START, SmallAccount, only_container, states

PROBE = {"readinessProbe": {"port": 8080, "path": "/health", "periodSeconds": 5}}
FAILING = "Readiness probe is failing at path: /health, port: 8080"
# With the delays of `small_account.STEADY`: a node after 60 s, the image after 10, a start after 1.
STARTED = 71.0


def seen(container: Container) -> tuple[str, str, int, int | None]:
    return (
        container.status,
        container.message,
        container.restart_count,
        container.last_exit_code,
    )


@pytest.mark.parametrize("code", [0, 1, 143])
async def test_whatever_the_exit_code_a_service_restarts(small: SmallAccount, code: int) -> None:
    small.behaviours["worker"] = Behaviour(exit_after=5, exit_code=code)
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED + 5)
    container = only_container(service)
    application_error = "User application error, check container logs"
    assert seen(container) == ("FAILED", application_error, 0, code)
    assert states(service)[0][1] == "FAILED"
    assert service.status == "PENDING"
    assert container.last_restart_time is None

    await small.after(10)
    assert seen(container) == ("PENDING", "Waiting to start", 1, code)
    assert container.last_restart_time == small.clock.now()
    await small.after(1)
    assert seen(container) == ("READY", "Running", 1, code)
    assert service.status == "RUNNING"


async def test_back_off_doubles_up_to_its_limit(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(exit_after=0.5)
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    restarts = []
    for _ in range(600):
        await small.after(0.5)
        restarted = only_container(service).last_restart_time
        if restarted and restarted not in restarts:
            restarts.append(restarted)
    gaps = [(after - before).total_seconds() for before, after in pairwise(restarts)]
    # Each gap is the start, the life and the back-off: 10, 20, 40, 40, …
    assert gaps[:4] == [21.5, 41.5, 41.5, 41.5]


async def test_back_off_is_forgotten_after_a_long_life(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    for _ in range(3):
        crash(small, service)
        await small.after(60)
    await small.after(600)
    crash(small, service)
    await small.after(10)
    assert only_container(service).message == "Waiting to start"


def crash(small: SmallAccount, service: object, **how: object) -> None:
    running = small.reconciler.running(service, 0, "worker")  # type: ignore[arg-type]
    assert isinstance(running, SimulatedContainer)
    running.crash(**how)  # type: ignore[arg-type]


async def test_out_of_memory(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    crash(small, service, code=137, oom_killed=True)
    await small.after(0)
    expected = ("FAILED", "Container was OOMKilled due to resource usage", 0, 137)
    assert seen(only_container(service)) == expected


async def test_an_image_that_cannot_be_pulled_is_tried_without_end(small: SmallAccount) -> None:
    small.pool()
    image = small.image("worker")
    image.pullable = False
    service = small.service(image)
    for seconds in (70, 100, 1000):
        await small.after(seconds)
        container = only_container(service)
        assert seen(container) == ("PENDING", "Failed to pull image", 0, None)
        assert service.status == "PENDING"
        assert container.start_time is None
    image.pullable = True
    await small.after(31)
    assert seen(container) == ("READY", "Running", 0, None)


async def test_an_image_that_left_the_repository_cannot_be_pulled(small: SmallAccount) -> None:
    small.pool()
    image = small.image("worker")
    service = small.service(image)
    await small.after(STARTED)
    small.account.image_repositories["DB", "SCH", "REPO"].images.remove(image)
    # A crash is restarted on its node, which has the image.
    crash(small, service)
    await small.after(11)
    assert seen(only_container(service)) == ("READY", "Running", 1, 1)
    small.suspend(service)
    await small.after(1)
    small.resume(service)
    await small.after(11)
    assert seen(only_container(service)) == ("PENDING", "Failed to pull image", 0, None)


async def test_a_pull_that_fails_on_the_node_is_tried_without_end(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(can_pull=False)
    small.pool()
    service = small.service(small.image("worker"))
    for seconds in (STARTED, 100, 1000):
        await small.after(seconds)
        container = only_container(service)
        assert seen(container) == ("PENDING", "Failed to pull image", 0, None)
        assert service.status == "PENDING"
        assert container.start_time is None
    small.behaviours["worker"] = Behaviour()
    await small.after(21)
    assert seen(container) == ("READY", "Running", 0, None)


async def test_a_container_whose_pull_fails_on_the_node_can_be_stopped(
    small: SmallAccount,
) -> None:
    small.behaviours["worker"] = Behaviour(can_pull=False)
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    small.suspend(service)
    await small.after(1)
    assert service.status == "SUSPENDED"
    assert not service.instances


async def test_an_invalid_image_name(small: SmallAccount) -> None:
    small.pool()
    image = small.image("worker")
    service = small.service(image, container={"image": "worker"})
    await small.after(STARTED)
    message = "Provided image name uses an invalid format"
    assert seen(only_container(service)) == ("FAILED", message, 0, None)
    assert service.status == "FAILED"


async def test_what_cannot_be_started_is_tried_again(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(can_start=False)
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    message = "Encountered fatal error while starting container"
    assert seen(only_container(service)) == ("FAILED", message, 0, 128)
    small.behaviours["worker"] = Behaviour()
    await small.after(11)
    assert seen(only_container(service)) == ("READY", "Running", 1, 128)


async def test_ready_when_the_probe_says_so(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(ready_after=7)
    small.pool()
    service = small.service(small.image("worker"), container=PROBE)
    await small.after(STARTED)
    container = only_container(service)
    assert (container.status, container.message) == ("PENDING", FAILING)
    assert container.start_time == START + timedelta(seconds=STARTED)
    await small.after(5)
    assert (container.status, service.status) == ("PENDING", "PENDING")
    await small.after(5)
    assert (container.status, container.message) == ("READY", "Running")
    assert service.status == "RUNNING"


async def test_never_ready(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(ready_after=None)
    small.pool()
    service = small.service(small.image("worker"), container=PROBE)
    await small.after(STARTED + 10_000)
    assert seen(only_container(service)) == ("PENDING", FAILING, 0, None)
    assert service.status == "PENDING"


async def test_not_ready_any_more_after_the_threshold(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"), container=PROBE)
    await small.after(STARTED)
    running = small.reconciler.running(service, 0, "worker")
    assert isinstance(running, SimulatedContainer)
    running.behaviour = Behaviour(ready_after=None)
    await small.after(10)
    assert service.status == "RUNNING"
    await small.after(5)
    assert seen(only_container(service)) == ("PENDING", FAILING, 0, None)
    assert service.status == "PENDING"


async def test_liveness_restarts_the_container(small: SmallAccount) -> None:
    liveness = {"livenessProbe": {"port": 8080, "path": "/", "periodSeconds": 2}}
    small.pool()
    service = small.service(small.image("worker"), container=liveness)
    await small.after(STARTED)
    running = small.reconciler.running(service, 0, "worker")
    assert isinstance(running, SimulatedContainer)
    running.behaviour = Behaviour(ready_after=None, obeys_sigterm=False)
    await small.after(6)
    assert only_container(service).status == "READY"
    await small.after(30)
    message = "Encountered fatal error while running, check container logs"
    assert seen(only_container(service)) == ("FAILED", message, 0, 137)
    await small.after(11)
    assert seen(only_container(service)) == ("READY", "Running", 1, 137)


async def test_a_defect_in_one_container_leaves_the_others_alone(small: SmallAccount) -> None:
    small.pool(instance_family="CPU_X64_L")
    broken = small.service(small.image("broken"), name="BROKEN", container={"env": 7})
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    assert states(broken) == [(0, "FAILED", [("FAILED", "Encountered fatal error")])]
    assert service.status == "RUNNING"
    broken.dropped = True
    small.reconciler.wake()
    await small.after(0)
    assert broken.status == "DELETED"


async def test_suspend_during_every_stage_leaves_nothing(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(exit_after=5)
    small.pool()
    image = small.image("worker")
    await small.after(60)
    for number, seconds in enumerate((0, 5, 10.5, 12, 18)):
        service = small.service(image, name=f"SVC{number}")
        await small.after(seconds)
        small.suspend(service)
        assert service.status == "SUSPENDING"
        await small.after(0)
        assert (service.status, service.instances) == ("SUSPENDED", [])
        await small.after(100)
        assert small.reconciler.running(service, 0, "worker") is None
