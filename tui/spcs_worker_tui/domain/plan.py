"""A change before it is made: what will be done, in order, and how it will be verified."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.fleet import ServiceKey, ServiceStatus


@dataclass(frozen=True, slots=True)
class Step:
    """One idempotent step of a plan.

    `statement` is exactly what will be sent, secrets masked; empty where a step only waits.
    A step with `undoes` takes back what the step of that id did for the time of the plan: it is
    done in its turn, and also after a failure or an interruption, once that step has begun.
    """

    id: str
    title: str
    statement: str = ""
    precondition: str = ""
    verification: str = ""
    undoes: str = ""


def _new_id() -> str:
    return uuid.uuid4().hex[:12]


@dataclass(frozen=True, slots=True)
class Plan:
    """An ordered list of steps, bound to the state that it was made against.

    `service` is None for a plan on something else: an image, a work pool, a compute pool; then
    `subject` says what it is on, and `connection` which saved connection is used, if any is.
    For a service both are filled in.
    """

    title: str
    service: ServiceKey | None
    steps: tuple[Step, ...]
    made_at: datetime
    spec_digest: str = ""
    status: ServiceStatus | None = None
    """What the service was when the plan was made."""
    warnings: tuple[str, ...] = ()
    """What the user should know before saying yes: what is lost, what still costs."""
    differences: tuple[str, ...] = ()
    """What will differ afterwards, by meaning, one line each; nothing secret in them."""
    subject: str = ""
    connection: str = ""
    id: str = field(default_factory=_new_id)
    """Under which the audit log knows what was done."""

    def __post_init__(self) -> None:
        if self.service is not None:
            object.__setattr__(self, "subject", self.subject or self.service.qualified)
            object.__setattr__(self, "connection", self.service.connection)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps


LAST_WORDS = "last words of"
"""Begins the `StepProgress.part` under which a container that failed has its say."""


class StepState(StrEnum):
    """Where a step stands while a plan is applied."""

    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One event while a plan is applied.

    A running step may say many things. `part` names what a saying is about where several things
    go on at once, an image layer or a container; `done` of `total` is how far that is, in bytes
    for layers, both None where nobody counts.
    """

    step: Step
    state: StepState
    detail: str = ""
    elapsed: timedelta = timedelta()
    error: FleetError | None = None
    part: str = ""
    done: int | None = None
    total: int | None = None
