"""Suspend and resume: planned against the watched fleet, and done by the engine of plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey, ServiceSnapshot, ServiceStatus
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.ports import SnowflakeSession
from spcs_worker_tui.operations.apply.action import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.engine import Engine, PlannedChange
from spcs_worker_tui.operations.apply.ground import DOWN, UP, ServiceGround
from spcs_worker_tui.operations.apply.waiting import Look, wait_until
from spcs_worker_tui.operations.lifecycle_plans import (
    READY,
    RESUME,
    SUSPEND,
    SUSPENDED,
    plan_resume,
    plan_suspend,
    present,
)
from spcs_worker_tui.operations.lifecycle_waiting import until_ready, until_suspended

_GOES_ON = "Nothing is lost: the account goes on by itself. Look at the service's events."


@dataclass(frozen=True, slots=True)
class LifecycleTiming:
    """Seconds: between two looks, and how long to wait at most.

    A cold compute pool takes about 5 minutes, on Azure 20 (contract 2.5); suspending takes the
    30 s of grace and a little.
    """

    poll: float = 2.0
    suspended_within: float = 180.0
    ready_within: float = 1500.0


class Lifecycle:
    """Plans against the watched fleet.

    Args:
        sessions: The session of a saved connection, by its name.
        fleet: The newest picture.
        engine: Applies the plans.
        timing: How often to look, and how long to wait.
    """

    def __init__(
        self,
        sessions: Callable[[str], SnowflakeSession],
        fleet: Callable[[], FleetSnapshot],
        engine: Engine,
        timing: LifecycleTiming | None = None,
    ) -> None:
        self._sessions = sessions
        self._fleet = fleet
        self._engine = engine
        self._timing = timing or LifecycleTiming()

    def suspend(self, key: ServiceKey) -> PlannedChange:
        """What suspending would do.

        Raises:
            PlanRefusedError: It is not there, a job, or being dropped.
        """
        fleet, session = self._fleet(), self._sessions(key.connection)
        service = present(fleet, key)
        plan = plan_suspend(service, fleet, session.suspend_statement(key))
        return self._change(_Moves(self, service, DOWN), plan)

    def resume(self, key: ServiceKey) -> PlannedChange:
        """What resuming would do; raises as `suspend`."""
        fleet, session = self._fleet(), self._sessions(key.connection)
        service = present(fleet, key)
        plan = plan_resume(service, fleet, session.resume_statement(key))
        return self._change(_Moves(self, service, UP), plan)

    def _change(self, moves: _Moves, plan: Plan) -> PlannedChange:
        actions = [moves.action(step) for step in plan.steps]
        return self._engine.change(plan, actions, moves.check)

    def session(self, key: ServiceKey) -> SnowflakeSession:
        """The session that the service is reached through."""
        return self._sessions(key.connection)

    async def wait(self, look: Look, tell: Tell, within: float) -> Outcome:
        """Wait as the timing says."""
        return await wait_until(
            look,
            tell,
            self._engine.clock,
            within=within,
            poll=self._timing.poll,
            next_step=_GOES_ON,
        )

    @property
    def timing(self) -> LifecycleTiming:
        """How often to look, and how long to wait."""
        return self._timing


class _Moves:
    """Does the steps that take one service down or up.

    Args:
        lifecycle: Waits.
        service: As the plan saw it.
        goal: The statuses that the plan leads to.
    """

    def __init__(
        self, lifecycle: Lifecycle, service: ServiceSnapshot, goal: frozenset[ServiceStatus]
    ) -> None:
        self._lifecycle = lifecycle
        self._key = service.key
        self._session = lifecycle.session(service.key)
        self._ground = ServiceGround(self._session, service)
        self._goal = goal

    def action(self, step: Step) -> Action:
        """What does that step."""
        kinds = {
            SUSPEND: Action(step, self._suspend, self._is_there),
            SUSPENDED: Action(step, self._until_suspended, self._is_up),
            RESUME: Action(step, self._resume, self._is_there),
            READY: Action(step, self._until_ready),
        }
        return kinds[step.id]

    async def check(self) -> None:
        """Refuses an outdated plan; what somebody else did that we would do is all right."""
        await self._ground.current(self._goal)

    async def _is_there(self) -> str:
        status = (await self._ground.current(self._goal)).status
        return f"it is {status} already" if status in self._goal else ""

    async def _is_up(self) -> str:
        return await self._is_there() if self._goal == UP else ""

    async def _suspend(self, _: Tell) -> Outcome:
        return Outcome(query_id=await self._session.suspend_service(self._key))

    async def _resume(self, _: Tell) -> Outcome:
        return Outcome(query_id=await self._session.resume_service(self._key))

    async def _until_suspended(self, tell: Tell) -> Outcome:
        look = until_suspended(self._session, self._key)
        return await self._lifecycle.wait(look, tell, self._lifecycle.timing.suspended_within)

    async def _until_ready(self, tell: Tell) -> Outcome:
        look = until_ready(self._session, self._key)
        return await self._lifecycle.wait(look, tell, self._lifecycle.timing.ready_within)
