"""Suspend, resume, restart, scale and drop: planned against the watched fleet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey, ServiceSnapshot, ServiceStatus
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.ports import PrefectWriter, ScaleTo, SnowflakeSession
from spcs_worker_tui.domain.wishes import (
    Drain,
    Drop,
    Restart,
    Resume,
    Scale,
    ServiceWish,
    Suspend,
)
from spcs_worker_tui.operations.apply.ground import DOWN, UP
from spcs_worker_tui.operations.compute_pool import offer, why_it_stays
from spcs_worker_tui.operations.drain import (
    DrainTiming,
    also_stopped,
    drainage,
    interrupted_drainage,
)
from spcs_worker_tui.operations.lifecycle_moves import LifecycleTiming, Moves
from spcs_worker_tui.operations.lifecycle_plans import (
    COMPUTE_POOL,
    plan_drop,
    plan_restart,
    plan_resume,
    plan_scale,
    plan_suspend,
    present,
)
from spcs_worker_tui.operations.lifecycle_warnings import running_runs

if TYPE_CHECKING:
    from spcs_worker_tui.operations.apply.action import Action
    from spcs_worker_tui.operations.apply.engine import Engine, PlannedChange


@dataclass(frozen=True, slots=True)
class _Seen:
    """A service within the picture that it is planned against, and how it is reached."""

    service: ServiceSnapshot
    fleet: FleetSnapshot
    session: SnowflakeSession

    @property
    def key(self) -> ServiceKey:
        return self.service.key


class Lifecycle:
    """Plans against the watched fleet.

    Args:
        sessions: The session of a saved connection, by its name.
        fleet: The newest picture.
        engine: Applies the plans.
        writer: Prefect, for draining; without it nothing is drained.
        timing: How often to look, and how long to wait.
        drain_timing: The same for draining.
    """

    def __init__(
        self,
        sessions: Callable[[str], SnowflakeSession],
        fleet: Callable[[], FleetSnapshot],
        engine: Engine,
        writer: PrefectWriter | None = None,
        timing: LifecycleTiming | None = None,
        drain_timing: DrainTiming | None = None,
    ) -> None:
        self._sessions = sessions
        self._fleet = fleet
        self._engine = engine
        self._writer = writer
        self._timing = timing or LifecycleTiming()
        self._drain_timing = drain_timing or DrainTiming()

    def change(self, wish: ServiceWish) -> PlannedChange:
        """What doing that would do.

        Raises:
            PlanRefusedError: The state of things forbids it.
        """
        match wish:
            case Suspend():
                return self.suspend(wish.service, wish.drain, with_pool=wish.with_pool)
            case Resume():
                return self.resume(wish.service)
            case Restart():
                return self.restart(wish.service, wish.drain)
            case Scale():
                return self.scale(wish.service, wish.min_instances, wish.max_instances)
            case Drop():
                return self.drop(wish.service, wish.confirmed)

    def suspend(
        self, key: ServiceKey, drain: Drain | None = None, *, with_pool: bool = False
    ) -> PlannedChange:
        """What suspending would do.

        Args:
            key: Which service.
            drain: Let its flow runs finish first.
            with_pool: Suspend the compute pool, too.

        Raises:
            PlanRefusedError: It is not there, a job, or being dropped; it cannot be drained; or
                something else runs on the compute pool.
        """
        seen = self._seen(key)
        plan = plan_suspend(seen.service, seen.fleet, seen.session.suspend_statement(key))
        if with_pool:
            plan = _with_pool(plan, seen)
        elif not plan.is_empty:
            plan = replace(plan, warnings=(*plan.warnings, *offer(seen.service, seen.fleet)))
        return self._planned(seen, plan, DOWN, drain)

    def resume(self, key: ServiceKey) -> PlannedChange:
        """What resuming would do; raises as `suspend`."""
        seen = self._seen(key)
        plan = plan_resume(seen.service, seen.fleet, seen.session.resume_statement(key))
        return self._planned(seen, plan, UP)

    def restart(self, key: ServiceKey, drain: Drain | None = None) -> PlannedChange:
        """What suspending and resuming would do; raises as `suspend`."""
        seen = self._seen(key)
        session = seen.session
        statements = session.suspend_statement(key), session.resume_statement(key)
        plan = plan_restart(seen.service, seen.fleet, statements)
        goal = UP if seen.service.status in DOWN else frozenset[ServiceStatus]()
        return self._planned(seen, plan, goal, drain)

    def scale(self, key: ServiceKey, low: int, high: int | None = None) -> PlannedChange:
        """What changing the number of instances would do.

        Args:
            key: Which service.
            low: At least so many.
            high: At most so many; as many as at least, if not said.

        Raises:
            PlanRefusedError: As `suspend`, or the numbers make no sense.
        """
        seen = self._seen(key)
        ready = low if low < seen.service.min_ready_instances else None
        scale = ScaleTo(low, low if high is None else high, ready)
        statement = seen.session.scale_statement(key, scale)
        plan = plan_scale(seen.service, seen.fleet, scale, statement)
        return self._planned(seen, plan, scale=scale)

    def drop(self, key: ServiceKey, confirmed: str) -> PlannedChange:
        """What dropping would do; `confirmed` is the qualified name, typed in full.

        Raises:
            PlanRefusedError: It is not there, or the name is not its whole name.
        """
        seen = self._seen(key)
        plan = plan_drop(seen.service, seen.fleet, confirmed, seen.session.drop_statement(key))
        return self._planned(seen, plan, DOWN | UP)

    def _seen(self, key: ServiceKey) -> _Seen:
        fleet = self._fleet()
        return _Seen(present(fleet, key), fleet, self._sessions(key.connection))

    def _planned(
        self,
        seen: _Seen,
        plan: Plan,
        goal: frozenset[ServiceStatus] = frozenset(),
        drain: Drain | None = None,
        scale: ScaleTo | None = None,
    ) -> PlannedChange:
        moves = Moves(seen.service, seen.session, self._engine.clock, self._timing, goal, scale)
        actions = [moves.action(step) for step in plan.steps]
        actions, warnings = self._drained(seen, actions, drain)
        is_spared = drain is not None and not drain.act_anyway
        spared = running_runs(seen.service, seen.fleet) if is_spared else []
        kept = (warning for warning in plan.warnings if warning not in spared)
        plan = replace(plan, warnings=(*warnings, *kept))
        return self._engine.change(plan, actions, moves.check)

    def _drained(
        self, seen: _Seen, actions: list[Action], wish: Drain | None
    ) -> tuple[list[Action], tuple[str, ...]]:
        """The actions with a drain around them, or after what an earlier one left behind."""
        writer, clock, timing = self._writer, self._engine.clock, self._drain_timing
        if writer is None:
            return actions, ()
        if wish is not None and actions and seen.service.status in UP:
            drain = drainage(seen.service, seen.fleet, wish, seen.session, writer, clock, timing)
            whole = [*drain.before(), *actions, drain.after()]
            return whole, (also_stopped(drain, seen.fleet),)
        left = interrupted_drainage(seen.service, seen.fleet, seen.session, writer, clock, timing)
        if left is None:
            return actions, ()
        found, text = left
        return [found.finish(), *actions], (text,)


def _with_pool(plan: Plan, seen: _Seen) -> Plan:
    if why := why_it_stays(seen.service, seen.fleet):
        raise PlanRefusedError(
            f"the compute pool cannot be suspended with the service: {why}",
            next_step="Leave --with-pool out.",
        )
    name = seen.service.compute_pool
    step = Step(
        COMPUTE_POOL,
        f"Suspend compute pool {name}",
        seen.session.suspend_compute_pool_statement(name),
        "nothing else runs on it",
        "SHOW COMPUTE POOLS says SUSPENDED",
    )
    return replace(plan, steps=(*plan.steps, step))
