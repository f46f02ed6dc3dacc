"""The adapter on the unmodified connector, against the sandbox."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from spcs_worker_tui.adapters.snowflake.session import CONCURRENT_STATEMENTS
from spcs_worker_tui.domain.errors import (
    NotVisibleError,
    PrivilegeError,
    SnowflakeUnreachableError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.fleet import (
    ComputePoolState,
    ContainerStatus,
    InstanceStatus,
    ServiceStatus,
)
from spcs_worker_tui.sandbox.results import SqlError
from support.catalogue import DIGEST, START, add_service
from support.saved_connections import until
from support.session_bench import KEY, Bench, running_service


async def test_rows_become_snapshots(bench: Bench) -> None:
    running_service(bench.lab, comment="ci\x1b[31m", external_access_integrations=["EAI"])
    (service,) = await bench.session.show_services()
    assert service.key == KEY
    assert service.status is ServiceStatus.RUNNING
    assert (service.current_instances, service.target_instances) == (1, 1)
    assert service.compute_pool == "P"
    assert service.owner == "DEPLOYER"
    assert service.created_on == START
    assert service.suspended_on is None
    assert service.comment == "ci"
    assert service.external_access_integrations == ("EAI",)
    assert service.auto_resume is True
    assert service.is_job is False
    assert service.is_upgrading is False
    assert service.spec_digest == "d" * 64

    (container,) = await bench.session.show_service_containers(KEY)
    assert container.status is ContainerStatus.READY
    assert container.instance_status is InstanceStatus.READY
    assert (container.restart_count, container.last_exit_code) == (2, 137)
    assert container.start_time == container.last_restart_time == START
    assert container.image_digest == DIGEST
    assert container.image_name.endswith("d/s/repo/worker:1.0")

    (instance,) = await bench.session.show_service_instances(KEY)
    assert (instance.instance_id, instance.status) == (0, InstanceStatus.READY)
    assert (instance.spec_digest, instance.ip_address) == ("d" * 64, "10.0.0.7")

    pools = {pool.name: pool for pool in await bench.session.show_compute_pools()}
    assert pools["P"].state is ComputePoolState.ACTIVE
    assert (pools["P"].instance_family, pools["P"].target_nodes) == ("CPU_X64_S", 1)

    (image,) = await bench.session.show_images("d/s/repo")
    assert (image.image_name, set(image.tags), image.digest) == (
        "worker",
        {"1.0", "latest"},
        DIGEST,
    )


async def test_the_spec_of_a_service(bench: Bench) -> None:
    running_service(
        bench.lab,
        spec={
            "spec": {
                "containers": [
                    {
                        "name": "worker",
                        "image": "/d/s/repo/worker:1.0",
                        "env": {"PREFECT_WORK_POOL": "spcs", "DEBUG": "true"},
                        "args": ["--pool", "spcs"],
                        "secrets": [
                            {
                                "snowflakeSecret": {"objectName": "d.s.key"},
                                "secretKeyRef": "secret_string",
                                "envVarName": "PREFECT_API_KEY",
                            }
                        ],
                    }
                ]
            }
        },
    )
    spec = await bench.session.describe_service(KEY)
    (container,) = spec.containers
    assert spec.digest == "d" * 64
    assert container.name == "worker"
    assert container.image.endswith("/d/s/repo/worker:1.0")
    assert container.image_digest == DIGEST
    assert container.env["PREFECT_WORK_POOL"] == "spcs"
    assert container.env["DEBUG"] == "true"
    assert container.args == ("--pool", "spcs")
    assert container.secret_env == ("PREFECT_API_KEY",)


async def test_the_null_row_of_an_empty_service_is_nobody(bench: Bench) -> None:
    add_service(bench.lab, status="SUSPENDED")
    assert await bench.session.show_service_containers(KEY) == ()
    assert await bench.session.show_service_instances(KEY) == ()


async def test_a_dropped_service_is_told_from_a_missing_privilege(bench: Bench) -> None:
    running_service(bench.lab)
    database = bench.lab.account.databases["D"]
    for seen in (database, database.schemas["S"], bench.lab.account.services["D", "S", "SVC"]):
        seen.grants.privileges.setdefault("WATCHER", set()).add("USAGE")
    watcher = bench.connect(changes={"role": "WATCHER"})
    assert [service.key for service in await watcher.show_services()] == [KEY]
    with pytest.raises(PrivilegeError) as caught:
        await watcher.show_service_containers(KEY)
    assert (caught.value.errno, caught.value.sqlstate) == (3001, "42501")
    with pytest.raises(PrivilegeError, match=r"D\.S\.SVC"):
        await watcher.describe_service(KEY)
    with pytest.raises(PrivilegeError) as refused:
        await watcher.suspend_service(KEY)
    grant = "GRANT OPERATE ON SERVICE D.S.SVC TO ROLE WATCHER;"
    assert refused.value.next_step == f"Have it granted: {grant}"
    await bench.lab.sql(grant, role="ACCOUNTADMIN")
    assert await watcher.suspend_service(KEY)
    del bench.lab.account.services["D", "S", "SVC"]
    with pytest.raises(NotVisibleError) as gone:
        await watcher.show_service_containers(KEY)
    assert gone.value.errno == 2003
    assert gone.value.query_id
    assert "\n" not in str(gone.value)
    await watcher.close()


async def test_suspend_and_resume_send_what_the_plan_shows(bench: Bench) -> None:
    running_service(bench.lab)
    assert await bench.session.suspend_service(KEY)
    assert bench.lab.account.services["D", "S", "SVC"].suspended
    assert await bench.session.resume_service(KEY)
    assert not bench.lab.account.services["D", "S", "SVC"].suspended
    assert bench.sandbox.statements[-2:] == [
        bench.session.suspend_statement(KEY),
        bench.session.resume_statement(KEY),
    ]
    assert bench.session.suspend_statement(KEY) == "ALTER SERVICE D.S.SVC SUSPEND"


async def test_logs_with_time_stamps(bench: Bench) -> None:
    running_service(bench.lab)
    bench.lab.platform.log = (
        "2024-10-22T01:12:29.873896187Z one\x1b[31m red\n2024-10-22T01:12:29.873896188Z two\n"
    )
    second = int(datetime(2024, 10, 22, 1, 12, 29, tzinfo=UTC).timestamp()) * 10**9
    lines = await bench.session.service_logs(KEY, 0, "worker", lines=50, previous=True)
    assert list(lines) == [(second + 873896187, "one red"), (second + 873896188, "two")]
    (request,) = bench.lab.platform.log_requests
    assert (request["lines"], request["previous"], request["timestamps"]) == (50, True, True)


async def test_logs_fall_back_to_the_documented_arguments(bench: Bench) -> None:
    running_service(bench.lab)
    bench.lab.platform.log = "one\ntwo"
    seven = []

    def refuse(statement: object) -> SqlError | None:
        if len(getattr(statement, "args", ())) == 7:
            seven.append(statement)
            return SqlError("001044", "42P13", "Invalid argument types for function")
        return None

    bench.gate.refuse = refuse
    for _ in range(2):
        lines = await bench.session.service_logs(KEY, 0, "worker", lines=50)
        assert list(lines) == [(None, "one"), (None, "two")]
    # Once, and once more to be sure that it was about the arguments.
    assert len(seven) == 2


async def test_logs_of_a_container_that_has_none_yet(bench: Bench) -> None:
    running_service(bench.lab)
    await bench.session.open()
    bench.gate.refuse = lambda _statement: SqlError("392605", "22023", "Container has not started")
    with pytest.raises(StatementRefusedError, match="Container has not started") as caught:
        await bench.session.service_logs(KEY, 0, "worker", lines=50)
    assert caught.value.errno == 392605
    bench.gate.refuse = lambda _statement: None
    bench.lab.platform.log = "2024-10-22T01:12:29Z one"
    ((stamp, text),) = await bench.session.service_logs(KEY, 0, "worker", lines=50)
    assert (stamp is not None, text) == (True, "one")


async def test_a_container_that_starts_between_two_questions_keeps_its_time_stamps(
    bench: Bench,
) -> None:
    running_service(bench.lab)
    bench.lab.platform.log = "2024-10-22T01:12:29Z one"
    refused: list[object] = []

    def refuse_the_first(statement: object) -> SqlError | None:
        if refused or not getattr(statement, "args", ()):
            return None
        refused.append(statement)
        return SqlError("392605", "22023", "Container has not started")

    bench.gate.refuse = refuse_the_first
    for _ in range(2):
        ((stamp, text),) = await bench.session.service_logs(KEY, 0, "worker", lines=50)
        assert (stamp is not None, text) == (True, "one")
    assert len(refused) == 1


async def test_statements_run_side_by_side_but_not_too_many(bench: Bench) -> None:
    await bench.session.open()
    bench.gate.shut()
    async with asyncio.TaskGroup() as group:
        for _ in range(3 * CONCURRENT_STATEMENTS):
            group.create_task(bench.session.show_services())
        await until(lambda: bench.gate.waiting == CONCURRENT_STATEMENTS)
        bench.gate.open()
    assert bench.gate.most_waiting == CONCURRENT_STATEMENTS
    assert bench.session.statements == 3 * CONCURRENT_STATEMENTS


async def test_a_cancelled_statement_is_aborted_and_the_session_lives_on(bench: Bench) -> None:
    await bench.session.open()
    bench.gate.shut()
    asking = asyncio.create_task(bench.session.show_services())
    await until(lambda: bench.gate.waiting)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: bench.gate.aborted)
    bench.gate.open()
    assert await bench.session.show_services() == ()
    assert len({entry.session_id for entry in bench.sandbox.journal}) == 1


async def test_a_statement_that_takes_too_long_is_aborted(bench: Bench) -> None:
    session = bench.connect(statement_seconds=0.3)
    await session.open()
    bench.gate.shut()
    with pytest.raises(SnowflakeUnreachableError, match="dev"):
        await session.show_services()
    await until(lambda: bench.gate.aborted)
    bench.gate.open()
    assert await session.show_services() == ()
    await session.close()


async def test_the_server_goes_away(bench: Bench) -> None:
    session = bench.connect(statement_seconds=1)
    await session.open()
    await bench.sandbox.server.stop()
    with pytest.raises(SnowflakeUnreachableError, match="dev"):
        await session.show_services()
    await session.close()


async def test_closing_ends_the_session_and_a_statement_opens_another(bench: Bench) -> None:
    await bench.session.show_services()
    await bench.session.close()
    await bench.session.close()
    await bench.session.show_services()
    assert len({entry.session_id for entry in bench.sandbox.journal}) == 2
