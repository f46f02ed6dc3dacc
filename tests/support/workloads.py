"""A worker service as a value, for rules that are functions of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from spcs_worker_tui.adapters.spec_yaml import read_spec
from spcs_worker_tui.domain.account import Grant, Privileges
from spcs_worker_tui.domain.doctor_facts import Workload, bound
from spcs_worker_tui.domain.fleet import (
    ContainerSnapshot,
    ContainerStatus,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.spec_document import deployed_document
from support.patients import SPEC

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY = ServiceKey("dev", "D", "S", "WORKER")
NOTHING = Privileges(frozenset({"R"}))


def quote(*parts: str) -> str:
    """Names as SQL has them, as far as tests need it."""
    return ".".join(part if part.isupper() else f'"{part}"' for part in parts)


def workload(spec: str = SPEC, **changes: Any) -> Workload:
    """A running worker of role R on pool P, without integrations."""
    document = deployed_document(read_spec(spec)).document
    service = ServiceSnapshot(KEY, ServiceStatus.RUNNING, NOW, "P", "R")
    made = Workload(
        KEY, document, "R", "R", "P", binding=bound(document), service=service, seen_at=NOW
    )
    return replace(made, **changes)


def container(
    status: ContainerStatus = ContainerStatus.PENDING, message: str = "", **changes: Any
) -> ContainerSnapshot:
    """A container of that worker."""
    return ContainerSnapshot(0, "worker", status, message=message, **changes)


def held(*grants: tuple[str, str, str], role: str = "R") -> Privileges:
    """What a role holds: privilege, kind and name each."""
    return Privileges(frozenset({role}), tuple(Grant(*one, role) for one in grants))
