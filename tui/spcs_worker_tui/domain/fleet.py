"""What Snowflake said, as immutable values.

One way only: an adapter makes these, nobody changes them. Times are aware and in UTC.
Column names and statuses are Snowflake's (contract 1.1 to 1.3, 1.10, 1.11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkPoolSnapshot

T = TypeVar("T")


class ServerWord(StrEnum):
    """A word of the server's; one that we do not know reads as UNKNOWN."""

    @classmethod
    def _missing_(cls, value: object) -> Self:  # noqa: ARG003 - enum's signature
        return cls("UNKNOWN")


class ServiceStatus(ServerWord):
    """`status` of SHOW SERVICES (contract 1.1)."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    FAILED = "FAILED"
    DONE = "DONE"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    SUSPENDING = "SUSPENDING"
    SUSPENDED = "SUSPENDED"
    DELETING = "DELETING"
    DELETED = "DELETED"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    UNKNOWN = "UNKNOWN"


class InstanceStatus(ServerWord):
    """`status` of SHOW SERVICE INSTANCES (contract 1.3)."""

    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"
    TERMINATING = "TERMINATING"
    SUCCEEDED = "SUCCEEDED"
    UNKNOWN = "UNKNOWN"


class ContainerStatus(ServerWord):
    """`status` of SHOW SERVICE CONTAINERS (contract 1.3)."""

    PENDING = "PENDING"
    READY = "READY"
    DONE = "DONE"
    FAILED = "FAILED"
    TERMINATING = "TERMINATING"
    UNKNOWN = "UNKNOWN"


class ComputePoolState(ServerWord):
    """`state` of SHOW COMPUTE POOLS (contract 1.10, 2.4)."""

    IDLE = "IDLE"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    STARTING = "STARTING"
    STOPPING = "STOPPING"
    RESIZING = "RESIZING"
    UNKNOWN = "UNKNOWN"


class ConnectionState(StrEnum):
    """Where one saved connection stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    SIGN_IN_NEEDED = "sign-in needed"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class Observation(Generic[T]):
    """A value with the time it was last known good, and why the latest attempt failed.

    `observed_at` None means: never seen. `error` None means: the latest attempt succeeded.
    """

    value: T
    observed_at: datetime | None = None
    error: FleetError | None = None

    def failed(self, error: FleetError) -> Observation[T]:
        """The same value, now known to be ageing because of `error`."""
        return Observation(self.value, self.observed_at, error)


@dataclass(frozen=True, slots=True, order=True)
class ServiceKey:
    """What tells one service from every other: the saved connection and the qualified name."""

    connection: str
    database: str
    schema: str
    name: str

    @property
    def qualified(self) -> str:
        """`DB.SCHEMA.NAME`, for people; SQL goes through the adapter's quoting."""
        return f"{self.database}.{self.schema}.{self.name}"

    def __str__(self) -> str:
        return f"{self.connection}:{self.qualified}"


@dataclass(frozen=True, slots=True)
class InstanceSnapshot:
    """One row of SHOW SERVICE INSTANCES."""

    instance_id: int
    status: InstanceStatus
    spec_digest: str = ""
    creation_time: datetime | None = None
    start_time: datetime | None = None
    ip_address: str = ""


@dataclass(frozen=True, slots=True)
class ContainerSnapshot:
    """One row of SHOW SERVICE CONTAINERS that has a container in it."""

    instance_id: int
    name: str
    status: ContainerStatus
    instance_status: InstanceStatus = InstanceStatus.UNKNOWN
    message: str = ""
    image_name: str = ""
    image_digest: str = ""
    restart_count: int = 0
    start_time: datetime | None = None
    last_exit_code: int | None = None
    last_restart_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """What the deployed spec says of one container, as far as watching needs it."""

    name: str
    image: str
    image_digest: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    secret_env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    has_readiness_probe: bool = False


@dataclass(frozen=True, slots=True)
class DeployedSpec:
    """The `spec` column of DESCRIBE SERVICE: its text, and what was read out of it."""

    text: str
    digest: str
    containers: tuple[ContainerSpec, ...] = ()
    source: str = field(default="", repr=False, compare=False)
    """Exactly as the server sent it, for sending it again; `text` is the same, cleaned."""
    said_by: str = ""
    """What says so where the account shows this role no spec; then there is no text, and of the
    containers only what watching needs."""
    differing_fields: tuple[str, ...] | None = None
    """What the project's files have otherwise, in one word each; None: not compared with them."""


@dataclass(frozen=True, slots=True)
class PrefectBinding:
    """Which work pool of which Prefect API a service's worker is meant to serve.

    Read from the deployed spec: environment first, then `--pool` and `--name` in command and
    args. `container` is the container that holds the worker. The service is a worker even where
    the spec does not say where it reports to: then `pool.api_url` or `pool.name` is empty, and
    nobody can be asked (`is_complete`).
    """

    pool: WorkPoolKey
    container: str
    worker_name: str | None = None
    heartbeat_interval_seconds: int | None = None
    work_queues: tuple[str, ...] = ()
    secret_env: tuple[str, ...] = ()
    """Of the variables that are missing here, those that come from a Snowflake secret."""
    said_by: str = ""
    """As `DeployedSpec.said_by`."""

    @property
    def is_complete(self) -> bool:
        """Whether both the Prefect API and the work pool are known."""
        return bool(self.pool.api_url and self.pool.name)


