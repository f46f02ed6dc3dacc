"""Builders for snapshots: a healthy fleet by default, one word changes one thing.

Every time is relative to `NOW`, so that a test states ages and not dates::

    fleet(service("INGEST"), work_pools=[work_pool(workers=[worker(age=12)])])

`service()` is a running one-instance Prefect worker on `NOW`; `worker()` is the row that this
worker keeps fresh in `work_pool()`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from spcs_worker_tui.domain.errors import FleetError, PrefectError
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    ComputePoolState,
    ConnectionSnapshot,
    ConnectionState,
    ContainerSnapshot,
    ContainerSpec,
    ContainerStatus,
    DeployedSpec,
    FleetSnapshot,
    ImageSnapshot,
    InstanceSnapshot,
    InstanceStatus,
    Observation,
    PrefectBinding,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.prefect import (
    FlowRunSnapshot,
    WorkerSnapshot,
    WorkPoolKey,
    WorkPoolSnapshot,
    WorkQueueSnapshot,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
API_URL = "http://127.0.0.1:4200/api"
POOL = "spcs"
DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64
IMAGE = "org-acct.registry.snowflakecomputing.com/analytics/prefect/images/worker:1.4.0"
REPOSITORY = "analytics/prefect/images"


def ago(seconds: float) -> datetime:
    """The moment that many seconds before `NOW`."""
    return NOW - timedelta(seconds=seconds)


def key(
    name: str = "INGEST",
    *,
    connection: str = "dev",
    database: str = "ANALYTICS",
    schema: str = "PREFECT",
) -> ServiceKey:
    return ServiceKey(connection, database, schema, name)


def container(instance_id: int = 0, *, age: float = 3600, **fields: Any) -> ContainerSnapshot:
    """A READY worker container that started `age` seconds ago."""
    values: dict[str, Any] = {
        "name": "worker",
        "status": ContainerStatus.READY,
        "instance_status": InstanceStatus.READY,
        "message": "Running",
        "image_name": IMAGE,
        "image_digest": DIGEST,
        "start_time": ago(age),
    }
    return ContainerSnapshot(instance_id=instance_id, **(values | fields))


def instance(instance_id: int = 0, *, age: float = 3600, **fields: Any) -> InstanceSnapshot:
    """A READY instance that was made `age` seconds ago."""
    values: dict[str, Any] = {
        "status": InstanceStatus.READY,
        "spec_digest": "spec-1",
        "creation_time": ago(age),
        "start_time": ago(age),
        "ip_address": f"10.244.0.{9 + instance_id}",
    }
    return InstanceSnapshot(instance_id=instance_id, **(values | fields))


def binding(pool: str = POOL, *, api_url: str = API_URL, **fields: Any) -> PrefectBinding:
    return PrefectBinding(pool=WorkPoolKey(api_url, pool), container="worker", **fields)


def deployed_spec(env: Mapping[str, str] | None = None, **fields: Any) -> DeployedSpec:
    """The spec of a worker; `env` replaces its environment, `fields` go to the container."""
    if env is None:
        env = {"PREFECT_API_URL": API_URL, "PREFECT_WORK_POOL": POOL}
    image = f"/{REPOSITORY}/worker:1.4.0"
    values: dict[str, Any] = {"name": "worker", "image": image, "image_digest": DIGEST}
    worker_container = ContainerSpec(env=env, **(values | fields))
    return DeployedSpec(text="spec:\n", digest="spec-1", containers=(worker_container,))


_BINDING = binding()


def service(
    name: str = "INGEST",
    *,
    connection: str = "dev",
    database: str = "ANALYTICS",
    schema: str = "PREFECT",
    status: ServiceStatus | str = ServiceStatus.RUNNING,
    seen: float = 1,
    containers: Iterable[ContainerSnapshot] | None = None,
    instances: Iterable[InstanceSnapshot] | None = None,
    binding: PrefectBinding | None = _BINDING,
    **fields: Any,
) -> ServiceSnapshot:
    """A service as SHOW SERVICES and its companions showed it `seen` seconds ago.

    Args:
        name: Of the service.
        connection: The saved connection that shows it.
        database: Where it lives.
        schema: Where it lives.
        status: Of the service; a suspended one has no containers unless they are given.
        seen: Age of every observation, in seconds.
        containers: Default one READY container, none while SUSPENDED.
        instances: Default one per container.
        binding: None makes it a service that is no Prefect worker.
        fields: Anything else of `ServiceSnapshot`.
    """
    status = ServiceStatus(status)
    if containers is None:
        containers = () if status is ServiceStatus.SUSPENDED else (container(),)
    rows = tuple(containers)
    if instances is None:
        instances = [instance(i) for i in sorted({row.instance_id for row in rows})]
    instances = tuple(instances)
    observed_at = ago(seen)
    env = None if binding else {"GREETING": "hello"}
    values: dict[str, Any] = {
        "compute_pool": "WORKERS",
        "owner": "OPERATOR",
        "current_instances": len(instances),
        "target_instances": max(1, len(instances)),
        "max_instances": max(1, len(instances)),
        "created_on": ago(7 * 86400),
        "updated_on": ago(86400),
        "resumed_on": ago(3600),
        "suspended_on": ago(1800) if status is ServiceStatus.SUSPENDED else None,
        "spec_digest": "spec-1",
        "spec": Observation(deployed_spec(env), observed_at),
    }
    return ServiceSnapshot(
        key=ServiceKey(connection, database, schema, name),
        status=status,
        observed_at=observed_at,
        containers=Observation(rows, observed_at),
        instances=Observation(instances, observed_at),
        binding=binding,
        **(values | fields),
    )


def worker(
    name: str = "analytics.prefect.ingest.0", *, age: float | None = 12, **fields: Any
) -> WorkerSnapshot:
    """A worker row whose last heartbeat is `age` seconds old; None means it never beat."""
    values: dict[str, Any] = {
        "status": "ONLINE" if age is not None and age <= 100 else "OFFLINE",
        "last_heartbeat_time": None if age is None else ago(age),
        "heartbeat_interval_seconds": 30,
        "created": ago(3600),
    }
    return WorkerSnapshot(name=name, **(values | fields))


def queue(name: str = "default", *, polled: float | None = 5, **fields: Any) -> WorkQueueSnapshot:
    """A work queue that was polled `polled` seconds ago."""
    values: dict[str, Any] = {
        "status": "READY",
        "last_polled": None if polled is None else ago(polled),
    }
    return WorkQueueSnapshot(name=name, **(values | fields))


def late_run(seconds: float = 120, *, id: str = "late-1", **fields: Any) -> FlowRunSnapshot:  # noqa: A002 - the field's name
    """A run that should have started `seconds` ago."""
    values: dict[str, Any] = {
        "name": "sleepy-otter",
        "flow_name": "ingest",
        "state_type": "SCHEDULED",
        "state_name": "Late",
        "expected_start_time": ago(seconds),
        "work_queue_name": "default",
    }
    return FlowRunSnapshot(id=id, **(values | fields))


def running_run(
    seconds: float = 30,
    *,
    id: str = "run-1",  # noqa: A002 - the field's name
    worker_name: str = "analytics.prefect.ingest.0",
    **fields: Any,
) -> FlowRunSnapshot:
    """A run that started `seconds` ago on the given worker."""
    values: dict[str, Any] = {
        "name": "busy-beaver",
        "flow_name": "ingest",
        "state_type": "RUNNING",
        "state_name": "Running",
        "expected_start_time": ago(seconds + 5),
        "start_time": ago(seconds),
        "work_queue_name": "default",
        "worker_name": worker_name,
    }
    return FlowRunSnapshot(id=id, **(values | fields))


def work_pool(
    name: str = POOL,
    *,
    api_url: str = API_URL,
    workers: Iterable[WorkerSnapshot] | None = None,
    queues: Iterable[WorkQueueSnapshot] | None = None,
    late: Sequence[FlowRunSnapshot] = (),
    running: Sequence[FlowRunSnapshot] = (),
    **fields: Any,
) -> WorkPoolSnapshot:
    """A READY process work pool with one fresh worker and its default queue."""
    values: dict[str, Any] = {
        "type": "process",
        "status": "READY",
        "server_version": "3.8.8",
        "late_count": len(late),
        "running_count": len(running),
    }
    return WorkPoolSnapshot(
        key=WorkPoolKey(api_url, name),
        queues=(queue(),) if queues is None else tuple(queues),
        workers=(worker(),) if workers is None else tuple(workers),
        late_runs=tuple(late),
        running_runs=tuple(running),
        **(values | fields),
    )


def compute_pool(name: str = "WORKERS", **fields: Any) -> ComputePoolSnapshot:
    values: dict[str, Any] = {
        "state": ComputePoolState.ACTIVE,
        "instance_family": "CPU_X64_S",
        "min_nodes": 1,
        "max_nodes": 3,
        "active_nodes": 1,
        "target_nodes": 1,
        "num_services": 1,
        "auto_suspend_secs": 3600,
    }
    return ComputePoolSnapshot(name=name, **(values | fields))


def image(tag: str = "1.4.0", digest: str = DIGEST, *, age: float = 600) -> ImageSnapshot:
    """A row of SHOW IMAGES in `REPOSITORY`, pushed `age` seconds ago."""
    return ImageSnapshot("worker", (tag,), digest, f"{REPOSITORY}/worker:{tag}", ago(age))


def connection(
    name: str = "dev", services: Iterable[ServiceSnapshot] = (), **fields: Any
) -> ConnectionSnapshot:
    values: dict[str, Any] = {
        "state": ConnectionState.CONNECTED,
        "account": f"ORG-{name.upper()}",
        "user": "OPS",
        "role": "OPERATOR",
        "observed_at": ago(1),
        "compute_pools": Observation((compute_pool(),), ago(1)),
    }
    return ConnectionSnapshot(name=name, services=tuple(services), **(values | fields))


def fleet(
    *services: ServiceSnapshot,
    work_pools: Iterable[WorkPoolSnapshot] | None = None,
    work_pools_seen: float | None = 1,
    work_pools_error: FleetError | None = None,
    images: Iterable[ImageSnapshot] = (image(),),
    connections: Iterable[ConnectionSnapshot] = (),
    now: datetime = NOW,
) -> FleetSnapshot:
    """A snapshot of these services, on one CONNECTED connection per name they mention.

    Args:
        services: In the order in which they shall be shown.
        work_pools: Default one healthy pool; what a service is bound to must be among them.
        work_pools_seen: Age in seconds of what Prefect said; None: it never answered.
        work_pools_error: Why the latest look at Prefect failed.
        images: Rows of `REPOSITORY`, shown to every connection.
        connections: Replace or add to the connections made for the services.
        now: When the snapshot was put together.
    """
    by_name = {c.name: c for c in connections}
    for name in dict.fromkeys(s.key.connection for s in services):
        own = tuple(s for s in services if s.key.connection == name)
        by_name.setdefault(name, connection(name, own))
    if work_pools is None:
        work_pools = (work_pool(),)
    observed_at = None if work_pools_seen is None else now - timedelta(seconds=work_pools_seen)
    rows = tuple(images)
    return FleetSnapshot(
        observed_at=now,
        connections=tuple(by_name.values()),
        work_pools={p.key: Observation(p, observed_at, work_pools_error) for p in work_pools},
        images={f"{name}:{REPOSITORY}": Observation(rows, now) for name in by_name},
    )


def demo_fleet() -> FleetSnapshot:
    """One of everything: what the sandbox shows, frozen at `NOW`."""
    crashing = container(
        status=ContainerStatus.FAILED,
        message="User application error, check container logs",
        age=20,
        restart_count=7,
        last_exit_code=64,
        last_restart_time=ago(20),
    )
    pulling = container(
        status=ContainerStatus.PENDING, message="Failed to pull image", start_time=None
    )
    no_url = PrefectBinding(pool=WorkPoolKey("", POOL), container="worker")
    return fleet(
        service("INGEST"),
        service("REPORTS", containers=[container(0), container(1)], binding=binding("reports")),
        service("NIGHTLY", status="SUSPENDED", binding=binding("nightly")),
        service(
            "CRASHING",
            connection="prod",
            status="PENDING",
            containers=[crashing],
            instances=[instance(age=180)],
            binding=no_url,
        ),
        service("PULLING", connection="prod", status="PENDING", containers=[pulling]),
        service("API", connection="prod", binding=None),
        work_pools=[
            work_pool(running=[running_run()]),
            work_pool(
                "reports",
                workers=[
                    worker("analytics.prefect.reports.0"),
                    worker("analytics.prefect.reports.1", age=25),
                ],
            ),
            work_pool(
                "nightly",
                workers=[worker("analytics.prefect.nightly.0", age=1900)],
                late=[late_run(900), late_run(300, id="late-2")],
                status="NOT_READY",
            ),
        ],
    )


def unreachable(message: str = "Prefect did not answer within 8 s") -> PrefectError:
    """A failure to hand to `fleet(work_pools_error=…)`."""
    return PrefectError(message)
