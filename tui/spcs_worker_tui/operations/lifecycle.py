"""Suspend and resume, planned before they are done and verified afterwards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.errors import (
    FleetError,
    PlanRefusedError,
    SessionEndedError,
    SnowflakeUnreachableError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.fleet import (
    ContainerStatus,
    FleetSnapshot,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress, StepState
from spcs_worker_tui.domain.ports import Clock, SnowflakeSession
from spcs_worker_tui.operations.lifecycle_warnings import resume_warnings, suspend_warnings

UP = frozenset(
    {
        ServiceStatus.PENDING,
        ServiceStatus.RUNNING,
        ServiceStatus.FAILED,
        ServiceStatus.INTERNAL_ERROR,
    }
)
"""What SUSPEND can be used on (contract 2.1)."""
DOWN = frozenset({ServiceStatus.SUSPENDING, ServiceStatus.SUSPENDED})

SUSPEND, SUSPENDED, RESUME, READY = "suspend", "suspended", "resume", "ready"
"""The ids of the steps."""


@dataclass(frozen=True, slots=True)
class LifecycleTiming:
    """Seconds: between two looks, and how long to wait at most.

    A cold compute pool takes about 5 minutes, on Azure 20 (contract 2.5); suspending takes the
    30 s of grace and a little.
    """

    poll: float = 2.0
    suspended_within: float = 180.0
    ready_within: float = 1500.0


def plan_suspend(service: ServiceSnapshot, fleet: FleetSnapshot, statement: str) -> Plan:
    """What suspending would do.

    Args:
        service: As last seen.
        fleet: The picture that it is part of: neighbours on the compute pool, flow runs.
        statement: Exactly what will be sent.

    Raises:
        PlanRefusedError: This is a job, or being dropped.
    """
    _refuse_others(service)
    steps: tuple[Step, ...] = ()
    wait = Step(
        SUSPENDED,
        "Wait until every instance has ended: SIGTERM, 30 s, then kill",
        verification="SHOW SERVICES says SUSPENDED",
    )
    if service.status in UP:
        act = Step(SUSPEND, f"Suspend {service.key.qualified}", statement, "it is not suspended")
        steps = (act, wait)
    elif service.status is ServiceStatus.SUSPENDING:
        steps = (wait,)
    return Plan(
        title=f"Suspend {service.key.qualified}",
        service=service.key,
        steps=steps,
        made_at=fleet.observed_at,
        spec_digest=service.spec_digest,
        status=service.status,
        warnings=suspend_warnings(service, fleet) if steps else ("It is suspended already.",),
    )


def plan_resume(service: ServiceSnapshot, fleet: FleetSnapshot, statement: str) -> Plan:
    """What resuming would do; the arguments and errors are those of `plan_suspend`."""
    _refuse_others(service)
    steps: list[Step] = []
    if service.status is ServiceStatus.SUSPENDING:
        steps.append(Step(SUSPENDED, "Wait until it is suspended", verification="SHOW SERVICES"))
    if service.status in DOWN:
        act = Step(RESUME, f"Resume {service.key.qualified}", statement, "it is SUSPENDED")
        steps.append(act)
    if service.status is not ServiceStatus.RUNNING:
        title = f"Wait until {service.min_ready_instances} of its instances are ready"
        check = "SHOW SERVICES says RUNNING, and the containers are READY"
        steps.append(Step(READY, title, verification=check))
    return Plan(
        title=f"Resume {service.key.qualified}",
        service=service.key,
        steps=tuple(steps),
        made_at=fleet.observed_at,
        spec_digest=service.spec_digest,
        status=service.status,
        warnings=resume_warnings(service, fleet) if steps else ("It is running already.",),
    )


def _refuse_others(service: ServiceSnapshot) -> None:
    name = service.key.qualified
    if service.is_job:
        raise PlanRefusedError(f"{name} is a job service, and those cannot be altered")
    if service.status not in UP | DOWN:
        raise PlanRefusedError(
            f"{name} is {service.status}, so it can be neither suspended nor resumed",
            next_step="Look again in a moment.",
        )


class Lifecycle:
    """Plans against the watched fleet, and applies.

    Args:
        sessions: The session of a saved connection, by its name.
        fleet: The newest picture.
        clock: Time.
        timing: How often to look, and how long to wait.
    """

    def __init__(
        self,
        sessions: Callable[[str], SnowflakeSession],
        fleet: Callable[[], FleetSnapshot],
        clock: Clock,
        timing: LifecycleTiming | None = None,
    ) -> None:
        self._sessions = sessions
        self._fleet = fleet
        self._clock = clock
        self._timing = timing or LifecycleTiming()

    def plan_suspend(self, key: ServiceKey) -> Plan:
        """What suspending would do.

        Raises:
            PlanRefusedError: It is not there, a job, or being dropped.
        """
        fleet = self._fleet()
        statement = self._sessions(key.connection).suspend_statement(key)
        return plan_suspend(_present(fleet, key), fleet, statement)

    def plan_resume(self, key: ServiceKey) -> Plan:
        """What resuming would do; raises as `plan_suspend`."""
        fleet = self._fleet()
        statement = self._sessions(key.connection).resume_statement(key)
        return plan_resume(_present(fleet, key), fleet, statement)

    async def apply(self, plan: Plan) -> AsyncGenerator[StepProgress, None]:
        """Do it, step by step; ends after a step that failed.

        Raises:
            PlanRefusedError: The service changed since the plan was made, or is gone.
            SnowflakeError: Its state cannot be read now.
        """
        if plan.is_empty:
            return
        session = self._sessions(plan.service.connection)
        current = await self._read(session, plan.service)
        _refuse_outdated(plan, current)
        for step in plan.steps:
            if step.id in _spared(plan, current.status):
                yield StepProgress(step, StepState.SKIPPED, f"it is {current.status} already")
                continue
            failed = False
            async for progress in self._step(session, plan.service, step):
                failed = progress.state is StepState.FAILED
                yield progress
            if failed:
                return

    async def _step(
        self, session: SnowflakeSession, key: ServiceKey, step: Step
    ) -> AsyncIterator[StepProgress]:
        began = self._clock.now()
        if step.id in (SUSPENDED, READY):
            async for progress in self._wait(session, key, step):
                yield progress
            return
        yield StepProgress(step, StepState.RUNNING)
        send = session.suspend_service if step.id == SUSPEND else session.resume_service
        try:
            query_id = await send(key)
        except FleetError as error:
            elapsed = self._clock.now() - began
            yield StepProgress(step, StepState.FAILED, str(error), elapsed, error)
            return
        detail = f"query {query_id}" if query_id else ""
        yield StepProgress(step, StepState.DONE, detail, self._clock.now() - began)

    async def _wait(
        self, session: SnowflakeSession, key: ServiceKey, step: Step
    ) -> AsyncIterator[StepProgress]:
        """Look until the service is where the step wants it, saying each thing that changes."""
        timing = self._timing
        limit = timing.ready_within if step.id == READY else timing.suspended_within
        began, said = self._clock.now(), ""
        yield StepProgress(step, StepState.RUNNING)
        while True:
            elapsed = self._clock.now() - began
            try:
                service = await self._read(session, key)
                state, detail = await self._judge(session, service, step)
            except (SnowflakeUnreachableError, SessionEndedError) as error:
                state, detail = StepState.RUNNING, f"no answer, asking again: {error}"
            except FleetError as error:
                yield StepProgress(step, StepState.FAILED, str(error), elapsed, error)
                return
            if state is StepState.RUNNING and elapsed >= timedelta(seconds=limit):
                yield _gave_up(step, detail, elapsed)
                return
            if state is not StepState.RUNNING or detail != said:
                failure = FleetError(detail) if state is StepState.FAILED else None
                yield StepProgress(step, state, detail, elapsed, failure)
                said = detail
            if state is not StepState.RUNNING:
                return
            await self._clock.sleep(timing.poll)

    async def _judge(
        self, session: SnowflakeSession, service: ServiceSnapshot, step: Step
    ) -> tuple[StepState, str]:
        """Where the service stands on its way, in words."""
        status = service.status
        if step.id == SUSPENDED:
            done = status is ServiceStatus.SUSPENDED
            count = service.current_instances
            left = "" if done else f", {count} instance{'' if count == 1 else 's'} left"
            return (StepState.DONE if done else StepState.RUNNING), f"{status}{left}"
        try:
            rows = await session.show_service_containers(service.key)
        except StatementRefusedError:
            # OPERATE is enough to resume; MONITOR is needed to see the containers.
            done = status is ServiceStatus.RUNNING
            return (StepState.DONE if done else StepState.RUNNING), str(status)
        messages = {row.message for row in rows if row.status is not ContainerStatus.READY}
        detail = ": ".join(filter(None, [str(status), "; ".join(sorted(messages))]))
        if status in (ServiceStatus.FAILED, ServiceStatus.INTERNAL_ERROR):
            return StepState.FAILED, detail
        instances = {row.instance_id for row in rows}
        waiting = {row.instance_id for row in rows if row.status is not ContainerStatus.READY}
        enough = len(instances - waiting) >= min(
            service.min_ready_instances, service.target_instances
        )
        if status is ServiceStatus.RUNNING and instances and enough:
            return StepState.DONE, f"RUNNING, {len(instances - waiting)} of {len(instances)} ready"
        return StepState.RUNNING, detail

    async def _read(self, session: SnowflakeSession, key: ServiceKey) -> ServiceSnapshot:
        found = (s for s in await session.show_services() if s.key == key)
        service = next(found, None)
        if service is None:
            raise PlanRefusedError(
                f"{key.qualified} is not there any more, or this role may no longer see it"
            )
        return service


def _present(fleet: FleetSnapshot, key: ServiceKey) -> ServiceSnapshot:
    service = fleet.service(key)
    if service is None:
        raise PlanRefusedError(
            f"there is no service {key.qualified} on connection {key.connection}"
        )
    return service


def _refuse_outdated(plan: Plan, current: ServiceSnapshot) -> None:
    name = plan.service.qualified
    again = "Make the plan again and look at what it says now."
    if plan.spec_digest and current.spec_digest != plan.spec_digest:
        raise PlanRefusedError(
            f"the spec of {name} was changed since the plan was made", next_step=again
        )
    reached = UP if _goes_up(plan) else DOWN
    moved = plan.status is not None and _side(current.status) != _side(plan.status)
    if moved and current.status not in reached:
        raise PlanRefusedError(
            f"{name} is {current.status} now, it was {plan.status} when the plan was made",
            next_step=again,
        )


def _goes_up(plan: Plan) -> bool:
    return plan.steps[-1].id == READY


def _spared(plan: Plan, status: ServiceStatus) -> frozenset[str]:
    """The steps that somebody else has done meanwhile."""
    if _goes_up(plan):
        return frozenset({SUSPENDED, RESUME}) if status in UP else frozenset()
    return frozenset({SUSPEND}) if status in DOWN else frozenset()


def _side(status: ServiceStatus) -> str:
    return "up" if status in UP else "down" if status in DOWN else str(status)


def _gave_up(step: Step, detail: str, elapsed: timedelta) -> StepProgress:
    error = FleetError(
        f"after {humanise(elapsed)} still {detail}",
        next_step="Nothing is lost: the account goes on by itself. Look at the service's events.",
    )
    return StepProgress(step, StepState.FAILED, str(error), elapsed, error)
