"""`--check --json`: one object, documented in docs/check.md, for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.cli.exits import exit_of
from spcs_worker_tui.cli.remedies import commands
from spcs_worker_tui.cli.report_table import newest_heartbeat
from spcs_worker_tui.domain.text import without_credentials

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import (
        ConnectionSnapshot,
        FleetSnapshot,
        Observation,
        ServiceSnapshot,
    )
    from spcs_worker_tui.domain.verdict import Fact, Verdict
    from spcs_worker_tui.operations.check import CheckReport

SCHEMA_VERSION = 1
"""Raised when a field changes its meaning or goes; new fields may come at any time."""


def as_json(report: CheckReport, *, indented: bool) -> str:
    """The report, with a stable order of keys."""
    return json.dumps(as_object(report), indent=2 if indented else None, ensure_ascii=False)


def as_object(report: CheckReport) -> dict[str, Any]:
    """The report as plain values. Times are RFC 3339 in UTC, ages are seconds."""
    snapshot = report.judged.snapshot
    failed = {connection.name for connection in report.failed_connections}
    return {
        "version": SCHEMA_VERSION,
        "checked_at": _time(snapshot.observed_at),
        "verdict": str(report.health),
        "exit_status": int(exit_of(report.health)),
        "summary": {
            "services": sum(report.counts.values()),
            **{str(health): count for health, count in report.counts.items()},
            "connections": len(snapshot.connections),
            "connections_failed": len(failed),
        },
        "remarks": list(report.remarks),
        "resumed": [
            {
                "service": str(done.service),
                "ok": done.error is None,
                "error": str(done.error) if done.error else None,
            }
            for done in report.resumptions
        ],
        "connections": [_connection(c, ok=c.name not in failed) for c in snapshot.connections],
        "services": [_service(s, v, snapshot) for s, v in report.services],
    }


def _connection(connection: ConnectionSnapshot, *, ok: bool) -> dict[str, Any]:
    error = connection.error
    return {
        "name": connection.name,
        "ok": ok,
        "state": str(connection.state),
        "error": str(error) if error else None,
        "next_step": error.next_step if error else "",
        "account": connection.account,
        "user": connection.user,
        "role": connection.role,
        "services": len(connection.services),
        "observed_at": _time(connection.observed_at),
        "statements": connection.statements,
    }


def _service(service: ServiceSnapshot, verdict: Verdict, snapshot: FleetSnapshot) -> dict[str, Any]:
    now = snapshot.observed_at
    key = service.key
    return {
        "connection": key.connection,
        "database": key.database,
        "schema": key.schema,
        "service": key.name,
        "verdict": str(verdict.health),
        "rule": verdict.rule,
        "reason": verdict.reason,
        "next_step": verdict.next_step,
        "commands": list(commands(verdict, key)),
        "since": _time(verdict.since),
        "sync": str(verdict.sync),
        "sync_detail": verdict.sync_detail,
        "status": str(service.status),
        "instances": {"ready": service.ready_instances, "target": service.target_instances},
        "restarts": None if service.containers_unread else service.restart_count,
        "containers_unread": service.containers_unread or None,
        "compute_pool": service.compute_pool,
        "spec_digest": service.spec_digest,
        "age_seconds": _ages(service, snapshot, now),
        "work_pool": _work_pool(service, verdict, snapshot),
        "workers": {
            "online": verdict.workers_online,
            "expected": verdict.workers_expected,
            "names": list(verdict.workers),
        },
        "facts": [_fact(fact, now) for fact in verdict.facts],
    }


def _ages(service: ServiceSnapshot, snapshot: FleetSnapshot, now: datetime) -> dict[str, Any]:
    """How old is what each part of the verdict rests on; null: never seen."""
    pool = snapshot.work_pool(service)
    spec_read_at = service.spec.observed_at or service.spec_read_at
    connection = snapshot.connection(service.key.connection)
    row_read_at = connection.observed_at if connection else None
    return {
        "service": _seconds(now - (row_read_at or service.observed_at)),
        "containers": _age(service.containers, now),
        "spec": _age(replace(service.spec, observed_at=spec_read_at), now),
        "work_pool": _age(pool, now) if pool else None,
    }


def _work_pool(
    service: ServiceSnapshot, verdict: Verdict, snapshot: FleetSnapshot
) -> dict[str, Any] | None:
    if service.binding is None:
        return None
    seen = snapshot.work_pool(service)
    pool = seen.value if seen and seen.observed_at else None
    age = newest_heartbeat(verdict, pool, snapshot)
    return {
        "name": service.binding.pool.name,
        "api_url": without_credentials(service.binding.pool.api_url),
        "error": str(seen.error) if seen and seen.error else None,
        "next_step": seen.error.next_step if seen and seen.error else "",
        "status": pool.status if pool else None,
        "is_paused": pool.is_paused if pool else None,
        "late": pool.late_count if pool else None,
        "running": pool.running_count if pool else None,
        "heartbeat_age_seconds": _seconds(age) if age is not None else None,
    }


def _fact(fact: Fact, now: datetime) -> dict[str, Any]:
    age = _seconds(now - fact.observed_at) if fact.observed_at else None
    return {
        "name": fact.name,
        "value": fact.value,
        "source": fact.source or None,
        "age_seconds": age,
    }


def _age(observation: Observation[Any], now: datetime) -> float | None:
    return _seconds(now - observation.observed_at) if observation.observed_at else None


def _seconds(span: timedelta) -> float:
    return round(max(0.0, span.total_seconds()), 3)


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
