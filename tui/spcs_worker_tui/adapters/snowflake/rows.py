"""Rows of SHOW into values: by column name, tolerant of types, every text cleaned.

Unknown columns are ignored and missing ones read as empty: newer servers add columns, older ones
lack some (contract 1.1, 1.3, 1.10). Whether a boolean arrives as such or as text is not settled
(contract 10, point 4), so both are read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    ComputePoolState,
    ContainerSnapshot,
    ContainerStatus,
    ImageSnapshot,
    InstanceSnapshot,
    InstanceStatus,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.moments import in_utc
from spcs_worker_tui.domain.text import one_line

Row = Mapping[str, Any]

_TRUE = {"true", "1", "yes", "y", "t", "on"}
# `2024-11-29 12:12:47.310 -0800`, as the documentation prints time stamps.
_SPACED_OFFSET = re.compile(r" (?=[+-]\d\d:?\d\d\Z)")


def text(row: Row, column: str) -> str:
    """One clean line; empty for NULL."""
    value = row.get(column)
    return "" if value is None else one_line(str(value))


def number(row: Row, column: str, default: int = 0) -> int:
    """A whole number; the default for NULL and for anything else."""
    value = row.get(column)
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return default


def boolean(row: Row, column: str, *, default: bool = False) -> bool:
    """A boolean, or a text that says one."""
    value = row.get(column)
    if value is None or value == "":
        return default
    return value if isinstance(value, bool) else str(value).strip().lower() in _TRUE


def moment(row: Row, column: str) -> datetime | None:
    """A time stamp or its text, aware and in UTC; None for NULL and for what is none."""
    value = row.get(column)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(_SPACED_OFFSET.sub("", value.strip()))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    # A time stamp without a zone is in UTC (contract 6.5).
    return in_utc(value.replace(tzinfo=UTC) if value.tzinfo is None else value)


def names(row: Row, column: str) -> tuple[str, ...]:
    """A list: JSON text, or names between commas, or a list."""
    value = row.get(column)
    if isinstance(value, str):
        try:
            loaded = json.loads(value)
        except (ValueError, RecursionError):
            loaded = None
        # A single tag such as 1.0 is JSON, too, but not a list.
        value = loaded if isinstance(loaded, list) else value.strip().strip("[]").split(",")
    if not isinstance(value, list):
        return ()
    cleaned = (one_line(str(item)).strip("\"' ") for item in value)
    return tuple(item for item in cleaned if item)


def service(row: Row, connection: str, observed_at: datetime) -> ServiceSnapshot:
    """One row of SHOW SERVICES."""
    return ServiceSnapshot(
        key=ServiceKey(
            connection, text(row, "database_name"), text(row, "schema_name"), text(row, "name")
        ),
        status=ServiceStatus(text(row, "status").upper()),
        observed_at=observed_at,
        compute_pool=text(row, "compute_pool"),
        owner=text(row, "owner"),
        current_instances=number(row, "current_instances"),
        target_instances=number(row, "target_instances"),
        min_ready_instances=number(row, "min_ready_instances", 1),
        min_instances=number(row, "min_instances", 1),
        max_instances=number(row, "max_instances", 1),
        auto_resume=boolean(row, "auto_resume", default=True),
        auto_suspend_secs=number(row, "auto_suspend_secs"),
        external_access_integrations=names(row, "external_access_integrations"),
        created_on=moment(row, "created_on"),
        updated_on=moment(row, "updated_on"),
        resumed_on=moment(row, "resumed_on"),
        suspended_on=moment(row, "suspended_on"),
        comment=text(row, "comment"),
        is_job=boolean(row, "is_job"),
        spec_digest=text(row, "spec_digest"),
        is_upgrading=boolean(row, "is_upgrading"),
    )


def containers(rows: Iterable[Row]) -> tuple[ContainerSnapshot, ...]:
    """The rows of SHOW SERVICE CONTAINERS that have a container in them (contract 1.3)."""
    return tuple(
        ContainerSnapshot(
            instance_id=number(row, "instance_id"),
            name=text(row, "container_name"),
            status=ContainerStatus(text(row, "status").upper()),
            instance_status=InstanceStatus(text(row, "instance_status").upper()),
            message=text(row, "message"),
            image_name=text(row, "image_name"),
            image_digest=text(row, "image_digest"),
            restart_count=number(row, "restart_count"),
            start_time=moment(row, "start_time"),
            last_exit_code=_optional_number(row, "last_exit_code"),
            last_restart_time=moment(row, "last_restart_time"),
        )
        for row in rows
        if row.get("container_name")
    )


def instances(rows: Iterable[Row]) -> tuple[InstanceSnapshot, ...]:
    """The rows of SHOW SERVICE INSTANCES that have an instance in them (contract 1.3)."""
    return tuple(
        InstanceSnapshot(
            instance_id=number(row, "instance_id"),
            status=InstanceStatus(text(row, "status").upper()),
            spec_digest=text(row, "spec_digest"),
            creation_time=moment(row, "creation_time"),
            start_time=moment(row, "start_time"),
            ip_address=text(row, "ip_address"),
        )
        for row in rows
        if row.get("instance_id") not in (None, "")
    )


def compute_pools(rows: Iterable[Row]) -> tuple[ComputePoolSnapshot, ...]:
    """The rows of SHOW COMPUTE POOLS (contract 1.10)."""
    return tuple(
        ComputePoolSnapshot(
            name=text(row, "name"),
            state=ComputePoolState(text(row, "state").upper()),
            instance_family=text(row, "instance_family"),
            min_nodes=number(row, "min_nodes"),
            max_nodes=number(row, "max_nodes"),
            active_nodes=number(row, "active_nodes"),
            idle_nodes=number(row, "idle_nodes"),
            target_nodes=number(row, "target_nodes"),
            num_services=number(row, "num_services"),
            num_jobs=number(row, "num_jobs"),
            auto_suspend_secs=number(row, "auto_suspend_secs"),
            auto_resume=boolean(row, "auto_resume", default=True),
            owner=text(row, "owner"),
            comment=text(row, "comment"),
        )
        for row in rows
    )


def images(rows: Iterable[Row]) -> tuple[ImageSnapshot, ...]:
    """The rows of SHOW IMAGES IN IMAGE REPOSITORY (contract 1.11)."""
    return tuple(
        ImageSnapshot(
            image_name=text(row, "image_name"),
            tags=names(row, "tags"),
            digest=text(row, "digest"),
            image_path=text(row, "image_path"),
            created_on=moment(row, "created_on"),
        )
        for row in rows
    )


def _optional_number(row: Row, column: str) -> int | None:
    return None if row.get(column) in (None, "") else number(row, column)
