from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from spcs_worker_tui.adapters.snowflake import rows
from spcs_worker_tui.domain.fleet import ContainerStatus, InstanceStatus, ServiceStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", [True, "true", "TRUE", " True ", "1", 1, "yes"])
def test_what_is_true(value: object) -> None:
    assert rows.boolean({"is_job": value}, "is_job") is True


@pytest.mark.parametrize("value", [False, "false", "FALSE", "0", 0, "no", "off"])
def test_what_is_false(value: object) -> None:
    assert rows.boolean({"is_job": value}, "is_job", default=True) is False


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "1e400", "9" * 5000, [], "x"])
def test_what_is_no_number(value: object) -> None:
    assert rows.number({"n": value}, "n", 7) == 7


def test_a_moment_outside_of_all_calendars_is_none() -> None:
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert rows.moment({"at": text}, "at") is None


def test_a_list_nested_without_end_is_read_as_names() -> None:
    assert rows.names({"tags": "[" * 100_000}, "tags") == ()


@pytest.mark.parametrize("row", [{}, {"is_job": None}, {"is_job": ""}])
def test_a_boolean_that_is_not_there(row: dict[str, object]) -> None:
    assert rows.boolean(row, "is_job") is False
    assert rows.boolean(row, "is_job", default=True) is True


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOW, NOW),
        (NOW.replace(tzinfo=None), NOW),
        (NOW.astimezone(timezone(timedelta(hours=-8))), NOW),
        ("2026-01-01T00:00:00Z", NOW),
        ("2025-12-31 16:00:00.000 -0800", NOW),
        ("2025-12-31 16:00:00.000 -08:00", NOW),
        ("2026-01-01 00:00:00", NOW),
        ("2026-01-01T00:00:00.123456789Z", NOW + timedelta(microseconds=123456)),
        (None, None),
        ("", None),
        ("yesterday", None),
        (5, None),
    ],
)
def test_moments(value: object, expected: datetime | None) -> None:
    moment = rows.moment({"created_on": value}, "created_on")
    assert moment == expected
    assert moment is None or moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('["A", "B"]', ("A", "B")),
        ("[A, B]", ("A", "B")),
        ("A,B", ("A", "B")),
        ("latest", ("latest",)),
        ("[]", ()),
        ("", ()),
        (None, ()),
        (["A"], ("A",)),
        ("7", ("7",)),
        ("1.0", ("1.0",)),
        ("true", ("true",)),
    ],
)
def test_lists(value: object, expected: tuple[str, ...]) -> None:
    assert rows.names({"tags": value}, "tags") == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(7, 7), ("7", 7), (Decimal(7), 7), (None, 3), ("many", 3), ("", 3)]
)
def test_numbers(value: object, expected: int) -> None:
    assert rows.number({"n": value}, "n", 3) == expected


def test_a_service_of_a_newer_server() -> None:
    row: dict[str, Any] = {
        "name": "SVC",
        "status": "running",
        "database_name": "D",
        "schema_name": "S",
        "workload_type": "SOMETHING NEW",
        "is_upgrading": "true",
        "comment": "a\x1b]0;title\x07b\nc",
    }
    service = rows.service(row, "dev", NOW)
    assert service.key.qualified == "D.S.SVC"
    assert service.status is ServiceStatus.RUNNING
    assert service.is_upgrading
    assert service.comment == "ab c"
    assert (service.min_ready_instances, service.auto_resume) == (1, True)


def test_a_word_that_we_do_not_know() -> None:
    service = rows.service({"name": "SVC", "status": "HIBERNATING"}, "dev", NOW)
    assert service.status is ServiceStatus.UNKNOWN


def test_the_null_row_of_containers_is_dropped() -> None:
    null = {"service_name": "SVC", "service_status": "SUSPENDED", "container_name": None}
    ready = {
        "instance_id": "1",
        "instance_status": "READY",
        "container_name": "worker",
        "status": "READY",
        "restart_count": 4,
        "last_exit_code": 0,
        "start_time": "",
    }
    (container,) = rows.containers([null, ready])
    assert container.instance_id == 1
    assert container.status is ContainerStatus.READY
    assert container.instance_status is InstanceStatus.READY
    assert (container.restart_count, container.last_exit_code) == (4, 0)
    assert container.start_time is None
    (never_exited,) = rows.containers([{**ready, "last_exit_code": None}])
    assert never_exited.last_exit_code is None


def test_the_null_row_of_instances_is_dropped_and_instance_zero_is_not() -> None:
    shown = rows.instances([{"instance_id": None}, {"instance_id": "0", "status": "READY"}])
    assert [instance.instance_id for instance in shown] == [0]
    shown = rows.instances([{"instance_id": 0, "status": "READY"}])
    assert [instance.instance_id for instance in shown] == [0]
