"""Which worker rows of a work pool belong to which service.

A worker of our image registers as `<database>.<schema>.<service>.<instance>`, so that rows and
instances join exactly. Anything else is joined by the name that the deployed spec gives, and
what has no name at all is joined by its pool only, and the verdict says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import InstanceSnapshot, ServiceKey, ServiceSnapshot
    from spcs_worker_tui.domain.prefect import WorkerSnapshot

_NEVER = datetime.min.replace(tzinfo=UTC)
_OUTSIDE = re.compile(r"[^a-z0-9_-]")
_ADDRESS = re.compile(r"ip-(\d+)-(\d+)-(\d+)-(\d+)")
_CONVENTION = re.compile(r"(?:[a-z0-9_-]+\.){3}[a-z0-9_-]+")


class MatchedBy(StrEnum):
    """How worker rows were found to belong to a service."""

    INSTANCE = "service and instance"
    WORKER_NAME = "worker name"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class WorkerIndex:
    """The worker rows of one work pool, so that a thousand services find theirs at once."""

    by_name: Mapping[str, WorkerSnapshot]
    by_prefix: Mapping[str, Sequence[WorkerSnapshot]]
    """Rows whose names follow the convention, by `worker_prefix`."""
    free: tuple[WorkerSnapshot, ...]
    """Rows whose names say nothing of a service."""

    @classmethod
    def of(cls, workers: Iterable[WorkerSnapshot]) -> Self:
        """Index these rows."""
        by_name: dict[str, WorkerSnapshot] = {}
        by_prefix: dict[str, list[WorkerSnapshot]] = {}
        free: list[WorkerSnapshot] = []
        for worker in workers:
            by_name[worker.name] = worker
            if is_conventional(worker.name):
                prefix = worker.name[: worker.name.rindex(".") + 1]
                by_prefix.setdefault(prefix, []).append(worker)
            else:
                free.append(worker)
        return cls(by_name, by_prefix, tuple(free))


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


@lru_cache(maxsize=4096)
def worker_prefix(key: ServiceKey) -> str:
    """What the names of all workers of that service start with, the last dot included."""
    return ".".join(clean_part(part) for part in (key.database, key.schema, key.name)) + "."


def is_conventional(worker_name: str) -> bool:
    """Whether the name says which service and instance it belongs to."""
    return _CONVENTION.fullmatch(worker_name) is not None


def join_workers(service: ServiceSnapshot, workers: WorkerIndex) -> JoinedWorkers:
    """The rows of the work pool that belong to the service, which must have a binding."""
    assert service.binding is not None
    prefix = worker_prefix(service.key)
    if own := workers.by_prefix.get(prefix):
        return _by_instance(service, prefix, own)
    if name := service.binding.worker_name:
        row = workers.by_name.get(name)
        return JoinedWorkers(MatchedBy.WORKER_NAME, (row,) if row else (), expected=(name,))
    return JoinedWorkers(MatchedBy.POOL, workers.free)


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
        if (exactly := _numbered(service.target_instances, prefix, own)) is not None:
            return exactly
    rows: dict[int, WorkerSnapshot] = {}
    unplaced: list[WorkerSnapshot] = []
    addresses_known = any(row.ip_address for row in instances)
    for worker in sorted(own, key=last_heartbeat, reverse=True):
        number = worker_instance(worker.name, instances)
        if number in known:
            rows.setdefault(number, worker)
        elif number is None and not (addresses_known and _is_address(worker.name)):
            unplaced.append(worker)
    # A container that knew neither number nor address took its host's name: the newest of those
    # stand for the instances that have no row.
    rows.update(zip(sorted(known - rows.keys()), unplaced, strict=False))
    current = tuple(rows[number] for number in sorted(rows))
    ghosts = tuple(worker for worker in own if worker not in current)
    expected = tuple(
        rows[number].name if number in rows else f"{prefix}{number}" for number in sorted(known)
    )
    return JoinedWorkers(MatchedBy.INSTANCE, current, ghosts, expected)


def _numbered(target: int, prefix: str, own: Sequence[WorkerSnapshot]) -> JoinedWorkers | None:
    """The plain case, of which a fleet may have a thousand: one row for each number, no other."""
    if len(own) != target:
        return None
    rows = {worker.name: worker for worker in own}
    expected = tuple(f"{prefix}{number}" for number in range(target))
    if any(name not in rows for name in expected):
        return None
    current = tuple(rows[name] for name in expected)
    return JoinedWorkers(MatchedBy.INSTANCE, current, expected=expected)


def last_heartbeat(worker: WorkerSnapshot) -> datetime:
    """For sorting: a worker that never beat comes before all others."""
    return worker.last_heartbeat_time or _NEVER


def _is_address(worker_name: str) -> bool:
    return _ADDRESS.fullmatch(worker_name.rpartition(".")[2]) is not None
