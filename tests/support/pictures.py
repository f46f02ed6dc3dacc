"""Pictures of fleets, judged by hand."""

from __future__ import annotations

import dataclasses
import random
from datetime import datetime, timedelta

from spcs_worker_tui.domain.errors import SignInNeededError
from spcs_worker_tui.domain.fleet import (
    ConnectionState,
    FleetSnapshot,
    Observation,
    ServiceStatus,
)
from spcs_worker_tui.domain.verdict import Fact, Health, JudgedFleet, Sync, Verdict
from support import fleet as build

NOW = build.NOW


def verdict(health: Health = Health.HEALTHY, reason: str = "", **fields: object) -> Verdict:
    """A verdict with facts; `fields` replace its own."""
    values: dict[str, object] = {
        "rule": 32,
        "reason": reason or "Beating every 30 s, last 12 s ago; last run 4 min ago",
        "sync": Sync.IN_SYNC,
        "since": NOW - timedelta(minutes=7),
        "workers_online": 1,
        "workers_expected": 1,
        "facts": (
            Fact("service status", "RUNNING", build.ago(1), "Snowflake"),
            Fact("instances ready", "1 of 1", build.ago(1), "Snowflake"),
            Fact("last heartbeat", "12 s ago", build.ago(4), "Prefect"),
        ),
    }
    return Verdict(health=health, **(values | fields))  # type: ignore[arg-type]


def demo(now: datetime = NOW) -> JudgedFleet:
    """One of everything, judged by hand, with every age as at `NOW`."""
    snapshot = build.demo_fleet()
    by_name = {service.key.name: service.key for service in snapshot.services}
    trouble = build.connection(
        "lab",
        state=ConnectionState.SIGN_IN_NEEDED,
        error=SignInNeededError("lab signs in with a browser", next_step="It opens one here."),
    )
    snapshot = dataclasses.replace(snapshot, connections=(*snapshot.connections, trouble))
    verdicts = {
        by_name["INGEST"]: verdict(workers=("analytics.prefect.ingest.0",)),
        by_name["REPORTS"]: verdict(
            workers=("analytics.prefect.reports.0", "analytics.prefect.reports.1"),
            workers_online=2,
            workers_expected=2,
            sync=Sync.IMAGE_BEHIND,
            sync_detail="1.4.0 was pushed again 10 min ago and is not rolled out",
        ),
        by_name["NIGHTLY"]: verdict(
            Health.BROKEN,
            "Suspended while 2 runs wait, the oldest for 15 min. Nothing resumes it by itself",
            rule=6,
            next_step="Press z to resume it",
            workers_online=0,
            previous=Health.SUSPENDED,
        ),
        by_name["CRASHING"]: verdict(
            Health.BROKEN,
            "Restart loop: 7 restarts in 10 min, exit code 64",
            rule=9,
            next_step="Read the log: l. The exit code means: PREFECT_API_URL is not set",
            workers_online=0,
        ),
        by_name["PULLING"]: verdict(
            Health.BROKEN,
            "Cannot start: Failed to pull image",
            rule=10,
            next_step="Check the image's name and the role's READ on the image repository",
            workers_online=0,
        ),
        by_name["API"]: verdict(
            Health.HEALTHY, "Runs; it is no Prefect worker", workers_online=0, workers_expected=0
        ),
    }
    return shifted(JudgedFleet(snapshot, verdicts), now)


def shifted(judged: JudgedFleet, now: datetime) -> JudgedFleet:
    """The same picture with every age as at `now`, as far as the dashboard shows it."""
    by = now - judged.snapshot.observed_at

    def worker_later(worker):
        beat = worker.last_heartbeat_time
        return dataclasses.replace(worker, last_heartbeat_time=beat + by if beat else None)

    pools = {
        key: Observation(
            dataclasses.replace(o.value, workers=tuple(map(worker_later, o.value.workers))),
            o.observed_at + by if o.observed_at else None,
            o.error,
        )
        for key, o in judged.snapshot.work_pools.items()
    }
    connections = tuple(
        dataclasses.replace(
            c,
            services=tuple(
                dataclasses.replace(s, observed_at=s.observed_at + by) for s in c.services
            ),
        )
        for c in judged.snapshot.connections
    )
    snapshot = FleetSnapshot(now, connections, pools, judged.snapshot.images)
    return JudgedFleet(snapshot, judged.verdicts)


def big(count: int, now: datetime = NOW) -> JudgedFleet:
    """Many services on twenty connections, a few of them in trouble."""
    dice = random.Random(count)
    rows, verdicts, pools = [], {}, []
    for number in range(count):
        pool = f"pool-{number % 50}"
        row = build.service(
            f"WORKER_{number:04d}",
            connection=f"account-{number % 20:02d}",
            binding=build.binding(pool),
        )
        rows.append(row)
        health = dice.choices([*Health], [90, 4, 2, 3, 1])[0]
        if health is Health.SUSPENDED:
            rows[-1] = dataclasses.replace(row, status=ServiceStatus.SUSPENDED)
        verdicts[row.key] = verdict(health, workers=(f"w-{number}",))
    for number in range(50):
        workers = [build.worker(f"w-{i}", age=dice.random() * 30) for i in range(number, count, 50)]
        pools.append(build.work_pool(f"pool-{number}", workers=workers))
    return shifted(JudgedFleet(build.fleet(*rows, work_pools=pools), verdicts), now)


def without(judged: JudgedFleet, name: str) -> JudgedFleet:
    """The picture without that service."""
    connections = tuple(
        dataclasses.replace(c, services=tuple(s for s in c.services if s.key.name != name))
        for c in judged.snapshot.connections
    )
    snapshot = dataclasses.replace(judged.snapshot, connections=connections)
    verdicts = {key: v for key, v in judged.verdicts.items() if key.name != name}
    return JudgedFleet(snapshot, verdicts)


def rejudged(judged: JudgedFleet, name: str, health: Health) -> JudgedFleet:
    """The picture with another verdict on that service."""
    verdicts = dict(judged.verdicts)
    for key, old in judged.verdicts.items():
        if key.name == name:
            verdicts[key] = dataclasses.replace(old, health=health)
    return JudgedFleet(judged.snapshot, verdicts)
