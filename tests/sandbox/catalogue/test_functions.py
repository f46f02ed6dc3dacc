"""SYSTEM$ functions, methods of services, and jobs (contract 1.4 to 1.6, 1.9)."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from spcs_worker_tui.sandbox.catalogue.model import Container, Event, Instance
from spcs_worker_tui.sandbox.catalogue.platform import LogRecord
from support.catalogue import START, Lab, add_service

SPEC = '{"spec": {"containers": [{"name": "worker", "image": "/d/s/repo/worker:1.0"}]}}'
JOB = f"EXECUTE JOB SERVICE IN COMPUTE POOL p FROM SPECIFICATION $${SPEC}$$ NAME = job"


async def test_status_as_json(lab: Lab) -> None:
    service = add_service(lab)
    container = Container("worker", "reg/worker:1.0", "sha256:1", "READY", "Running", 2, START)
    service.instances.append(Instance(0, "d", START, containers=[container]))
    table = await lab.sql("call SYSTEM$GET_SERVICE_STATUS('svc')")
    assert [column.name for column in table.columns] == ["SYSTEM$GET_SERVICE_STATUS"]
    assert json.loads(str(table.rows[0][0])) == [
        {
            "status": "READY",
            "message": "Running",
            "containerName": "worker",
            "instanceId": "0",
            "serviceName": "SVC",
            "image": "reg/worker:1.0",
            "restartCount": 2,
            "startTime": "2026-01-01T00:00:00Z",
        }
    ]
    assert lab.platform.waits == []
    await lab.sql("SELECT SYSTEM$GET_SERVICE_STATUS('d.s.svc', 5)")
    assert [within for *_, within in lab.platform.waits] == [5]


LOGS = "CALL SYSTEM$GET_SERVICE_LOGS"
NOTHING = {"lines": None, "previous": False, "since": None, "timestamps": False}


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ("'svc', '0', 'worker'", NOTHING),
        ("'d.s.svc', 0, 'worker', 10", {**NOTHING, "lines": 10}),
        ("'svc', '0', 'worker', 10, TRUE", {**NOTHING, "lines": 10, "previous": True}),
        ("'SVC', '0', 'worker', 500, False, '', False", {**NOTHING, "lines": 500}),
        (
            "'svc', 0, 'worker', 5, False, '2024-10-22T01:12:29.873896187Z', True",
            {
                "lines": 5,
                "previous": False,
                "since": datetime(2024, 10, 22, 1, 12, 29, 873896, tzinfo=UTC),
                "timestamps": True,
            },
        ),
    ],
)
async def test_logs_are_asked_for(lab: Lab, arguments: str, asked: dict[str, object]) -> None:
    add_service(lab)
    table = await lab.sql(f"{LOGS}({arguments});")
    assert table.rows == (("a line",),)
    (request,) = lab.platform.log_requests
    assert request == {
        "service": ("D", "S", "SVC"),
        "instance": 0,
        "container": "worker",
        **asked,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        "'svc'",
        "'svc', 0",
        "'svc', 0, 'worker', 1, FALSE, '', FALSE, 1",
        "1, 0, 'worker'",
        "'', 0, 'worker'",
        "'svc', 'zero', 'worker'",
        "'svc', -1, 'worker'",
        "'svc', TRUE, 'worker'",
        "'svc', 0, 1",
        "'svc', 0, ''",
        "'svc', 0, 'worker', 'many'",
        "'svc', 0, 'worker', -5",
        "'svc', 0, 'worker', 5, 'yes'",
        "'svc', 0, 'worker', 5, FALSE, 'yesterday'",
        "'svc', 0, 'worker', 5, FALSE, '', 1",
    ],
)
async def test_wrong_arguments_for_logs(lab: Lab, arguments: str) -> None:
    add_service(lab)
    assert (await lab.refusal(f"{LOGS}({arguments})")).sqlstate == "22023"
    assert lab.platform.log_requests == []


async def test_a_synchronous_job_answers_at_its_end(lab: Lab) -> None:
    lab.platform.reaches = "DONE"
    answer = await lab.sql(JOB)
    assert answer.rows == (("Job JOB completed successfully with status: DONE.",),)
    job = lab.service("JOB")
    assert (job.is_job, job.is_async_job, job.replicas) == (True, False, 1)
    assert lab.platform.waits[0][1] == {
        "DONE",
        "FAILED",
        "CANCELLED",
        "INTERNAL_ERROR",
        "DELETED",
    }


async def test_a_job_that_fails(lab: Lab) -> None:
    lab.platform.reaches = "FAILED"
    refused = await lab.refusal(JOB)
    assert refused.message == "Job JOB failed with status: FAILED."


async def test_an_asynchronous_job_answers_at_once(lab: Lab) -> None:
    await lab.sql(f"{JOB} ASYNC = TRUE REPLICAS = 3 COMMENT = 'x'")
    job = lab.service("JOB")
    assert (job.is_async_job, job.replicas, job.comment) == (True, 3, "x")
    assert lab.platform.waits == []
    assert (await lab.refusal("ALTER SERVICE job SUSPEND")).sqlstate == "22023"
    await lab.sql("CALL job!SPCS_CANCEL_JOB()")
    assert job.cancelled


async def test_a_job_without_a_name_gets_one(lab: Lab) -> None:
    await lab.sql(JOB.partition(" NAME")[0] + " ASYNC = TRUE")
    ((_, _, name),) = lab.account.services
    assert name.startswith("JOB_")


async def test_an_aborted_statement_cancels_its_job(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = asyncio.Event()

    async def never(*_: object) -> bool:
        entered.set()
        await asyncio.Future()
        return True

    monkeypatch.setattr(lab.platform, "reached", never)
    statement = asyncio.create_task(lab.sql(JOB))
    await entered.wait()
    statement.cancel()
    with pytest.raises(asyncio.CancelledError):
        await statement
    assert lab.service("JOB").cancelled


async def test_only_jobs_can_be_cancelled(lab: Lab) -> None:
    add_service(lab)
    assert (await lab.refusal("CALL svc!SPCS_CANCEL_JOB()")).sqlstate == "22023"


async def test_waiting_for_services(lab: Lab) -> None:
    add_service(lab)
    assert (await lab.refusal("CALL SYSTEM$WAIT_FOR_SERVICES(5, 'svc')")).sqlstate == "22023"
    assert (await lab.refusal("CALL svc!SPCS_WAIT_FOR('RUNNING', 5)")).sqlstate == "22023"
    lab.platform.reaches = "RUNNING"
    assert (await lab.sql("CALL SYSTEM$WAIT_FOR_SERVICES(5, 'svc')")).rows == (("OK",),)
    await lab.sql("CALL svc!SPCS_WAIT_FOR('RUNNING', 5)")


async def test_context_functions(lab: Lab) -> None:
    (row,) = await lab.asked(
        "SELECT CURRENT_ACCOUNT(), CURRENT_ROLE() AS r, CURRENT_DATABASE(), CURRENT_SCHEMA(), "
        "CURRENT_WAREHOUSE(), CURRENT_USER(), CURRENT_ACCOUNT_NAME(), CURRENT_ORGANIZATION_NAME()"
    )
    assert list(row.values()) == [
        "AB12345",
        "DEPLOYER",
        "D",
        "S",
        "COMPUTE_WH",
        "OPERATOR",
        "MAIN_SITE",
        "ACME",
    ]
    assert "R" in row


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM TABLE(svc!SPCS_GET_LOGS())",
        "SELECT * FROM TABLE(svc!SPCS_GET_EVENTS())",
        "SELECT * FROM snowflake.telemetry.events",
        "SELECT * FROM d.information_schema.services",
    ],
)
async def test_tables_need_a_warehouse(lab: Lab, statement: str) -> None:
    add_service(lab)
    lab.session.warehouse = None
    refused = await lab.refusal(statement)
    assert (refused.code, refused.sqlstate) == ("000606", "57P03")


async def test_logs_as_a_table(lab: Lab) -> None:
    service = add_service(lab)
    second = int(START.timestamp()) * 10**9
    lab.platform.records = [
        LogRecord(second, 0, "worker", "first"),
        LogRecord(second + 5 * 10**8, 1, "worker", "second"),
    ]
    rows = await lab.asked("SELECT * FROM TABLE(svc!SPCS_GET_LOGS())")
    assert [(row["LOG"], row["INSTANCE_ID"]) for row in rows] == [("second", 1), ("first", 0)]
    assert rows[1]["TIMESTAMP"] == START.replace(tzinfo=None)
    (row,) = await lab.asked("SELECT log FROM TABLE(svc!SPCS_GET_LOGS()) LIMIT 1")
    assert row == {"LOG": "second"}
    service.spec["spec"]["logExporters"] = {"eventTableConfig": {"logLevel": "NONE"}}
    assert await lab.asked("SELECT * FROM TABLE(svc!SPCS_GET_LOGS())") == []


async def test_events_are_collected_only_where_they_are_turned_on(lab: Lab) -> None:
    service = add_service(lab)
    service.events += [
        Event(START, "INFO", "SERVICE.STATUS_CHANGE", "Service is ready", "RUNNING"),
        Event(START, "ERROR", "CONTAINER.STATUS_CHANGE", "Failed to pull image", "PENDING", 0, "w"),
    ]
    events = "SELECT * FROM TABLE(svc!SPCS_GET_EVENTS(START_TIME => '2025-12-31 00:00:00'))"
    assert await lab.asked(events) == []
    await lab.sql("ALTER SCHEMA s SET LOG_EVENT_LEVEL = INFO")
    newest, oldest = await lab.asked(events)
    assert json.loads(str(oldest["EVENT_DETAILS"])) == {
        "message": "Service is ready",
        "status": "RUNNING",
    }
    assert (newest["SEVERITY"], newest["CONTAINER_NAME"]) == ("ERROR", "w")
    await lab.sql("ALTER SCHEMA s SET LOG_EVENT_LEVEL = ERROR")
    assert len(await lab.asked(events)) == 1
    rows = await lab.asked(
        "SELECT record_type, value FROM snowflake.telemetry.events "
        "WHERE resource_attributes:\"snow.service.name\" = 'SVC' AND record_type = 'EVENT' "
        "ORDER BY timestamp DESC LIMIT 5"
    )
    assert [row["RECORD_TYPE"] for row in rows] == ["EVENT"]
