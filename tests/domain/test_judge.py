"""From pictures to verdicts: what is read out of snapshots, and how verdicts stay steady."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
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
    FleetSnapshot,
    Observation,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.judge import Judge, roll_up
from spcs_worker_tui.domain.prefect import WorkPoolSnapshot
from spcs_worker_tui.domain.verdict import Health, Sync, Verdict
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


# -- one look ------------------------------------------------------------------------------------


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


# -- restarts ------------------------------------------------------------------------------------


def restarted(count: int, last: float, *, made: float = 86400, **fields: Any) -> ServiceSnapshot:
    row = container(
        age=last, restart_count=count, last_restart_time=ago(last), last_exit_code=1, **fields
    )
    return service(containers=[row], instances=[instance(age=made)])


@pytest.mark.parametrize(
    ("of", "rule"),
    [
        (restarted(1, 120), 29),
        (restarted(1, 700), 32),  # longer ago than the window
        (restarted(50, 120, made=86400 * 30), 29),  # once in a while for a month
        (restarted(3, 60, made=300), 9),
        (restarted(10, 60, made=1200), 9),
        (restarted(2, 60, made=300), 29),
    ],
)
def test_a_first_look_at_restarts(of: ServiceSnapshot, rule: int) -> None:
    """`--check` looks once; a loop must not hide from it."""
    assert one(of).rule == rule


class Watched:
    """One service, looked at again and again, with a worker that keeps beating."""

    def __init__(self) -> None:
        self.judge = Judge()

    def look(self, seconds: float, *rows: Any, **fields: Any) -> Verdict:
        now = at(seconds)
        own = service(containers=rows or (container(age=9e4),), instances=[instance(age=9e4)])
        own = replace(own, containers=Observation(own.containers.value, now), **fields)
        pool = work_pool(workers=[worker(age=5 - seconds)])
        dev = connection("dev", [own], observed_at=now)
        snapshot = fleet(own, work_pools=[pool], work_pools_seen=0, connections=[dev], now=now)
        return next(iter(self.judge.judge(snapshot, now).verdicts.values()))


def lived(start: float, count: int, **fields: Any) -> Any:
    return container(start_time=at(start), restart_count=count, **fields)


def test_three_restarts_in_ten_minutes_are_a_loop_until_ten_minutes_are_over() -> None:
    watched = Watched()
    assert watched.look(0).rule == 32
    for number, second in enumerate((100, 300, 500), start=1):
        verdict = watched.look(second, lived(second, number, last_restart_time=at(second)))
    assert verdict.rule == 9
    assert verdict.reason.startswith("Restart loop: 3 restarts in 10 min")
    last = lived(500, 3, last_restart_time=at(500))
    assert watched.look(690, last).rule == 9
    watched.look(701, last)
    assert watched.look(702, last).rule == 29
    watched.look(1101, last)
    assert watched.look(1102, last).rule == 32


def test_two_short_lives_are_a_loop() -> None:
    watched = Watched()
    watched.look(0, lived(0, 0))
    assert watched.look(40, lived(30, 1, last_restart_time=at(30))).rule == 29
    verdict = watched.look(90, lived(80, 2, last_restart_time=at(80)))
    assert verdict.rule == 9
    # The third life lasts.
    steady = lived(80, 2, last_restart_time=at(80))
    watched.look(201, steady)
    assert watched.look(202, steady).rule == 29


def test_a_long_life_between_two_restarts_is_no_loop() -> None:
    watched = Watched()
    watched.look(0, lived(0, 0))
    watched.look(40, lived(30, 1, last_restart_time=at(30)))
    assert watched.look(260, lived(250, 2, last_restart_time=at(250))).rule == 29


def test_a_new_container_starts_counting_anew() -> None:
    watched = Watched()
    watched.look(0, lived(-9e4, 7, last_restart_time=at(-8e4)))
    assert watched.look(10, lived(5, 0)).rule == 32


# -- steadiness ----------------------------------------------------------------------------------


class Polled:
    """Feeds a judge one poll of Snowflake, of Prefect or of both at a time."""

    def __init__(self) -> None:
        self.judge = Judge()
        self.second = 0.0
        self.snowflake_at = NOW
        self.prefect_at = NOW
        self.service = service()
        self.pool = work_pool()
        self.seen: Observation[WorkPoolSnapshot] | None = None

    def poll(
        self,
        of: ServiceSnapshot | None = None,
        pool: WorkPoolSnapshot | None = None,
        *,
        sides: str = "both",
    ) -> Verdict:
        """One second later; nothing is observed anew with sides=`none`."""
        self.second += 1
        now = at(self.second)
        if sides in ("both", "snowflake"):
            self.snowflake_at = now
        if sides in ("both", "prefect"):
            self.prefect_at = now
        self.service = of or self.service
        self.pool = pool or self.pool
        if self.seen is None or (self.seen.value, self.seen.observed_at) != (
            self.pool,
            self.prefect_at,
        ):
            self.seen = Observation(self.pool, self.prefect_at)
        dev = connection("dev", [self.service], observed_at=self.snowflake_at)
        snapshot = FleetSnapshot(now, (dev,), {self.pool.key: self.seen})
        return self.judge.judge(snapshot, now).verdicts[self.service.key]


def rules(verdicts: Iterable[Verdict]) -> list[int]:
    return [verdict.rule for verdict in verdicts]


SILENT = work_pool(workers=[worker(age=500), worker("x.y.z.0")])
SLOW = work_pool(workers=[worker(age=60), worker("x.y.z.0")])
ABSENT = work_pool(workers=[worker("x.y.z.0")])
UNFETCHED = work_pool(late=[late_run(90)])
LOOPING = restarted(5, 30, made=300)
FAILED = service(status="FAILED")
UNPULLED = starting(
    containers=[container(status=ContainerStatus.PENDING, message="Failed to pull image")]
)
STUCK = service(is_upgrading=True, updated_on=ago(900))
NIGHTLY = service(status="SUSPENDED")
WAITING = work_pool(workers=[worker(age=1900)], late=[late_run(900)])


@pytest.mark.parametrize(
    ("of", "pool", "rule"),
    [
        (FAILED, None, 4),
        (NIGHTLY, WAITING, 6),
        (LOOPING, None, 9),
        (UNPULLED, None, 10),
        (STUCK, None, 14),
        (None, work_pool(late=[late_run(90)], is_paused=True), 21),
    ],
)
def test_what_is_definite_worsens_at_once(
    of: ServiceSnapshot | None, pool: WorkPoolSnapshot | None, rule: int
) -> None:
    polled = Polled()
    assert polled.poll().rule == 32
    if of is STUCK:  # a service that is seen for the first time while it is stuck
        polled = Polled()
    verdict = polled.poll(of, pool)
    assert verdict.rule == rule


@pytest.mark.parametrize(
    ("pool", "rule"), [(ABSENT, 17), (SILENT, 18), (SLOW, 20), (UNFETCHED, 23)]
)
def test_what_rests_on_an_age_or_a_missing_row_takes_two_polls(
    pool: WorkPoolSnapshot, rule: int
) -> None:
    polled = Polled()
    # No row at all is only "never" while this service's rows are known by their names.
    polled.service = service(binding=binding(worker_name="analytics.prefect.ingest.0"))
    first = polled.poll()
    held = polled.poll(pool=pool)
    assert (first.rule, held.rule, held.health) == (32, 32, Health.HEALTHY)
    assert f"rule {rule}" in held.facts[-1].value
    verdict = polled.poll()
    assert verdict.rule == rule
    assert (verdict.since, verdict.previous) == (at(3), Health.HEALTHY)


def test_the_first_verdict_is_immediate() -> None:
    assert Polled().poll(pool=SILENT).rule == 18


def test_another_picture_is_not_another_poll() -> None:
    polled = Polled()
    polled.poll()
    seen = [polled.poll(pool=SILENT)]
    seen += [polled.poll(sides="none") for _ in range(3)]
    seen += [polled.poll(sides="snowflake") for _ in range(3)]
    assert rules(seen) == [32] * 7
    assert polled.poll(sides="prefect").rule == 18


def test_a_single_odd_poll_is_forgotten() -> None:
    polled = Polled()
    good = work_pool()
    seen = [polled.poll(pool=p) for p in (good, SILENT, good, SILENT, good)]
    assert rules(seen) == [32] * 5
    assert {verdict.since for verdict in seen} == {at(1)}


def test_it_improves_after_two_polls() -> None:
    polled = Polled()
    polled.poll(pool=SILENT)
    assert polled.poll(pool=work_pool()).rule == 18
    assert polled.poll(sides="snowflake").rule == 18
    verdict = polled.poll()
    assert (verdict.rule, verdict.since, verdict.previous) == (32, at(4), Health.BROKEN)


def test_it_goes_on_improving_by_either_side_when_the_sides_differ() -> None:
    polled = Polled()
    assert polled.poll(UNPULLED).rule == 10
    assert polled.poll(service()).rule == 10
    assert polled.poll(sides="snowflake").rule == 32


def test_within_one_word_the_reason_follows_at_once() -> None:
    polled = Polled()
    polled.poll()
    polled.poll(pool=SLOW)
    assert polled.poll().rule == 20
    paused = work_pool(late=[late_run(90)], is_paused=True)
    verdict = polled.poll(pool=paused)
    assert (verdict.rule, verdict.since) == (21, at(3))


def test_a_worsening_that_grows_worse_still_needs_two_polls() -> None:
    polled = Polled()
    polled.poll()
    assert rules([polled.poll(pool=SLOW), polled.poll(pool=SILENT)]) == [32, 32]
    assert polled.poll().rule == 18


def test_suspending_and_resuming_show_at_once() -> None:
    polled = Polled()
    assert polled.poll(pool=SILENT).rule == 18
    assert polled.poll(NIGHTLY, work_pool(workers=[])).rule == 5
    assert polled.poll(starting()).rule == 11


def test_blindness_and_sight_show_at_once() -> None:
    polled = Polled()
    polled.poll()
    polled.second += 100
    assert polled.poll(sides="prefect").rule == 2
    verdict = polled.poll(pool=work_pool(workers=[worker(age=-90)]))
    assert (verdict.rule, verdict.previous) == (32, Health.UNKNOWN)


def test_a_broken_worker_on_a_silent_prefect_is_not_called_broken_for_ever() -> None:
    polled = Polled()
    polled.poll(pool=SILENT)
    polled.second += 100
    assert polled.poll(sides="snowflake").rule == 15


def test_time_alone_moves_a_verdict() -> None:
    polled = Polled()
    assert polled.poll(starting(resumed_on=ago(290))).rule == 11
    polled.second += 20
    assert polled.poll(sides="none").rule == 12


def test_a_service_that_went_away_is_forgotten() -> None:
    judge = Judge()
    assert judge.judge(fleet(service(), work_pools=[SILENT]), NOW).verdicts
    assert not judge.judge(fleet(), at(1)).verdicts
    assert first_verdict(fleet(service(), work_pools=[work_pool()])).rule == 32
    again = judge.judge(fleet(service()), at(2)).verdicts
    assert rules(again.values()) == [32]


def test_unchanged_inputs_give_the_same_verdict_object() -> None:
    polled = Polled()
    verdict = polled.poll()
    assert polled.poll(sides="none") is verdict
    assert polled.poll(sides="snowflake") is verdict


def test_changed_inputs_are_judged_anew() -> None:
    polled = Polled()
    verdict = polled.poll()
    assert polled.poll(sides="prefect") is not verdict


# -- the roll-up ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "worst"),
    [
        ([], Health.UNKNOWN),
        (["suspended"], Health.SUSPENDED),
        (["suspended", "healthy"], Health.HEALTHY),
        (["healthy", "degraded"], Health.DEGRADED),
        (["degraded", "unknown"], Health.UNKNOWN),
        (["degraded", "unknown", "broken", "suspended"], Health.BROKEN),
    ],
)
def test_roll_up(words: list[str], worst: Health) -> None:
    verdicts = [Verdict(Health(word), 0, "") for word in words]
    rolled = roll_up(verdicts)
    assert rolled.worst is worst
    assert rolled.total == len(words)
    assert {health for health, number in rolled.counts.items() if number} == set(words)
