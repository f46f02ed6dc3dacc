from __future__ import annotations

from dataclasses import replace

import pytest

from spcs_worker_tui.domain.fleet import Observation, ServiceSnapshot
from spcs_worker_tui.domain.join import (
    JoinedWorkers,
    MatchedBy,
    WorkerIndex,
    is_conventional,
    join_workers,
    worker_prefix,
)
from spcs_worker_tui.domain.prefect import WorkerSnapshot
from support.fleet import binding, container, instance, key, service, worker


def join(of: ServiceSnapshot, *rows: WorkerSnapshot) -> JoinedWorkers:
    return join_workers(of, WorkerIndex.of(rows))


def names(rows: tuple[WorkerSnapshot, ...]) -> list[str]:
    return [row.name for row in rows]


def test_the_prefix_is_clean() -> None:
    odd = key("My Service.v2", database="DB$1", schema="Größe")
    assert worker_prefix(odd) == "db-1.gr--e.my-service-v2."


@pytest.mark.parametrize(
    ("name", "conventional"),
    [
        ("db.s.svc.0", True),
        ("db.s.svc.ip-10-244-0-9", True),
        ("db.s.svc.host", True),
        ("ProcessWorker 3f0c", False),
        ("db.s.svc", False),
        ("a.b.c.d.0", False),
        ("DB.S.SVC.0", False),
    ],
)
def test_what_follows_the_convention(name: str, conventional: bool) -> None:
    assert is_conventional(name) == conventional


def test_rows_and_instances_join_exactly() -> None:
    two = service("INGEST", containers=[container(0), container(1)])
    found = join(
        two,
        worker("analytics.prefect.ingest.1"),
        worker("analytics.prefect.ingest.0"),
        worker("analytics.prefect.ingest_b.0"),
        worker("other"),
    )
    assert found.matched_by is MatchedBy.INSTANCE
    assert names(found.current) == ["analytics.prefect.ingest.0", "analytics.prefect.ingest.1"]
    assert found.expected == ("analytics.prefect.ingest.0", "analytics.prefect.ingest.1")
    assert found.ghosts == ()


def test_rows_of_earlier_instances_are_ghosts() -> None:
    rows = [worker("analytics.prefect.ingest.0"), worker("analytics.prefect.ingest.3", age=9999)]
    found = join(service("INGEST"), *rows)
    assert names(found.current) == ["analytics.prefect.ingest.0"]
    assert names(found.ghosts) == ["analytics.prefect.ingest.3"]
    assert found.expected == ("analytics.prefect.ingest.0",)


def test_an_instance_without_a_row_is_still_expected() -> None:
    two = service("INGEST", containers=[container(0), container(1)])
    found = join(two, worker("analytics.prefect.ingest.0"))
    assert found.expected == ("analytics.prefect.ingest.0", "analytics.prefect.ingest.1")


def test_addresses_stand_for_instances() -> None:
    two = service(
        "INGEST",
        containers=[container(0), container(1)],
        instances=[instance(0, ip_address="10.244.0.9"), instance(1, ip_address="10.244.1.7")],
    )
    found = join(
        two,
        worker("analytics.prefect.ingest.ip-10-244-1-7"),
        worker("analytics.prefect.ingest.ip-10-244-0-9"),
        worker("analytics.prefect.ingest.ip-10-244-9-9", age=5000),
    )
    assert names(found.current) == [
        "analytics.prefect.ingest.ip-10-244-0-9",
        "analytics.prefect.ingest.ip-10-244-1-7",
    ]
    assert names(found.ghosts) == ["analytics.prefect.ingest.ip-10-244-9-9"]


def test_of_two_rows_for_one_instance_the_one_that_beats_counts() -> None:
    one = service("INGEST", instances=[instance(0, ip_address="10.244.0.9")])
    found = join(
        one,
        worker("analytics.prefect.ingest.0", age=4000),
        worker("analytics.prefect.ingest.ip-10-244-0-9", age=10),
    )
    assert names(found.current) == ["analytics.prefect.ingest.ip-10-244-0-9"]
    assert names(found.ghosts) == ["analytics.prefect.ingest.0"]


def test_host_names_fill_the_instances_without_a_row() -> None:
    found = join(
        service("INGEST"),
        worker("analytics.prefect.ingest.host-old", age=4000),
        worker("analytics.prefect.ingest.host-new", age=10),
        worker("analytics.prefect.ingest.never", age=None),
    )
    assert names(found.current) == ["analytics.prefect.ingest.host-new"]
    assert len(found.ghosts) == 2


def test_where_containers_were_not_seen_the_target_counts() -> None:
    seen = service("INGEST", containers=[], target_instances=2)
    unseen = replace(seen, containers=Observation(()), instances=Observation(()))
    found = join(unseen, worker("analytics.prefect.ingest.0"), worker("analytics.prefect.ingest.5"))
    assert names(found.current) == ["analytics.prefect.ingest.0"]
    assert len(found.expected) == 2


def test_a_name_from_the_spec() -> None:
    named = service("INGEST", binding=binding(worker_name="my worker"))
    found = join(named, worker("my worker"), worker("other"))
    assert (found.matched_by, names(found.current)) == (MatchedBy.WORKER_NAME, ["my worker"])
    assert join(named, worker("other")).current == ()
    assert join(named, worker("other")).expected == ("my worker",)


def test_the_convention_comes_before_the_name_from_the_spec() -> None:
    named = service("INGEST", binding=binding(worker_name="my worker"))
    found = join(named, worker("my worker"), worker("analytics.prefect.ingest.0"))
    assert names(found.current) == ["analytics.prefect.ingest.0"]


def test_what_has_no_name_is_joined_by_pool_without_the_rows_of_others() -> None:
    found = join(service("INGEST"), worker("ProcessWorker 1"), worker("db.s.other.0"))
    assert (found.matched_by, names(found.current)) == (MatchedBy.POOL, ["ProcessWorker 1"])
    assert found.expected == ()
