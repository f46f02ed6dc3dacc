"""What ties it together: waiting, events, environment, and staying alive."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from spcs_worker_tui.sandbox.catalogue.model import Grants, Secret
from spcs_worker_tui.sandbox.reconciler.delays import INSTANT, Delays
from spcs_worker_tui.sandbox.reconciler.events import KEPT
from spcs_worker_tui.sandbox.runtimes.base import Launch
from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour, SimulatedContainer
from support.small_account import START, SmallAccount

STARTED = 71.0


async def test_reached(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"))
    reached = small.reconciler.reached
    assert await reached(service, {"PENDING"}, None)
    assert not await reached(service, {"RUNNING"}, 0)
    soon = asyncio.create_task(reached(service, {"RUNNING", "FAILED"}, None))
    too_soon = asyncio.create_task(reached(service, {"RUNNING"}, 70))
    never = asyncio.create_task(reached(service, {"DONE"}, None))
    await small.after(70)
    assert (too_soon.done(), soon.done()) == (True, False)
    await small.after(1)
    assert (await too_soon, await soon) == (False, True)
    service.dropped = True
    small.reconciler.wake()
    await small.after(1)
    assert await never is False


async def test_a_cancelled_wait_leaves_nothing_behind(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"))
    waiting = asyncio.create_task(small.reconciler.reached(service, {"DONE"}, 10))
    await small.after(1)
    waiting.cancel()
    await small.after(20)
    assert waiting.cancelled()
    assert len(small.reconciler._waiters) == 0


async def test_events_tell_the_story(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(exit_after=5)
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED + 5)
    small.suspend(service)
    await small.after(1)
    small.resume(service)
    story = [(e.severity, e.name.split(".")[0], e.message, e.status) for e in service.events]
    assert story == [
        ("INFO", "SERVICE", "Service is pending", "PENDING"),
        ("INFO", "SERVICE_INSTANCE", "Service instance is pending", "PENDING"),
        ("INFO", "CONTAINER", "Compute pool node(s) are being provisioned", "PENDING"),
        ("INFO", "CONTAINER", "Waiting to start", "PENDING"),
        ("INFO", "CONTAINER", "Running", "READY"),
        ("INFO", "SERVICE_INSTANCE", "Service instance is running", "READY"),
        ("INFO", "SERVICE", "Service is ready", "RUNNING"),
        ("ERROR", "CONTAINER", "User application error, check container logs", "FAILED"),
        ("ERROR", "SERVICE_INSTANCE", "Service instance has failed", "FAILED"),
        ("INFO", "SERVICE", "Service is pending", "PENDING"),
        ("INFO", "SERVICE_INSTANCE", "Service instance is terminating", "TERMINATING"),
        ("INFO", "SERVICE", "Service is suspending", "SUSPENDING"),
        ("INFO", "SERVICE", "Service has suspended", "SUSPENDED"),
        ("INFO", "SERVICE", "Service is resuming", "RESUMING"),
        ("INFO", "SERVICE_INSTANCE", "Service instance is pending", "PENDING"),
        ("INFO", "SERVICE", "Service is pending", "PENDING"),
        ("INFO", "CONTAINER", "Waiting to start", "PENDING"),
    ]
    container = next(e for e in service.events if e.name == "CONTAINER.STATUS_CHANGE")
    assert (container.instance_id, container.container_name) == (0, "worker")


async def test_property_changes_are_events(small: SmallAccount) -> None:
    small.pool()
    service = small.service(small.image("worker"))
    service.comment = "x"
    service.auto_suspend_secs = 300
    service.external_access_integrations.append("EAI")
    small.reconciler.wake()
    event = service.events[-1]
    assert event.name == "SERVICE.PROPERTY_CHANGE"
    expected = "AUTO_SUSPEND_SECS, EXTERNAL_ACCESS_INTEGRATIONS, COMMENT"
    assert event.message == f"Properties set or unset: {expected}"


async def test_events_are_bounded(small: SmallAccount) -> None:
    small.behaviours["worker"] = Behaviour(exit_after=1)
    small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED + 55 * KEPT / 5)
    assert len(service.events) == KEPT


def secret(small: SmallAccount, name: str, **values: str) -> Secret:
    made = Secret(("DB", "SCH", name), "GENERIC_STRING", START, Grants("R"), values)
    small.account.secrets[made.key] = made
    return made


async def launched(small: SmallAccount, **container: Any) -> Launch:
    small.pool()
    service = small.service(small.image("worker"), container=container)
    await small.after(STARTED)
    running = small.reconciler.running(service, 0, "worker")
    assert isinstance(running, SimulatedContainer)
    return running.launch


async def test_environment_of_a_container(small: SmallAccount) -> None:
    secret(small, "KEY", secret_string="pnu_1")
    launch = await launched(
        small,
        env={"PREFECT_API_URL": "http://x", "N": 3, "FLAG": True},
        secrets=[
            {
                "snowflakeSecret": {"objectName": "sch.key"},
                "secretKeyRef": "secret_string",
                "envVarName": "PREFECT_API_KEY",
            },
            {"snowflakeSecret": "gone", "secretKeyRef": "secret_string", "envVarName": "GONE"},
        ],
        resources={"limits": {"memory": "2Gi", "cpu": "500m"}},
    )
    assert dict(launch.env) == {
        "SNOWFLAKE_ACCOUNT": "XY12345",
        "SNOWFLAKE_HOST": "org-acct.snowflakecomputing.com",
        "SNOWFLAKE_DATABASE": "DB",
        "SNOWFLAKE_SCHEMA": "SCH",
        "SNOWFLAKE_SERVICE_NAME": "SVC",
        "HOSTNAME": "statefulset-0",
        "PREFECT_API_URL": "http://x",
        "N": "3",
        "FLAG": "true",
        "PREFECT_API_KEY": "pnu_1",
    }
    assert (launch.memory_limit_bytes, launch.cpu_limit) == (2 * 1024**3, 0.5)
    assert launch.session_directory == "/snowflake/session"
    assert "pnu_1" not in repr(launch)


async def test_limits_are_capped_by_the_node(small: SmallAccount) -> None:
    resources = {"limits": {"memory": "900Gi"}, "requests": {"memory": "1Gi"}}
    launch = await launched(small, resources=resources)
    assert (launch.memory_limit_bytes, launch.cpu_limit) == (13 * 1024**3, 3.0)


@pytest.mark.parametrize(
    ("container", "directory"),
    [
        ({"mountSessionToken": False}, None),
        ({"sessionTokenConfig": {"path": "/tokens"}}, "/tokens"),
    ],
)
async def test_where_the_session_token_is(
    small: SmallAccount, container: dict[str, Any], directory: str | None
) -> None:
    assert (await launched(small, **container)).session_directory == directory


async def test_secret_files_follow_alter_secret_and_variables_do_not(small: SmallAccount) -> None:
    made = secret(small, "LOGIN", username="u", password="old")
    small.pool()
    service = small.service(
        small.image("worker"),
        container={
            "secrets": [
                {"snowflakeSecret": "db.sch.login", "directoryPath": "/secrets/"},
                {"snowflakeSecret": "login", "secretKeyRef": "password", "envVarName": "PW"},
            ]
        },
    )
    await small.after(STARTED)
    running = small.reconciler.running(service, 0, "worker")
    assert isinstance(running, SimulatedContainer)
    assert running.files == {"/secrets/username": "u", "/secrets/password": "old"}
    made.values["password"] = "new"
    small.reconciler.wake()
    assert running.files["/secrets/password"] == "new"
    assert running.launch.env["PW"] == "old"
    small.suspend(service)
    await small.after(1)
    small.resume(service)
    await small.after(11)
    running = small.reconciler.running(service, 0, "worker")
    assert isinstance(running, SimulatedContainer)
    assert running.launch.env["PW"] == "new"


async def test_a_defect_in_one_service_leaves_the_others_alone(small: SmallAccount) -> None:
    small.pool(instance_family="CPU_X64_L")
    broken = small.service(small.image("broken"), name="BROKEN")
    broken.spec = {"nonsense": 1}
    broken.spec_digest = "digest-2"
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    assert service.status == "RUNNING"
    assert broken.status == "INTERNAL_ERROR"


async def test_a_defect_in_one_pool_leaves_the_others_alone(small: SmallAccount) -> None:
    small.pool("BROKEN", min_nodes="none")
    pool = small.pool()
    service = small.service(small.image("worker"))
    await small.after(STARTED)
    assert (pool.state, service.status) == ("ACTIVE", "RUNNING")


async def test_instant_is_instant() -> None:
    small = SmallAccount(delays=INSTANT)
    small.reconciler.start()
    pool = small.pool(max_nodes=3, instance_family="CPU_X64_XS")
    service = small.service(small.image("a"), min_instances=6, max_instances=6)
    await small.after(0)
    assert (pool.state, len(pool.nodes), service.status) == ("ACTIVE", 3, "RUNNING")
    await small.reconciler.stop(0)


@pytest.mark.parametrize("delays", [INSTANT, Delays()])
async def test_a_crash_loop_does_not_spin(delays: Delays) -> None:
    small = SmallAccount({"a": Behaviour(exit_after=0)}, delays)
    small.reconciler.start()
    small.pool()
    service = small.service(small.image("a"))
    await small.after(1000)
    assert 0 < service.instances[0].containers[0].restart_count <= 1000
    await small.reconciler.stop(0)


async def test_stop_ends_even_what_ignores_sigterm() -> None:
    small = SmallAccount({"a": Behaviour(obeys_sigterm=False)}, INSTANT)
    small.reconciler.start()
    small.pool()
    service = small.service(small.image("a"))
    await small.after(0)
    running = small.reconciler.running(service, 0, "a")
    assert isinstance(running, SimulatedContainer)
    waiting = asyncio.create_task(small.reconciler.reached(service, {"DONE"}, None))
    await asyncio.sleep(0)
    await small.reconciler.stop(0.01)
    assert running.ended.done()
    assert await waiting is False
    small.reconciler.wake()
    assert service.instances == []


async def test_before_start_nothing_happens() -> None:
    small = SmallAccount()
    small.pool()
    service = small.service(small.image("a"))
    await small.after(1000)
    assert (service.status, service.instances) == ("PENDING", [])


async def test_dropping_and_making_it_again_under_the_same_name(small: SmallAccount) -> None:
    small.pool()
    image = small.image("worker")
    first = small.service(image)
    await small.after(STARTED)
    del small.account.services[first.key]
    second = small.service(image)
    await small.after(STARTED)
    assert first.status == "DELETED"
    assert small.account.services[first.key] is second
    assert second.status == "RUNNING"
