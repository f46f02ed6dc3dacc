"""What suspending, resuming and their like would do: which steps, in which order, and what to say.

Pure: from the picture of the fleet and the exact statements to a plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey, ServiceSnapshot, ServiceStatus
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.operations.apply.ground import DOWN, UP
from spcs_worker_tui.operations.lifecycle_warnings import (
    resume_warnings,
    running_runs,
    scale_warnings,
    suspend_warnings,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import ScaleTo

SUSPEND, SUSPENDED, RESUME, READY = "suspend", "suspended", "resume", "ready"
SCALE, SCALED, DROP, DROPPED = "scale", "scaled", "drop", "dropped"
COMPUTE_POOL = "compute-pool"
"""The ids of the steps."""


def plan_suspend(service: ServiceSnapshot, fleet: FleetSnapshot, statement: str) -> Plan:
    """What suspending would do.

    Args:
        service: As last seen.
        fleet: The picture that it is part of: neighbours on the compute pool, flow runs.
        statement: Exactly what will be sent.

    Raises:
        PlanRefusedError: This is a job, or being dropped.
    """
    refuse_others(service, "suspended")
    steps: tuple[Step, ...] = ()
    if service.status in UP:
        steps = (suspend_step(service, statement), suspended_step())
    elif service.status is ServiceStatus.SUSPENDING:
        steps = (suspended_step(),)
    return plan_on(
        service,
        fleet,
        f"Suspend {service.key.qualified}",
        steps,
        suspend_warnings(service, fleet) if steps else ("It is suspended already.",),
    )


def plan_resume(service: ServiceSnapshot, fleet: FleetSnapshot, statement: str) -> Plan:
    """What resuming would do; the arguments and errors are those of `plan_suspend`."""
    refuse_others(service, "resumed")
    steps: list[Step] = []
    if service.status is ServiceStatus.SUSPENDING:
        steps.append(Step(SUSPENDED, "Wait until it is suspended", verification="SHOW SERVICES"))
    if service.status in DOWN:
        steps.append(resume_step(service, statement))
    if service.status is not ServiceStatus.RUNNING:
        steps.append(ready_step(service))
    return plan_on(
        service,
        fleet,
        f"Resume {service.key.qualified}",
        tuple(steps),
        resume_warnings(service, fleet) if steps else ("It is running already.",),
    )


def plan_restart(
    service: ServiceSnapshot, fleet: FleetSnapshot, statements: tuple[str, str]
) -> Plan:
    """What restarting would do: down and up again, for Snowflake knows no restart (contract 1.8).

    Args:
        service: As last seen.
        fleet: The picture that it is part of.
        statements: Exactly what will be sent to suspend and to resume.

    Raises:
        PlanRefusedError: This is a job, or being dropped.
    """
    refuse_others(service, "restarted")
    if service.status in DOWN:
        # Perhaps what an interrupted restart left: what remains of it is to resume.
        plan = plan_resume(service, fleet, statements[1])
        return replace(plan, title=f"Restart {service.key.qualified}")
    down, up = statements
    steps = (
        suspend_step(service, down),
        suspended_step(),
        resume_step(service, up),
        ready_step(service),
    )
    warnings = (
        *running_runs(service, fleet),
        "All instances end at once and start again, so there is a gap; image digest and spec "
        "stay the stored ones. Secrets in the environment are read anew.",
    )
    return plan_on(service, fleet, f"Restart {service.key.qualified}", steps, warnings)


def plan_scale(
    service: ServiceSnapshot, fleet: FleetSnapshot, scale: ScaleTo, statement: str
) -> Plan:
    """What scaling would do; the arguments are those of `plan_suspend`, and how many.

    Raises:
        PlanRefusedError: This is a job, being dropped, or the numbers make no sense.
    """
    refuse_others(service, "scaled")
    low, high = scale.min_instances, scale.max_instances
    if not 1 <= low <= high:
        raise PlanRefusedError(
            f"{low} to {high} instances cannot be: it has to be 1 or more, and the maximum not "
            "less than the minimum",
            next_step="To have no instance at all, suspend the service.",
        )
    name = service.key.qualified
    title = f"Scale {name} to {low}" + (f" to {high}" if high != low else "") + " instances"
    if (low, high) == (service.min_instances, service.max_instances):
        return plan_on(service, fleet, title, (), ("It has that many already.",))
    steps = [Step(SCALE, title, statement, "its numbers are those that this plan was made with")]
    if service.status in UP:
        check = "SHOW SERVICES says so many, and RUNNING"
        steps.append(Step(SCALED, "Wait until there are as many", verification=check))
    return plan_on(service, fleet, title, tuple(steps), scale_warnings(service, fleet, low, high))


def plan_drop(
    service: ServiceSnapshot, fleet: FleetSnapshot, confirmed: str, statement: str
) -> Plan:
    """What dropping would do.

    Args:
        service: As last seen.
        fleet: The picture that it is part of.
        confirmed: The name that was typed: it has to be the whole one.
        statement: Exactly what will be sent.

    Raises:
        PlanRefusedError: The name was not typed in full.
    """
    name = service.key.qualified
    if confirmed.casefold() != name.casefold():
        raise PlanRefusedError(
            f"{confirmed!r} is not the whole name of {name}, so it is not dropped",
            next_step=f"Add --confirm {name} to drop it.",
        )
    steps = (
        Step(DROP, f"Drop {name}", statement, "nobody changed it since"),
        Step(DROPPED, "Wait until it is gone", verification="SHOW SERVICES does not show it"),
    )
    warnings = (
        *running_runs(service, fleet),
        "Its definition and the logs of its containers are gone for good; an address that "
        "others reach it by will not come back, even if it is created again.",
        "Its worker rows stay in Prefect until they are pruned.",
    )
    return plan_on(service, fleet, f"Drop {name}", steps, warnings)


def plan_on(
    service: ServiceSnapshot,
    fleet: FleetSnapshot,
    title: str,
    steps: tuple[Step, ...],
    warnings: tuple[str, ...],
) -> Plan:
    """A plan on that service, bound to how it was seen."""
    return Plan(
        title=title,
        service=service.key,
        steps=steps,
        made_at=fleet.observed_at,
        spec_digest=service.spec_digest,
        status=service.status,
        warnings=warnings,
    )


def suspend_step(service: ServiceSnapshot, statement: str) -> Step:
    """Sends ALTER SERVICE … SUSPEND."""
    return Step(SUSPEND, f"Suspend {service.key.qualified}", statement, "it is not suspended")


def suspended_step() -> Step:
    """Waits for the end of every instance."""
    return Step(
        SUSPENDED,
        "Wait until every instance has ended: SIGTERM, 30 s, then kill",
        verification="SHOW SERVICES says SUSPENDED",
    )


def resume_step(service: ServiceSnapshot, statement: str) -> Step:
    """Sends ALTER SERVICE … RESUME."""
    return Step(RESUME, f"Resume {service.key.qualified}", statement, "it is SUSPENDED")


def ready_step(service: ServiceSnapshot) -> Step:
    """Waits for enough instances."""
    return Step(
        READY,
        f"Wait until {service.min_ready_instances} of its instances are ready",
        verification="SHOW SERVICES says RUNNING, and the containers are READY",
    )


def refuse_others(service: ServiceSnapshot, done_to_it: str) -> None:
    """Nothing, or a refusal.

    Args:
        service: As last seen.
        done_to_it: What cannot be, as in `cannot be suspended`.

    Raises:
        PlanRefusedError: This is a job, or neither up nor down.
    """
    name = service.key.qualified
    if service.is_job:
        raise PlanRefusedError(f"{name} is a job service, and those cannot be altered")
    if service.status not in UP | DOWN:
        raise PlanRefusedError(
            f"{name} is {service.status}, so it cannot be {done_to_it}",
            next_step="Look again in a moment.",
        )


def present(fleet: FleetSnapshot, key: ServiceKey) -> ServiceSnapshot:
    """The service as last seen.

    Raises:
        PlanRefusedError: It is not there.
    """
    service = fleet.service(key)
    if service is None:
        raise PlanRefusedError(
            f"there is no service {key.qualified} on connection {key.connection}"
        )
    return service
