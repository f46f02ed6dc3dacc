"""Scale, drop, and the compute pool that goes along."""

from __future__ import annotations

import pytest

from spcs_worker_tui.domain.errors import (
    PlanRefusedError,
)
from spcs_worker_tui.domain.fleet import (
    Observation,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.domain.ports import ScaleTo
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.lifecycle import Lifecycle
from support import fleet as build
from support.lifecycle_bench import Bench, ids, says


def test_fewer_instances_than_have_to_be_ready_lower_that_too() -> None:
    bench = Bench(build.service(min_instances=3, max_instances=3, min_ready_instances=3))
    asked: list[ScaleTo] = []
    bench.account.scale_statement = lambda _, scale: asked.append(scale) or "ALTER"  # type: ignore[func-returns-value, method-assign, assignment]
    bench.lifecycle.scale(bench.key, 2)
    bench.lifecycle.scale(bench.key, 3, 5)
    assert asked == [ScaleTo(2, 2, 2), ScaleTo(3, 5)]


def test_scaling_says_who_ends_and_what_it_takes() -> None:
    service = build.service(min_instances=3, max_instances=3, current_instances=3)
    bench = Bench(service)
    assert says(bench.lifecycle.scale(bench.key, 1).plan, "Instances 1 to 2 will end")
    assert says(bench.lifecycle.scale(bench.key, 5).plan, "2 more have to find room")
    assert bench.lifecycle.scale(bench.key, 3).plan.is_empty


def test_scaling_what_is_suspended_waits_for_nothing() -> None:
    bench = Bench(build.service(status="SUSPENDED"))
    assert ids(bench.lifecycle.scale(bench.key, 2).plan) == ["scale"]


@pytest.mark.parametrize("typed", ["INGEST", "", "ANALYTICS.PREFECT.INGEST2"])
def test_dropping_wants_the_whole_name(typed: str) -> None:
    bench = Bench(build.service())
    with pytest.raises(PlanRefusedError, match="not the whole name"):
        bench.lifecycle.drop(bench.key, typed)


def pools(service: ServiceSnapshot, *others: ServiceSnapshot, **pool: object) -> Bench:
    """A bench whose role sees that compute pool."""
    bench = Bench(service)
    seen = Observation((build.compute_pool(**pool),), build.NOW)
    connection = build.connection("dev", (service, *others), compute_pools=seen)
    fleet = build.fleet(service, *others, connections=[connection])
    bench.account.compute_pools = seen.value
    bench.account.services |= {other.key: other for other in others}
    engine = Engine(bench.clock, bench.audit, lambda _: bench.account)
    bench.lifecycle = Lifecycle(lambda _: bench.account, lambda: fleet, engine)
    return bench


def test_an_empty_compute_pool_is_offered() -> None:
    bench = pools(build.service())
    assert says(bench.lifecycle.suspend(bench.key).plan, "suspend it, too (--with-pool)")
    plan = bench.lifecycle.suspend(bench.key, with_pool=True).plan
    assert ids(plan) == ["suspend", "suspended", "compute-pool"]
    assert plan.steps[-1].statement == "ALTER COMPUTE POOL WORKERS SUSPEND"


def test_a_compute_pool_that_others_use_is_not_taken_along() -> None:
    bench = pools(build.service(), build.service("OTHER"), num_services=2)
    with pytest.raises(PlanRefusedError, match=r"OTHER runs on compute pool WORKERS"):
        bench.lifecycle.suspend(bench.key, with_pool=True)
    assert not says(bench.lifecycle.suspend(bench.key).plan, "--with-pool")


def test_what_this_role_does_not_see_may_use_the_compute_pool() -> None:
    bench = pools(build.service(), num_services=2)
    with pytest.raises(PlanRefusedError, match="1 service or job that this role does not see"):
        bench.lifecycle.suspend(bench.key, with_pool=True)


def test_suspended_neighbours_do_not_hold_the_compute_pool() -> None:
    asleep = build.service("ASLEEP", status="SUSPENDED")
    bench = pools(build.service(), asleep, num_services=2)
    assert not bench.lifecycle.suspend(bench.key, with_pool=True).plan.is_empty


async def test_somebody_who_moves_in_meanwhile_keeps_the_compute_pool() -> None:
    bench = pools(build.service(status="SUSPENDED"))
    change = bench.lifecycle.suspend(bench.key, with_pool=True)
    newcomer = build.service("NEW")
    real = bench.account.show_services

    async def show() -> tuple[ServiceSnapshot, ...]:
        return (*await real(), newcomer)

    bench.account.show_services = show  # type: ignore[method-assign]
    events = await bench.apply(change)
    assert events[-1].state is StepState.FAILED
    assert "it is not suspended: ANALYTICS.PREFECT.NEW runs" in events[-1].detail
    assert bench.account.calls["suspend_compute_pool"] == 0


def test_an_interrupted_restart_is_finished_by_resuming() -> None:
    bench = Bench(build.service(status="SUSPENDED"))
    plan = bench.lifecycle.restart(bench.key).plan
    assert (plan.title, ids(plan)) == ("Restart ANALYTICS.PREFECT.INGEST", ["resume", "ready"])
