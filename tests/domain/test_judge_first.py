"""What is read out of one picture: the first verdict on a service, from whole snapshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from spcs_worker_tui.domain.errors import (
    PrefectNotFoundError,
    PrefectUnauthorizedError,
    PrivilegeError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import (
    ComputePoolState,
    ContainerStatus,
    Observation,
)
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.verdict import Health, Sync
from support.fleet import (
    DIGEST,
    NOW,
    OTHER_DIGEST,
    ago,
    binding,
    compute_pool,
    connection,
    container,
    demo_fleet,
    fleet,
    image,
    instance,
    late_run,
    queue,
    running_run,
    service,
    work_pool,
    worker,
)
from support.judging import first_verdict, one, starting


def test_the_demo_fleet() -> None:
    judged = Judge().judge(demo_fleet(), NOW)
    rules = {key.name: verdict.rule for key, verdict in judged.verdicts.items()}
    assert rules == {
        "INGEST": 32,
        "REPORTS": 32,
        "NIGHTLY": 6,
        "CRASHING": 9,
        "PULLING": 10,
        "API": 38,
    }
    assert "PREFECT_API_URL" in judged.verdicts[judged.snapshot.services[3].key].reason


def test_a_verdict_counts_workers_and_says_how_it_came_about() -> None:
    rows = [worker("analytics.prefect.ingest.0"), worker("analytics.prefect.ingest.1", age=4000)]
    two = service(containers=[container(0), container(1)])
    verdict = one(two, work_pool(workers=rows))
    assert (verdict.rule, verdict.workers_online, verdict.workers_expected) == (42, 1, 2)
    assert verdict.workers == ("analytics.prefect.ingest.0", "analytics.prefect.ingest.1")
    assert verdict.since == NOW
    assert verdict.previous is None
    shown = {fact.name: fact for fact in verdict.facts}
    assert shown["status"].value == "RUNNING"
    assert shown["status"].source == "Snowflake"
    assert shown["heartbeat"].source == "Prefect"
    assert shown["heartbeat"].observed_at == ago(1)
    assert all(fact.value and fact.name for fact in verdict.facts)


@pytest.mark.parametrize(
    ("age", "rule"), [(0, 32), (44, 32), (46, 20), (89, 20), (91, 18), (10**6, 18), (None, 17)]
)
def test_heartbeats_age_in_intervals(age: float | None, rule: int) -> None:
    age = None if age is None else age + 1  # the pool was observed one second ago
    rows = [worker(age=age), worker("x.y.z.0")]
    assert one(service(), work_pool(workers=rows)).rule == rule


def test_the_row_s_interval_comes_before_the_spec_s_and_that_before_thirty_seconds() -> None:
    bound = service(binding=binding(heartbeat_interval_seconds=60))
    others = worker("x.y.z.0")
    own = work_pool(workers=[worker(age=71, heartbeat_interval_seconds=None), others])
    assert one(bound, own).rule == 32
    assert one(service(), own).rule == 20
    row = work_pool(workers=[worker(age=71, heartbeat_interval_seconds=10), others])
    assert one(bound, row).rule == 18


def test_offline_is_a_second_opinion_only() -> None:
    assert one(service(), work_pool(workers=[worker(status="OFFLINE")])).rule == 32
    silent = work_pool(workers=[worker(age=400, status="ONLINE"), worker("x.y.z.0")])
    assert one(service(), silent).rule == 18


@pytest.mark.parametrize("skew", [-180, 180])
def test_ages_count_on_the_server_s_clock(skew: float) -> None:
    rows = [worker(age=12 - skew)]
    pool = work_pool(workers=rows, clock_skew=timedelta(seconds=skew))
    assert one(service(), pool).rule == 32


def test_ages_count_to_the_look_and_not_to_now() -> None:
    """A Prefect that does not answer for a minute must not make its workers look silent."""
    rows = [worker(age=80)]
    snapshot = fleet(service(), work_pools=[work_pool(workers=rows)], work_pools_seen=70)
    assert first_verdict(snapshot).rule == 32


def test_all_workers_of_one_server_together_accuse_the_server() -> None:
    silent = work_pool(workers=[worker(age=200), worker("x.y.z.0", age=210)])
    assert one(service(), silent).rule == 19
    ghost = work_pool(workers=[worker(age=200), worker("x.y.z.0", age=9000)])
    assert one(service(), ghost).rule == 18
    other_pool = work_pool("other", workers=[worker("x.y.z.0", age=205)])
    snapshot = fleet(service(), work_pools=[work_pool(workers=[worker(age=200)]), other_pool])
    assert first_verdict(snapshot).rule == 19
    elsewhere = work_pool("other", api_url="http://elsewhere/api", workers=[worker("a", age=205)])
    snapshot = fleet(service(), work_pools=[work_pool(workers=[worker(age=200)]), elsewhere])
    assert first_verdict(snapshot).rule == 18


def test_a_container_that_just_started_has_time_to_report() -> None:
    young = service(containers=[container(age=20)])
    assert one(young, work_pool(workers=[])).rule == 16
    assert one(young, work_pool(workers=[worker(age=300)])).rule == 16
    assert one(service(containers=[container(age=130)]), work_pool(workers=[])).rule == 17


def test_a_second_instance_that_just_started_has_time_to_report() -> None:
    rows = [worker("analytics.prefect.ingest.0")]
    two = service(containers=[container(0), container(1, age=60)])
    assert one(two, work_pool(workers=rows)).rule == 32
    not_ready = container(1, status=ContainerStatus.PENDING, message="Failed to pull image")
    verdict = one(service(containers=[container(0), not_ready]), work_pool(workers=rows))
    assert (verdict.rule, verdict.reason) == (28, "1 of 2 instances ready: Failed to pull image")


def test_a_work_pool_that_nobody_made() -> None:
    missing = PrefectNotFoundError("Prefect does not have it")
    snapshot = fleet(service(), work_pools_seen=None, work_pools_error=missing)
    verdict = first_verdict(snapshot)
    assert verdict.rule == 17
    assert "does not exist" in verdict.reason


def test_a_prefect_that_refuses() -> None:
    refused = PrefectUnauthorizedError("refuses the credentials")
    verdict = first_verdict(fleet(service(), work_pools_seen=None, work_pools_error=refused))
    assert (verdict.rule, "refuses the credentials" in verdict.reason) == (15, True)
    # What was known a moment ago still holds.
    assert first_verdict(fleet(service(), work_pools_seen=60, work_pools_error=refused)).rule == 32
    assert first_verdict(fleet(service(), work_pools_seen=91, work_pools_error=refused)).rule == 15


def test_a_prefect_that_was_not_asked_yet() -> None:
    assert first_verdict(fleet(service(), work_pools_seen=None)).rule == 41
    assert first_verdict(fleet(service(), work_pools=[])).rule == 41


def test_a_connection_that_fell_silent() -> None:
    down = SnowflakeUnreachableError("no answer within 20 s")
    for seen, rule in ((80, 32), (95, 2)):
        own = service()
        dev = connection("dev", [own], observed_at=ago(seen), error=down)
        assert first_verdict(fleet(own, connections=[dev])).rule == rule
    dev = connection("dev", [service()], observed_at=ago(95), error=down)
    verdict = first_verdict(fleet(service(), connections=[dev], work_pools_seen=95))
    assert verdict.rule == 1
    assert "no answer within 20 s" in verdict.reason


def test_a_row_that_did_not_change_is_as_fresh_as_its_connection() -> None:
    assert one(service(seen=5000)).rule == 32


def test_a_spec_that_is_not_there() -> None:
    unread = service(binding=None, spec=Observation(None))
    assert one(unread).rule == 39
    refused = PrivilegeError("not the owner", errno=3001)
    unreadable = service(binding=None, spec=Observation(None, None, refused))
    assert "cannot read the spec" in one(unreadable).reason
    assert one(service(binding=None)).rule == 38


def test_containers_that_this_role_may_not_see() -> None:
    unseen = service(containers=[], current_instances=1, target_instances=1)
    unseen = replace(unseen, containers=Observation(()), instances=Observation(()))
    assert one(unseen).rule == 32
    assert one(replace(unseen, status=starting().status)).rule == 12


@pytest.mark.parametrize(
    ("state", "age", "rule"),
    [
        (ComputePoolState.ACTIVE, 299, 11),
        (ComputePoolState.ACTIVE, 301, 12),
        (ComputePoolState.STARTING, 301, 11),
        (ComputePoolState.RESIZING, 1199, 11),
        (ComputePoolState.STARTING, 1201, 12),
    ],
)
def test_a_cold_compute_pool_takes_longer(state: ComputePoolState, age: float, rule: int) -> None:
    own = starting(resumed_on=ago(age))
    pools = Observation((compute_pool(state=state),), NOW)
    dev = connection("dev", [own], compute_pools=pools)
    assert first_verdict(fleet(own, connections=[dev])).rule == rule


def test_upgrades_count_instances_and_time() -> None:
    instances = [instance(0), instance(1, spec_digest="old")]
    rows = [container(0), container(1)]
    workers = [worker("analytics.prefect.ingest.0"), worker("analytics.prefect.ingest.1")]
    for updated, rule in ((60, 13), (601, 14)):
        own = service(
            containers=rows, instances=instances, is_upgrading=True, updated_on=ago(updated)
        )
        verdict = one(own, work_pool(workers=workers))
        assert verdict.rule == rule
    assert one(replace(own, updated_on=ago(9)), work_pool(workers=workers)).reason == (
        "Upgrading: 1 of 2 instances on the new spec"
    )


def test_suspended_services_and_waiting_runs() -> None:
    own = service(status="SUSPENDED")
    stopped = worker(age=1900)
    assert one(own, work_pool(workers=[stopped])).rule == 5
    late = [late_run(900), late_run(20, id="2")]
    verdict = one(own, work_pool(workers=[stopped], late=late))
    assert (verdict.rule, verdict.reason) == (
        6,
        "Suspended while 2 runs wait (oldest 14 min). Nothing resumes it by itself",
    )
    other = worker("x.y.z.0")
    assert one(own, work_pool(workers=[stopped, other], late=late)).rule == 7
    assert verdict.workers_expected == 0


def test_a_suspended_service_whose_name_beats() -> None:
    own = service(status="SUSPENDED", suspended_on=ago(300))
    assert one(own, work_pool(workers=[worker(age=12)])).rule == 8
    # It was still stopping when it beat last.
    just_now = service(status="SUSPENDED", suspended_on=ago(40))
    assert one(just_now, work_pool(workers=[worker(age=12)])).rule == 5


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"late": [late_run(50)]}, 32),
        ({"late": [late_run(90)]}, 23),
        ({"late": [late_run(400)]}, 24),
        ({"late": [late_run(400)], "is_paused": True}, 21),
        ({"is_paused": True}, 22),
        ({"late": [late_run(90)], "concurrency_limit": 2, "active_slots": 2}, 25),
        ({"late": [late_run(90)], "concurrency_limit": 2, "active_slots": 1}, 23),
        ({"concurrency_limit": 2, "active_slots": 2}, 32),
        ({"late": [late_run(90)], "queues": [queue(is_paused=True)]}, 21),
        ({"late": [late_run(90)], "queues": [queue(concurrency_limit=1, active_slots=1)]}, 25),
    ],
)
def test_waiting_work(fields: dict[str, Any], rule: int) -> None:
    assert one(service(), work_pool(**fields)).rule == rule


@pytest.mark.parametrize(
    ("served", "rule"), [((), 24), (("a",), 32), (("b",), 24), (("c",), 22), (("a", "c"), 32)]
)
def test_only_the_queues_that_are_served_count(served: tuple[str, ...], rule: int) -> None:
    pool = work_pool(
        queues=[queue("a"), queue("b", late_count=1), queue("c", is_paused=True)],
        late=[late_run(400, work_queue_name="b")],
    )
    assert one(service(binding=binding(work_queues=served)), pool).rule == rule


def test_late_runs_in_a_paused_queue_do_not_hide_those_in_another() -> None:
    queues = [queue("a", late_count=1), queue("b", late_count=1, is_paused=True)]
    late = [
        late_run(400, work_queue_name="a"),
        late_run(900, work_queue_name="b", id="2"),
    ]
    verdict = one(service(), work_pool(queues=queues, late=late))
    assert verdict.rule == 24
    assert "1 late (oldest 6 min 39 s)" in verdict.reason
    only_b = work_pool(queues=[queue("a", late_count=0), queues[1]], late=late[1:])
    assert one(service(), only_b).rule == 21


@pytest.mark.parametrize(
    ("mine", "theirs", "rule"),
    [
        ("3.8.8", "3.8.8", 32),
        ("3.8.9", "3.8.8", 32),
        ("3.9.0", "3.8.8", 26),
        ("4.0.0", "3.8.8", 26),
        ("3.2.1", "3.8.8", 32),
        ("2.20.9", "3.8.8", 27),
        ("", "3.8.8", 32),
        ("3.8.8", "", 32),
        ("dev", "3.8.8", 32),
    ],
)
def test_versions(mine: str, theirs: str, rule: int) -> None:
    pool = work_pool(workers=[worker(version=mine)], server_version=theirs)
    assert one(service(), pool).rule == rule


@pytest.mark.parametrize(
    ("run", "orphans"),
    [
        (running_run(30), 0),
        (running_run(7200), 1),  # it started before the container of its worker did
        (running_run(30, worker_name="analytics.prefect.ingest.4"), 1),
        (running_run(30, worker_name="ProcessWorker gone"), 1),
        (running_run(30, worker_name="x.y.z.0"), 0),  # another service's to show
        (running_run(30, worker_name=""), 0),
    ],
)
def test_orphan_runs(run: Any, orphans: int) -> None:
    verdict = one(service(), work_pool(running=[run]))
    assert verdict.rule == (31 if orphans else 32)


def test_auto_suspend_is_a_trap_for_workers_only() -> None:
    assert one(service(auto_suspend_secs=600)).rule == 30
    assert one(service(auto_suspend_secs=600, binding=None)).rule == 38


def test_the_sync_word_stands_beside_the_verdict() -> None:
    verdict = one(service(), images=[image(digest=OTHER_DIGEST), image("old", DIGEST)])
    assert (verdict.health, verdict.sync) == (Health.HEALTHY, Sync.IMAGE_BEHIND)