@dataclass(frozen=True, slots=True)
class ServiceSnapshot:
    """One row of SHOW SERVICES with what else is known about that service.

    `observed_at` is when the row first read as it does. A row that is confirmed unchanged stays
    the same object, so that a thousand of them cost nothing; when it was last confirmed is the
    connection's `observed_at`, and that is the age to judge by.
    """

    key: ServiceKey
    status: ServiceStatus
    observed_at: datetime
    compute_pool: str = ""
    owner: str = ""
    current_instances: int = 0
    target_instances: int = 0
    min_ready_instances: int = 1
    min_instances: int = 1
    max_instances: int = 1
    auto_resume: bool = True
    auto_suspend_secs: int = 0
    external_access_integrations: tuple[str, ...] = ()
    created_on: datetime | None = None
    updated_on: datetime | None = None
    resumed_on: datetime | None = None
    suspended_on: datetime | None = None
    comment: str = ""
    is_job: bool = False
    spec_digest: str = ""
    is_upgrading: bool = False
    error: FleetError | None = None
    containers: Observation[tuple[ContainerSnapshot, ...]] = field(
        default_factory=lambda: Observation(())
    )
    instances: Observation[tuple[InstanceSnapshot, ...]] = field(
        default_factory=lambda: Observation(())
    )
    spec: Observation[DeployedSpec | None] = field(default_factory=lambda: Observation(None))
    binding: PrefectBinding | None = None
    spec_read_at: datetime | None = None
    """When an earlier run read the spec of this digest; `binding` is then what it said."""
    applied_digest: str | None = None
    """The spec digest that was applied last from this machine; None: never, or not known."""
    local_spec: str = ""
    """Stands for the spec that the project's files have for this service, and differs when that
    does; empty: they have none, or nobody asked."""
    differing_fields: tuple[str, ...] | None = None
    """As `DeployedSpec.differing_fields`; also where an earlier run compared the two."""
    containers_unread: str = ""
    """Why the containers were not read although they could be: what vouches for them instead."""

    @property
    def ready_instances(self) -> int:
        """Instances whose containers are all READY, by the latest container rows.

        Where something else vouches for the containers, the row's own count.
        """
        if self.containers_unread:
            return self.current_instances
        ready: dict[int, bool] = {}
        for container in self.containers.value:
            up = container.status is ContainerStatus.READY
            ready[container.instance_id] = ready.get(container.instance_id, True) and up
        return sum(ready.values())

    @property
    def restart_count(self) -> int:
        """Restarts of all containers that exist now."""
        return sum(container.restart_count for container in self.containers.value)


@dataclass(frozen=True, slots=True)
class ComputePoolSnapshot:
    """One row of SHOW COMPUTE POOLS."""

    name: str
    state: ComputePoolState
    instance_family: str = ""
    min_nodes: int = 0
    max_nodes: int = 0
    active_nodes: int = 0
    idle_nodes: int = 0
    target_nodes: int = 0
    num_services: int = 0
    num_jobs: int = 0
    auto_suspend_secs: int = 0
    auto_resume: bool = True
    owner: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ImageSnapshot:
    """One row of SHOW IMAGES IN IMAGE REPOSITORY."""

    image_name: str
    tags: tuple[str, ...]
    digest: str
    image_path: str
    created_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConnectionSnapshot:
    """One saved connection and what it showed."""

    name: str
    state: ConnectionState
    account: str = ""
    user: str = ""
    role: str = ""
    observed_at: datetime | None = None
    error: FleetError | None = None
    retry_at: datetime | None = None
    statements: int = 0
    services: tuple[ServiceSnapshot, ...] = ()
    compute_pools: Observation[tuple[ComputePoolSnapshot, ...]] = field(
        default_factory=lambda: Observation(())
    )

    def compute_pool(self, name: str) -> ComputePoolSnapshot | None:
        """The compute pool of that name, or None when it was not shown."""
        return next((pool for pool in self.compute_pools.value if pool.name == name), None)


@dataclass(frozen=True, slots=True)
class FleetSnapshot:
    """Everything that is known at one moment: replaced as a whole, never changed."""

    observed_at: datetime
    connections: tuple[ConnectionSnapshot, ...] = ()
    work_pools: Mapping[WorkPoolKey, Observation[WorkPoolSnapshot]] = field(default_factory=dict)
    images: Mapping[str, Observation[tuple[ImageSnapshot, ...]]] = field(default_factory=dict)
    """By image repository, `connection:db/schema/repository`."""

    @property
    def services(self) -> tuple[ServiceSnapshot, ...]:
        """The services of all connections, in the order of the connections."""
        return tuple(s for connection in self.connections for s in connection.services)

    def connection(self, name: str) -> ConnectionSnapshot | None:
        """The connection of that name, or None."""
        return next((c for c in self.connections if c.name == name), None)

    def service(self, key: ServiceKey | None) -> ServiceSnapshot | None:
        """The service of that key, or None when it is not there (any more)."""
        if key is None or (connection := self.connection(key.connection)) is None:
            return None
        return next((s for s in connection.services if s.key == key), None)

    def work_pool(self, service: ServiceSnapshot) -> Observation[WorkPoolSnapshot] | None:
        """What Prefect said of the work pool that this service's worker serves."""
        return self.work_pools.get(service.binding.pool) if service.binding else None
