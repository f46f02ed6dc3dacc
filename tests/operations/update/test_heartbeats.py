"""When a service's workers count as beating: by exact name, fresh, since the container started."""

from __future__ import annotations

from datetime import timedelta

import pytest

from spcs_worker_tui.domain.fleet import ServiceSnapshot
from spcs_worker_tui.domain.prefect import WorkerSnapshot
from spcs_worker_tui.operations.update.heartbeats import beating
from support import fleet as build

NAME = "analytics.prefect.ingest."


def service(*ages: float) -> ServiceSnapshot:
    """Instances whose containers started so many seconds ago."""
    return build.service(
        containers=[build.container(number, age=age) for number, age in enumerate(ages)]
    )


def beats(found: ServiceSnapshot, *workers: WorkerSnapshot, skew: float = 0) -> tuple[bool, str]:
    pool = build.work_pool(workers=list(workers), clock_skew=timedelta(seconds=skew))
    return beating(found, build.binding(), pool, build.NOW)


def row(name: str, age: float, *, skew: float = 0) -> WorkerSnapshot:
    """A row that beat so many seconds ago, on a server whose clock is `skew` ahead."""
    return WorkerSnapshot(
        name, "ONLINE", build.NOW + timedelta(seconds=skew - age), 30, build.ago(90_000)
    )


def test_every_instance_needs_its_own_heartbeat() -> None:
    done, detail = beats(service(60, 60), row(NAME + "0", 5))
    assert (done, NAME + "1" in detail) == (False, True)
    done, detail = beats(service(60, 60), row(NAME + "0", 5), row(NAME + "1", 5))
    assert (done, detail) == (True, "2 workers beat in work pool spcs")


@pytest.mark.parametrize("skew", [-600, 0, 600])
def test_a_heartbeat_of_before_the_container_started_does_not_count(skew: float) -> None:
    assert not beats(service(10), row(NAME + "0", 12, skew=skew), skew=skew)[0]
    assert beats(service(10), row(NAME + "0", 8, skew=skew), skew=skew)[0]


def test_an_old_heartbeat_does_not_count() -> None:
    assert not beats(service(3600), row(NAME + "0", 61))[0]
    assert beats(service(3600), row(NAME + "0", 59))[0]


def test_another_services_worker_is_not_ours() -> None:
    assert not beats(service(60), row("analytics.prefect.other.0", 1))[0]


def test_a_nameless_worker_counts_once_ours_would_have_named_itself() -> None:
    assert not beats(service(5), row("ProcessWorker 1", 1))[0]
    done, detail = beats(service(60), row("ProcessWorker 1", 1))
    assert (done, "does not say whose it is" in detail) == (True, True)
