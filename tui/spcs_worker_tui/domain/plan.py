"""A change before it is made: what will be done, in order, and how it will be verified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.fleet import ServiceKey, ServiceStatus


@dataclass(frozen=True, slots=True)
class Step:
    """One idempotent step of a plan.

    `statement` is exactly what will be sent, secrets masked; empty where a step only waits.
    """

    id: str
    title: str
    statement: str = ""
    precondition: str = ""
    verification: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """An ordered list of steps on one service, bound to the state it was made against."""

    title: str
    service: ServiceKey
    steps: tuple[Step, ...]
    made_at: datetime
    spec_digest: str = ""
    status: ServiceStatus | None = None
    """What the service was when the plan was made."""
    warnings: tuple[str, ...] = ()
    """What the user should know before saying yes: what is lost, what still costs."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps


class StepState(StrEnum):
    """Where a step stands while a plan is applied."""

    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One event while a plan is applied."""

    step: Step
    state: StepState
    detail: str = ""
    elapsed: timedelta = timedelta()
    error: FleetError | None = None
