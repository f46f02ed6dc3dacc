"""What can be asked for of the selected row, by key and palette. Pure, and quick to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import KeyMissingError
from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.ui.rows import ConnectionRow, Row, ServiceRow

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import KeyName

SERVICE = ("suspend", "restart", "scale", "update", "rollback", "environment")
WORK = ("pause-work", "resume-work", "limit-work", "smoke", "prune", "create-work-pool")
PROJECT = ("build", "push", "deploy")
NAMES = (*SERVICE, *WORK, *PROJECT, "work", "project", "key")
"""What `app.change` takes: every wish, two menus, and the handing over of keys."""

_GONE = frozenset({ServiceStatus.DELETING, ServiceStatus.DELETED})


def can(what: str, row: Row | None) -> bool:
    """Whether that can be asked for of this row.

    Args:
        what: One of `NAMES`.
        row: The selected one, if it is still there.
    """
    return not obstacle(what, row)


def obstacle(what: str, row: Row | None) -> str:
    """Why that cannot be asked for of this row; empty where it can be. Arguments as `can`."""
    if what in PROJECT or what == "project":
        return ""
    if row is None:
        return "Move the cursor to a service first."
    if what == "key":
        return "" if lacking_key(row) else "No key is known that this row could be given."
    if isinstance(row, ConnectionRow):
        return f"{row.key.name} is a connection, not a service."
    return _obstacle_of_service(what, row)


def _obstacle_of_service(what: str, row: ServiceRow) -> str:
    name, status = row.key.name, row.service.status
    if row.service.is_job:
        return f"{name} is a job, which ends by itself; nothing of it is changed here."
    if status in _GONE:
        return f"{name} is being dropped."
    if what == "suspend" and status is ServiceStatus.SUSPENDING:
        return f"{name} is being suspended already."
    if what in SERVICE or serves_work_pool(row):
        return ""
    return f"It is not known which work pool {name} serves."


def serves_work_pool(row: ServiceRow) -> bool:
    """Whether the service's work pool is known."""
    return row.service.binding is not None and row.service.binding.is_complete


def lacking_key(row: Row | None) -> KeyName | None:
    """The key that this row's connection lacks, or that its Prefect API can be given."""
    if row is None:
        return None
    if isinstance(row.connection.error, KeyMissingError):
        return row.connection.error.key
    if isinstance(row, ConnectionRow) or row.service.binding is None:
        return None
    from spcs_worker_tui.domain.keys import (  # noqa: PLC0415 - not for a first frame
        KeyKind,
        KeyName,
    )

    url = row.service.binding.pool.api_url
    return KeyName.prefect(url, KeyKind.API_KEY) if url else None
