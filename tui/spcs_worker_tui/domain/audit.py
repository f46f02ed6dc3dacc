"""What was done, by whom and when: one entry for each step that was applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class AuditResult(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """Stopped on the way: what was sent last may have taken effect."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One applied step. Holds no secret: statements and details come masked.

    `subject` is the service's qualified name, or what else the plan was on. `user` is the
    operating system's; the adapter fills it in where it is empty.
    """

    time: datetime
    plan_id: str
    plan: str
    step: str
    result: AuditResult
    subject: str = ""
    connection: str = ""
    account: str = ""
    snowflake_user: str = ""
    role: str = ""
    user: str = ""
    statement: str = ""
    detail: str = ""
    query_id: str = ""
    elapsed: timedelta = timedelta()
