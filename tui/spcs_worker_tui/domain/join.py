"""Which worker rows of a work pool belong to which service.

A worker of our image registers as `<database>.<schema>.<service>.<instance>`, so that rows and
instances join exactly. Anything else is joined by the name that the deployed spec gives, and
what has no name at all is joined by its pool only, and the verdict says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from spcs_worker_tui.domain.fleet import InstanceSnapshot, ServiceKey, ServiceSnapshot
from spcs_worker_tui.domain.prefect import WorkerSnapshot

_OUTSIDE = re.compile(r"[^a-z0-9_-]")
_ADDRESS = re.compile(r"ip-(\d+)-(\d+)-(\d+)-(\d+)")
_CONVENTION = re.compile(r"[a-z0-9_-]+\.[a-z0-9_-]+\.[a-z0-9_-]+\.(?:\d+|ip-\d+-\d+-\d+-\d+)")


class MatchedBy(StrEnum):
    """How worker rows were found to belong to a service."""

    INSTANCE = "service and instance"
    WORKER_NAME = "worker name"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class JoinedWorkers:
    """The worker rows of one service.

    `current` are rows of instances that exist now, by instance where that is known; `ghosts` are
    rows that earlier instances left behind, which nobody expects to beat (Prefect never deletes
    a row, prefect-contract 2.3). `expected` names the rows that there should be, where names are
    known.
    """

    matched_by: MatchedBy
    current: tuple[WorkerSnapshot, ...] = ()
    ghosts: tuple[WorkerSnapshot, ...] = ()
    expected: tuple[str, ...] = ()


def clean_part(text: str) -> str:
    """One part of a worker's name: lower case, other characters than `[a-z0-9_-]` as `-`."""
    return _OUTSIDE.sub("-", text.lower())


def worker_prefix(key: ServiceKey) -> str:
    """What the names of all workers of that service start with, the last dot included."""
    return ".".join(clean_part(part) for part in (key.database, key.schema, key.name)) + "."


def is_conventional(worker_name: str) -> bool:
    """Whether the name says which service and instance it belongs to."""
    return _CONVENTION.fullmatch(worker_name) is not None


def join_workers(service: ServiceSnapshot, workers: Sequence[WorkerSnapshot]) -> JoinedWorkers:
    """The rows among `workers` that belong to the service, which must have a binding."""
    assert service.binding is not None
    prefix = worker_prefix(service.key)
    own = [worker for worker in workers if worker.name.startswith(prefix)]
    own = [worker for worker in own if is_conventional(worker.name)]
    if own:
        return _by_instance(service, prefix, own)
    if name := service.binding.worker_name:
        rows = tuple(worker for worker in workers if worker.name == name)
        return JoinedWorkers(MatchedBy.WORKER_NAME, rows, expected=(name,))
    free = tuple(worker for worker in workers if not is_conventional(worker.name))
    return JoinedWorkers(MatchedBy.POOL, free)


def worker_instance(worker_name: str, instances: Iterable[InstanceSnapshot]) -> int | None:
    """The instance that a conventional name speaks of.

    The last part is the instance's number, or its address where the container knew no number.
    """
    last = worker_name.rpartition(".")[2]
    if last.isdecimal():
        return int(last)
    if match := _ADDRESS.fullmatch(last):
        address = ".".join(match.groups())
        return next((i.instance_id for i in instances if i.ip_address == address), None)
    return None


def _by_instance(
    service: ServiceSnapshot, prefix: str, own: Sequence[WorkerSnapshot]
) -> JoinedWorkers:
    instances = service.instances.value
    known = {row.instance_id for row in instances}
    known |= {row.instance_id for row in service.containers.value}
    if service.containers.observed_at is None and not known:
        known = set(range(service.target_instances))  # numbered from 0 (contract 2.2)
    newest: dict[int, WorkerSnapshot] = {}
    for worker in own:
        found = worker_instance(worker.name, instances)
        if found in known and _is_newer(worker, newest.get(found)):
            newest[found] = worker
    current = tuple(newest[number] for number in sorted(newest))
    ghosts = tuple(worker for worker in own if worker not in current)
    expected = tuple(
        newest[number].name if number in newest else f"{prefix}{number}" for number in sorted(known)
    )
    return JoinedWorkers(MatchedBy.INSTANCE, current, ghosts, expected)


def _is_newer(worker: WorkerSnapshot, other: WorkerSnapshot | None) -> bool:
    if other is None or other.last_heartbeat_time is None:
        return True
    return (
        worker.last_heartbeat_time is not None
        and worker.last_heartbeat_time > other.last_heartbeat_time
    )
