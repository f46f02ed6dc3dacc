"""`--check --prometheus`: the text exposition format 0.0.4, for a node exporter's text file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.exits import exit_of
from spcs_worker_tui.cli.report_table import newest_heartbeat
from spcs_worker_tui.domain.verdict import Health, Verdict

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceSnapshot
    from spcs_worker_tui.operations.check import CheckReport

_PREFIX = "spcs_worker_"

Labels = Mapping[str, str]
Sample = tuple[Labels, float]

_HELP = {
    "service_health": "1 for the verdict on the service, 0 for the others.",
    "service_rule": "Which rule of docs/health.md gave the verdict.",
    "service_instances_ready": "Instances whose containers are all READY.",
    "service_instances_target": "Instances that the scheduler wants.",
    "service_restarts": "Restarts of all containers that exist now.",
    "service_workers_online": "Prefect workers of the service that beat in time.",
    "service_workers_expected": "Prefect workers that the service should have.",
    "service_heartbeat_age_seconds": "Age of the newest heartbeat of the service's workers.",
    "work_pool_late_runs": "Flow runs that are late in the service's work pool.",
    "work_pool_running_runs": "Flow runs that are running in the service's work pool.",
    "connection_up": "Whether the saved connection answered.",
    "check_exit_status": "0 healthy, 1 degraded, 2 broken, 3 unknown.",
    "check_timestamp_seconds": "When the check was made.",
}


def as_prometheus(report: CheckReport) -> str:
    """All metrics; every one is a gauge."""
    samples: dict[str, list[Sample]] = {name: [] for name in _HELP}
    for service, verdict in report.services:
        for name, sample in _service(service, verdict, report.judged.snapshot):
            samples[name].append(sample)
    failed = {connection.name for connection in report.failed_connections}
    for connection in report.judged.snapshot.connections:
        up = float(connection.name not in failed)
        samples["connection_up"].append(({"connection": connection.name}, up))
    samples["check_exit_status"].append(({}, float(exit_of(report.health))))
    checked_at = report.judged.snapshot.observed_at.timestamp()
    samples["check_timestamp_seconds"].append(({}, checked_at))
    return "".join(_metric(name, found) for name, found in samples.items() if found)


def _service(
    service: ServiceSnapshot, verdict: Verdict, snapshot: FleetSnapshot
) -> Iterator[tuple[str, Sample]]:
    key = service.key
    labels = {
        "connection": key.connection,
        "database": key.database,
        "schema": key.schema,
        "service": key.name,
    }
    for health in Health:
        value = float(verdict.health is health)
        yield "service_health", ({**labels, "verdict": str(health)}, value)
    yield "service_rule", (labels, float(verdict.rule))
    yield "service_instances_ready", (labels, float(service.ready_instances))
    yield "service_instances_target", (labels, float(service.target_instances))
    if not service.containers_unread:
        yield "service_restarts", (labels, float(service.restart_count))
    if service.binding is None:
        return
    yield "service_workers_online", (labels, float(verdict.workers_online))
    yield "service_workers_expected", (labels, float(verdict.workers_expected))
    seen = snapshot.work_pool(service)
    if seen is None or seen.observed_at is None:
        return
    age = newest_heartbeat(verdict, seen.value, snapshot)
    if age is not None:
        yield "service_heartbeat_age_seconds", (labels, age.total_seconds())
    pool = {**labels, "work_pool": service.binding.pool.name}
    yield "work_pool_late_runs", (pool, float(seen.value.late_count))
    yield "work_pool_running_runs", (pool, float(seen.value.running_count))


def _metric(name: str, samples: Iterable[Sample]) -> str:
    full = _PREFIX + name
    lines = [f"# HELP {full} {_HELP[name]}", f"# TYPE {full} gauge"]
    lines += [f"{full}{_labels(labels)} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
