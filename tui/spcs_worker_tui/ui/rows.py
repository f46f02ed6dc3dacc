"""What one line of the fleet table is about, and the facts that its cells are made of. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import (
    ComputePoolState,
    ConnectionSnapshot,
    ConnectionState,
    ContainerSnapshot,
    Observation,
    ServiceKey,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.verdict import Health, JudgedFleet, Verdict

if TYPE_CHECKING:
    from spcs_worker_tui.domain.prefect import WorkerSnapshot, WorkPoolSnapshot

STALE_AFTER = timedelta(seconds=45)
"""Three of the slowest regular intervals between two looks at a connection."""


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """The line of a connection that is in trouble."""

    name: str


RowKey = ServiceKey | ConnectionKey


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection that shows no services, or only old ones, and why."""

    connection: ConnectionSnapshot

    @property
    def key(self) -> ConnectionKey:
        """What the row is known by."""
        return ConnectionKey(self.connection.name)


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service with everything that its line shows."""

    service: ServiceSnapshot
    connection: ConnectionSnapshot
    verdict: Verdict | None = None
    pool: Observation[WorkPoolSnapshot] | None = None

    @property
    def key(self) -> ServiceKey:
        """What the row is known by."""
        return self.service.key

    @property
    def health(self) -> Health:
        """The verdict's word; unknown before the first judgement."""
        return self.verdict.health if self.verdict else Health.UNKNOWN

    @property
    def is_problem(self) -> bool:
        """Worth a look: neither healthy nor suspended on purpose."""
        return self.health not in {Health.HEALTHY, Health.SUSPENDED}

    def data_age(self, now: datetime) -> timedelta:
        """How long ago Snowflake showed this row, changed or not: the connection knows."""
        return max(timedelta(), now - (self.connection.observed_at or self.service.observed_at))

    def is_stale(self, now: datetime) -> bool:
        """Whether the row is a memory rather than an observation."""
        return (
            self.connection.state is not ConnectionState.CONNECTED
            or self.data_age(now) > STALE_AFTER
        )

    @property
    def container(self) -> ContainerSnapshot | None:
        """The container that holds the worker, or the first one."""
        containers = self.service.containers.value
        wanted = self.service.binding.container if self.service.binding else ""
        named = (container for container in containers if container.name == wanted)
        return next(named, containers[0] if containers else None)

    @property
    def image_tag(self) -> str:
        """The tag that the spec asked for, from the running image or else from the spec."""
        if container := self.container:
            return tag_of(container.image_name)
        if (spec := self.service.spec.value) and spec.containers:
            return tag_of(spec.containers[0].image)
        return ""

    @property
    def odd_compute_pool_state(self) -> str:
        """The compute pool's state where it is none that a running service needs."""
        pool = self.connection.compute_pool(self.service.compute_pool)
        if pool is None or pool.state in {ComputePoolState.ACTIVE, ComputePoolState.IDLE}:
            return ""
        return str(pool.state)

    def workers(self) -> tuple[WorkerSnapshot, ...]:
        """The rows of Prefect's that belong to this service."""
        if self.pool is None or self.verdict is None:
            return ()
        mine = set(self.verdict.workers)
        return tuple(worker for worker in self.pool.value.workers if worker.name in mine)

    def heartbeat_age(self, now: datetime) -> timedelta | None:
        """The oldest of the last heartbeats of this service's workers; None without any."""
        if self.pool is None:
            return None
        ages = (self.pool.value.heartbeat_age(worker, now) for worker in self.workers())
        return max((age for age in ages if age is not None), default=None)


Row = ServiceRow | ConnectionRow


def tag_of(image: str) -> str:
    """`1.4.2` of `/db/schema/repo/worker:1.4.2`; the short digest where there is no tag."""
    name, _, digest = image.partition("@")
    last = name.rsplit("/", 1)[-1]
    if ":" in last:
        return last.rsplit(":", 1)[1]
    return digest.removeprefix("sha256:")[:8] if digest else ("latest" if last else "")


def is_in_trouble(connection: ConnectionSnapshot) -> bool:
    """Whether the connection needs a line of its own."""
    return (
        connection.state not in {ConnectionState.CONNECTED, ConnectionState.CONNECTING}
        or connection.error is not None
    )


def service_rows(judged: JudgedFleet) -> list[ServiceRow]:
    """One row per service, in the order of the connections."""
    pools = judged.snapshot.work_pools
    verdicts = judged.verdicts
    return [
        ServiceRow(
            service,
            connection,
            verdicts.get(service.key),
            pools.get(service.binding.pool) if service.binding else None,
        )
        for connection in judged.snapshot.connections
        for service in connection.services
    ]


def connection_rows(judged: JudgedFleet) -> list[ConnectionRow]:
    """One row per connection in trouble."""
    connections = judged.snapshot.connections
    return [ConnectionRow(connection) for connection in connections if is_in_trouble(connection)]
