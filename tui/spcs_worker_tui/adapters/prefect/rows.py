"""From Prefect's JSON to values: every field is optional, checked and cleaned.

A field that is missing or of another type reads as unknown; only a row that is no object at all
makes the answer garbled.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from spcs_worker_tui.domain.errors import PrefectGarbledError
from spcs_worker_tui.domain.moments import in_utc
from spcs_worker_tui.domain.prefect import FlowRunSnapshot, WorkerSnapshot, WorkQueueSnapshot
from spcs_worker_tui.domain.text import one_line

Row = Mapping[str, Any]

_LONGEST_INTERVAL = 7 * 86400
_WORKER_LABEL = "prefect.worker.name"


def as_row(answer: Any) -> Row:
    """The answer as an object.

    Raises:
        PrefectGarbledError: It is none.
    """
    if not isinstance(answer, dict):
        raise _garbled("an object")
    return answer


def as_rows(answer: Any) -> list[Row]:
    """The answer as a list of objects.

    Raises:
        PrefectGarbledError: It is none.
    """
    if not isinstance(answer, list):
        raise _garbled("a list")
    return [as_row(row) for row in answer]


def as_count(answer: Any) -> int:
    """The answer as a count.

    Raises:
        PrefectGarbledError: It is none.
    """
    number = _whole(answer)
    if number is None or number < 0:
        raise _garbled("a count")
    return number


def _garbled(expected: str) -> PrefectGarbledError:
    return PrefectGarbledError(
        f"The Prefect API answered something else than {expected}",
        next_step="Check that PREFECT_API_URL leads to a Prefect server of version 3",
    )


def text(row: Row, name: str) -> str:
    """A text field, cleaned; empty when it is none."""
    value = row.get(name)
    return one_line(value) if isinstance(value, str) else ""


def number(row: Row, name: str) -> int | None:
    """A whole number that is not negative; None when it is none."""
    value = _whole(row.get(name))
    return value if value is not None and value >= 0 else None


def flag(row: Row, name: str) -> bool:
    """A truth value; False when it is none."""
    return row.get(name) is True


def time(row: Row, name: str) -> datetime | None:
    """A time stamp in UTC; None when it is none or names no zone."""
    value = row.get(name)
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return in_utc(moment) if moment.tzinfo is not None else None


def worker(row: Row, version: str = "") -> WorkerSnapshot:
    """A row of `workers/filter` (prefect-contract 2.3)."""
    interval = number(row, "heartbeat_interval_seconds")
    if interval is not None and not 1 <= interval <= _LONGEST_INTERVAL:
        interval = None
    return WorkerSnapshot(
        name=text(row, "name"),
        status=text(row, "status"),
        last_heartbeat_time=time(row, "last_heartbeat_time"),
        heartbeat_interval_seconds=interval,
        created=time(row, "created"),
        version=version,
    )


def work_queue(row: Row, late_count: int | None) -> WorkQueueSnapshot:
    """A row of `queues/filter` (prefect-contract 2.2)."""
    return WorkQueueSnapshot(
        name=text(row, "name"),
        status=text(row, "status"),
        is_paused=flag(row, "is_paused"),
        concurrency_limit=number(row, "concurrency_limit"),
        active_slots=number(row, "active_slots"),
        last_polled=time(row, "last_polled"),
        late_count=late_count,
        description=text(row, "description"),
    )


def flow_run(row: Row, flow_names: Mapping[str, str]) -> FlowRunSnapshot:
    """A row of `flow_runs/filter` (prefect-contract 2.5)."""
    labels = row.get("labels")
    return FlowRunSnapshot(
        id=text(row, "id"),
        name=text(row, "name"),
        flow_name=flow_names.get(text(row, "flow_id"), ""),
        state_type=text(row, "state_type"),
        state_name=text(row, "state_name"),
        expected_start_time=time(row, "expected_start_time"),
        start_time=time(row, "start_time"),
        end_time=time(row, "end_time"),
        work_queue_name=text(row, "work_queue_name"),
        worker_name=text(labels, _WORKER_LABEL) if isinstance(labels, dict) else "",
    )


def worker_version(event: Row) -> tuple[str, str]:
    """Worker and Prefect version of a `prefect.worker.started` event (prefect-contract 2.9)."""
    resource = event.get("resource")
    if not isinstance(resource, dict):
        return "", ""
    return text(resource, "prefect.resource.name"), text(resource, "prefect.version")


def work_pool_of(event: Row) -> str:
    """The name of the work pool to which an event is related; empty when to none."""
    related = event.get("related")
    for one in related if isinstance(related, list) else ():
        if isinstance(one, dict) and one.get("prefect.resource.role") == "work-pool":
            return text(one, "prefect.resource.name")
    return ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
