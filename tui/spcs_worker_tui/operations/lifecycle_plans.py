"""What suspending, resuming and their like would do: which steps, in which order, and what to say.

Pure: from the picture of the fleet and the exact statements to a plan.
"""

from __future__ import annotations

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey, ServiceSnapshot, ServiceStatus
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.operations.apply.ground import DOWN, UP
from spcs_worker_tui.operations.lifecycle_warnings import resume_warnings, suspend_warnings

SUSPEND, SUSPENDED, RESUME, READY = "suspend", "suspended", "resume", "ready"
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
