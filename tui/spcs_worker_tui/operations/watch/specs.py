"""Which specs of a connection have to be read, and what is known without reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.binding import bind
from spcs_worker_tui.domain.fleet import Observation, ServiceKey, ServiceSnapshot, ServiceStatus
from spcs_worker_tui.domain.memory import RememberedSpec, SpecKey, is_plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.fleet import DeployedSpec
    from spcs_worker_tui.domain.memory import SpecMemory
    from spcs_worker_tui.domain.ports import Identity

Version = tuple[str, str]
"""The deployed spec's digest, and what stands for the local one."""

WITHOUT_CONTAINERS = frozenset({ServiceStatus.SUSPENDED, ServiceStatus.DELETED})
"""Of these, only the spec says which image would run."""


def spec_key(identity: Identity, row: ServiceSnapshot) -> SpecKey:
    """What that service's spec is remembered by."""
    return SpecKey(identity.account, identity.role, row.key.qualified, row.spec_digest)


def recalled(
    row: ServiceSnapshot, known: RememberedSpec, *, containers_unread: str = ""
) -> ServiceSnapshot:
    """The row with what an earlier run read out of its spec."""
    return replace(
        row,
        binding=known.binding,
        spec_read_at=known.read_at,
        differing_fields=known.differing(row.local_spec),
        containers_unread=containers_unread,
    )


def is_compared(row: ServiceSnapshot, known: RememberedSpec) -> bool:
    """Whether nothing more is to be learnt from the spec by comparing it with the local one."""
    return not row.local_spec or row.local_spec == known.local_spec


def with_spec(row: ServiceSnapshot, spec: DeployedSpec, now: datetime) -> ServiceSnapshot:
    """The service with its spec, just read."""
    return replace(
        row,
        spec=Observation(spec, now),
        binding=bind(spec),
        differing_fields=spec.differing_fields,
    )


def to_remember(
    row: ServiceSnapshot, spec: DeployedSpec, before: RememberedSpec | None, now: datetime
) -> RememberedSpec:
    """What to keep of a spec that was just read; what else was found out about it stays."""
    read = RememberedSpec(
        now,
        bind(spec),
        is_plain(spec),
        local_spec=row.local_spec,
        differing_fields=spec.differing_fields,
    )
    if before is None:
        return read
    return replace(read, settled_at=before.settled_at, doubted_at=before.doubted_at)


class Specs:
    """Keeps, for the services of one connection, of which version each one's spec is known.

    Args:
        memory: What earlier runs read; None: nothing is recalled, nothing remembered.
    """

    def __init__(self, memory: SpecMemory | None) -> None:
        self._memory = memory
        self._read: dict[ServiceKey, Version] = {}
        self._recalled: dict[ServiceKey, Version] = {}

    def recall(self, identity: Identity, row: ServiceSnapshot) -> ServiceSnapshot:
        """A service that is seen for the first time, with what an earlier run knew."""
        if self._memory is None or row.is_job:
            return row
        known = self._memory.recall(spec_key(identity, row))
        if known is None:
            return row
        if is_compared(row, known):
            self._recalled[row.key] = _version(row)
        return recalled(row, known)

    def unread(self, services: Mapping[ServiceKey, ServiceSnapshot]) -> Iterator[ServiceKey]:
        """Whose spec has to be read: it is not known, or it or the local one has changed."""
        for key, service in services.items():
            version = _version(service)
            if self._read.get(key) == version or service.is_job:
                continue
            if self._recalled.get(key) == version and service.status not in WITHOUT_CONTAINERS:
                continue
            yield key

    def is_only_recalled(self, key: ServiceKey) -> bool:
        """Whether its text was never read by this run, although it would be wanted somewhere."""
        return key in self._recalled and key not in self._read

    def read(
        self, identity: Identity, row: ServiceSnapshot, spec: DeployedSpec, now: datetime
    ) -> None:
        """The spec of that row was read; `row` is as it was before."""
        self._read[row.key] = _version(row)
        # Else it was changed since the row was shown, or it is said by something else.
        if self._memory is not None and spec.digest == row.spec_digest:
            name = spec_key(identity, row)
            before = self._memory.recall(name)
            self._memory.remember(name, to_remember(row, spec, before, now))

    def refused(self, row: ServiceSnapshot) -> None:
        """Asked for in vain: again when the digest changes, or when a person refreshes."""
        self._read[row.key] = _version(row)

    def forget_refused(self, services: Mapping[ServiceKey, ServiceSnapshot]) -> None:
        """A person refreshes."""
        self._read = {
            key: version
            for key, version in self._read.items()
            if (service := services.get(key)) and service.spec.error is None
        }

    def forget(self, keys: Iterable[ServiceKey]) -> None:
        """These services are gone."""
        for key in keys:
            self._read.pop(key, None)
            self._recalled.pop(key, None)


def failed_read(row: ServiceSnapshot, error: FleetError) -> ServiceSnapshot:
    """The service whose spec could not be read."""
    return replace(row, spec=row.spec.failed(error))


def _version(row: ServiceSnapshot) -> Version:
    return row.spec_digest, row.local_spec
