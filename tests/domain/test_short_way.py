"""Without container rows the verdict is the same wherever the rows may be left unread."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from spcs_worker_tui.domain import short_way
from spcs_worker_tui.domain.fleet import (
    ContainerSnapshot,
    ContainerStatus,
    Observation,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.judge import DEFAULT_THRESHOLDS as LIMITS
from spcs_worker_tui.domain.memory import RememberedSpec, is_plain
from spcs_worker_tui.domain.prefect import WorkerStarts, WorkPoolSnapshot
from spcs_worker_tui.domain.rules_pool import PoolView
from spcs_worker_tui.domain.verdict import Health, Sync
from support.fleet import (
    NOW,
    POOL,
    ago,
    binding,
    container,
    deployed_spec,
    late_run,
    queue,
    running_run,
    service,
    work_pool,
    worker,
)
from support.judging import one

T = TypeVar("T")
NAMES = tuple(f"analytics.prefect.ingest.{number}" for number in range(4))
QUIET = WorkerStarts(ago(7 * 86400), {})


def unread(of: ServiceSnapshot) -> ServiceSnapshot:
    """The same service as the short way shows it."""
    return replace(
        of,
        containers=Observation(()),
        instances=Observation(()),
        spec=Observation(None),
        spec_read_at=ago(3600),
        containers_unread=short_way.VOUCHED,
    )


def is_vouched_for(
    of: ServiceSnapshot,
    pool: WorkPoolSnapshot | None = None,
    starts: WorkerStarts = QUIET,
    settled: float = 1800,
) -> bool:
    known = RememberedSpec(ago(3600), of.binding, is_plain=True, settled_at=ago(settled))
    if not short_way.may_vouch(of, known):
        return False
    view = PoolView(Observation(pool or work_pool(), ago(1)), LIMITS)
    return short_way.vouches(unread(of), ago(settled), view, starts, NOW, LIMITS)


def test_a_quiet_healthy_worker_is_vouched_for() -> None:
    of = service()
    assert is_vouched_for(of)
    verdict = one(unread(of))
    assert (verdict.health, verdict.rule) == (Health.HEALTHY, 32)
    assert verdict.sync is Sync.UNKNOWN
    assert "not read" in verdict.sync_detail
    facts = {fact.name: fact for fact in verdict.facts}
    assert facts["containers"].value == f"not read: {short_way.VOUCHED}"
    assert "restarts within 10 min" not in facts
    assert facts["service is"].observed_at == ago(3600)


def test_that_somebody_else_altered_it_is_known_without_its_containers() -> None:
    assert one(unread(service(applied_digest="another"))).sync is Sync.CHANGED_ELSEWHERE


@pytest.mark.parametrize(
    "of",
    [
        service(status="PENDING"),
        service(is_upgrading=True),
        service(is_job=True),
        service(current_instances=0),
        service(target_instances=2, current_instances=2, min_ready_instances=1),
        service(binding=None),
        service(binding=binding("")),
    ],
)
def test_a_row_that_does_not_say_all_is_not_enough(of: ServiceSnapshot) -> None:
    assert not is_vouched_for(of)


@pytest.mark.parametrize(
    "pool",
    [
        work_pool(workers=[]),
        work_pool(workers=[worker(age=50)]),
        work_pool(workers=[worker(age=None)]),
        work_pool(workers=[worker("analytics.prefect.ingest.1")]),
        work_pool(workers=[worker("analytics.prefect.ingest.ip-10-244-0-9")]),
        work_pool(workers=[worker("laptop")]),
    ],
)
def test_nothing_but_a_fresh_worker_of_that_very_name_will_do(pool: WorkPoolSnapshot) -> None:
    assert not is_vouched_for(service(), pool)


def test_a_start_since_the_last_look_has_to_be_looked_at() -> None:
    assert not is_vouched_for(
        service(), starts=WorkerStarts(ago(9999), {(POOL, NAMES[0]): ago(300)})
    )
    # Seen and found harmless by the last look.
    quiet = WorkerStarts(ago(9999), {(POOL, NAMES[0]): ago(300)})
    assert is_vouched_for(service(), starts=quiet, settled=120)
    # Long enough ago for the rules not to care.
    assert is_vouched_for(service(), starts=WorkerStarts(ago(9999), {(POOL, NAMES[0]): ago(900)}))


def test_events_that_do_not_go_back_far_enough_prove_nothing() -> None:
    assert not is_vouched_for(service(), starts=WorkerStarts(ago(600), {}))


def test_a_run_that_may_be_older_than_its_container_has_to_be_looked_at() -> None:
    assert is_vouched_for(service(), work_pool(running=[running_run(300)]))
    assert not is_vouched_for(service(), work_pool(running=[running_run(1200)]))


def test_a_run_older_than_the_last_start_of_its_worker_has_to_be_looked_at() -> None:
    starts = WorkerStarts(ago(7 * 86400), {(POOL, NAMES[0]): ago(200)})
    for age, is_vouched in ((300.0, False), (100.0, True)):
        pool = work_pool(running=[running_run(age, worker_name=NAMES[0])])
        assert is_vouched_for(service(), pool, starts, settled=60) is is_vouched


def test_a_prefect_that_failed_vouches_for_nothing() -> None:
    view = PoolView(Observation(work_pool()), LIMITS)
    assert not short_way.vouches(unread(service()), ago(1800), view, QUIET, NOW, LIMITS)


def test_only_a_spec_with_one_probed_container_is_plain() -> None:
    assert is_plain(deployed_spec(has_readiness_probe=True))
    assert not is_plain(deployed_spec())
    spec = deployed_spec(has_readiness_probe=True)
    assert not is_plain(replace(spec, containers=spec.containers * 2))


def is_settled(of: ServiceSnapshot, starts: dict[tuple[str, str], datetime]) -> bool:
    view = PoolView(Observation(work_pool(), ago(1)), LIMITS)
    well = short_way.all_well(of, view, NOW, LIMITS)
    return well and short_way.are_heard(of, WorkerStarts(ago(9999), starts))


def test_settled_is_what_is_well_and_was_heard_of() -> None:
    heard = {(POOL, NAMES[0]): ago(3595)}
    assert is_settled(service(), heard)
    assert not is_settled(service(), {})
    assert not is_settled(service(), {(POOL, NAMES[0]): ago(86400)})  # an earlier life
    lately = container(restart_count=1, last_restart_time=ago(500))
    assert not is_settled(service(containers=[lately]), heard)
    pending = container(status=ContainerStatus.PENDING)
    assert not is_settled(service(containers=[pending]), heard)


# Any picture.

OLD = [730.0, 1200.0, 7200.0, 7200.0, 86400.0, 86400.0]
ages = st.sampled_from([5.0, 100.0, 400.0, 599.0, 650.0, *OLD])


def mostly(usual: T, *others: T) -> st.SearchStrategy[T]:
    """The usual value in most pictures, or else too few of them took the short way."""
    return st.sampled_from([usual] * (6 * len(others)) + list(others))


@st.composite
def containers(draw: st.DrawFn, number: int) -> ContainerSnapshot:
    """A container of a service of which every instance is READY, as RUNNING promises here."""
    age = draw(ages)
    restarts = draw(mostly(0, 1, 4))
    return container(
        number,
        age=age,
        restart_count=restarts,
        last_restart_time=ago(age) if restarts else None,
        last_exit_code=1 if restarts else None,
    )


@st.composite
def pictures(draw: st.DrawFn) -> tuple[ServiceSnapshot, WorkPoolSnapshot, WorkerStarts, float]:
    count = draw(st.integers(1, 3))
    rows = [draw(containers(number)) for number in range(count)]
    # When containers were last found settled, none of them had restarted within the window.
    restarts = [row.last_restart_time for row in rows if row.last_restart_time is not None]
    window = short_way.starts_window(LIMITS)
    settled = draw(
        st.sampled_from(
            [
                seconds
                for seconds in (30.0, 300.0, 1000.0, 100_000.0)
                if all(not ago(seconds) - window <= at <= ago(seconds) for at in restarts)
            ]
        )
    )
    own = service(
        containers=rows,
        min_ready_instances=draw(mostly(count, 1)),
        auto_suspend_secs=draw(st.sampled_from([0, 600])),
        binding=binding(work_queues=draw(st.sampled_from([(), ("default",), ("other",)]))),
        is_upgrading=draw(mostly(False, True)),
    )
    starts = {
        (POOL, name): row.start_time + timedelta(seconds=draw(st.sampled_from([0, 3])))
        for name, row in zip(NAMES, rows, strict=False)
        if row.start_time is not None
    }
    workers = [
        worker(name, age=draw(mostly(12.0, 2.0, 44.0, 60.0, 120.0)))
        for name in NAMES[: draw(mostly(count, 4, 0))]
    ]
    pool = work_pool(
        workers=workers,
        queues=[queue(is_paused=draw(st.booleans())), queue("other")],
        late=draw(st.sampled_from([(), (), (late_run(90),), (late_run(900),)])),
        running=[
            running_run(draw(mostly(300.0, 30.0, 650.0, 7200.0)), id=str(number), worker_name=name)
            for number, name in enumerate(draw(st.lists(st.sampled_from(NAMES), max_size=3)))
        ],
        is_paused=draw(st.booleans()),
    )
    return own, pool, WorkerStarts(ago(7 * 86400), starts), settled


@settings(max_examples=300, deadline=None)
@given(pictures())
def test_the_short_way_leads_to_the_same_verdict(
    picture: tuple[ServiceSnapshot, WorkPoolSnapshot, WorkerStarts, float],
) -> None:
    own, pool, starts, settled = picture
    is_short = is_vouched_for(own, pool, starts, settled)
    event(f"short: {is_short}")
    assume(is_short)
    long, short = one(own, pool), one(unread(own), pool)
    event(f"rule {long.rule}")
    assert (short.health, short.rule) == (long.health, long.rule)
    assert short.workers == long.workers
    assert (short.workers_online, short.workers_expected) == (
        long.workers_online,
        long.workers_expected,
    )
