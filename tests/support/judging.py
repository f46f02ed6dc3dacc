"""From a picture to the first verdict on it, for tests of the rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from spcs_worker_tui.domain.fleet import ContainerStatus, FleetSnapshot, ServiceSnapshot
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.prefect import WorkPoolSnapshot
from spcs_worker_tui.domain.verdict import Verdict
from support.fleet import NOW, ago, container, fleet, instance, service, work_pool


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def first_verdict(snapshot: FleetSnapshot, now: datetime = NOW) -> Verdict:
    verdicts = Judge().judge(snapshot, now).verdicts
    return next(iter(verdicts.values()))


def one(of: ServiceSnapshot, pool: WorkPoolSnapshot | None = None, **fields: Any) -> Verdict:
    """The first verdict on one service of one work pool."""
    return first_verdict(fleet(of, work_pools=[pool or work_pool()], **fields))


def starting(**fields: Any) -> ServiceSnapshot:
    rows = [container(status=ContainerStatus.PENDING, message="Waiting to start", start_time=None)]
    values = {"status": "PENDING", "containers": rows, "instances": [], "resumed_on": ago(30)}
    return service(**(values | fields))


def restarted(count: int, last: float, *, made: float = 86400, **fields: Any) -> ServiceSnapshot:
    row = container(
        age=last, restart_count=count, last_restart_time=ago(last), last_exit_code=1, **fields
    )
    return service(containers=[row], instances=[instance(age=made)])
