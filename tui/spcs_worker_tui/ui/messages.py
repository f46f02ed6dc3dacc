"""What happened, in the past tense. Background work posts these; only handlers change widgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.log import LogEvent
    from spcs_worker_tui.domain.plan import Plan, StepProgress
    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.ui.changing import ChangeRun, PlanRequest
    from spcs_worker_tui.ui.rows import RowKey


@dataclass
class FleetJudged(Message):
    """A new picture of the fleet arrived."""

    judged: JudgedFleet


@dataclass
class ConsoleOpened(Message):
    """There is a console now."""


@dataclass
class ConsoleFailed(Message):
    """The console could not be opened, or stopped watching."""

    error: FleetError


@dataclass
class LogArrived(Message):
    """The followed service's log went on."""

    run: int
    """Which following it is of: each begins with lines that an earlier one brought, too."""
    events: Sequence[LogEvent]


@dataclass
class RowHighlighted(Message):
    """The reader moved the cursor to that row."""

    key: RowKey


@dataclass
class RowsNarrowed(Message):
    """Other rows than before are shown, because the reader asked for it."""


@dataclass
class RowOpened(Message):
    """The reader wants more of that row."""

    key: RowKey


@dataclass
class PageAsked(Message):
    """The reader wants to see that page of the selected service."""

    page: str


@dataclass
class SignInAsked(Message):
    """The reader wants to sign in to that connection, in a browser or at a prompt."""

    connection: str


@dataclass
class ColumnClicked(Message):
    """The reader clicked the title of that column."""

    column: str


@dataclass
class LogModeChanged(Message):
    """A log view follows, or stopped following."""


@dataclass
class RequestFailed(Message):
    """What the reader asked for could not be done."""

    title: str
    error: FleetError


@dataclass
class PlanAsked(Message):
    """The reader wants to see that plan, perhaps with other options than before."""

    request: PlanRequest


@dataclass
class PlanMade(Message):
    """The plan that the reader asked for is ready to be read."""

    request: PlanRequest
    plan: Plan


@dataclass
class PlanApproved(Message):
    """The reader read the plan and said yes."""

    run: ChangeRun


@dataclass
class StopAsked(Message):
    """The reader wants a change to stop that is being applied."""

    run: ChangeRun


@dataclass
class PlanProgressed(Message):
    """One step of the plan that is being applied got further."""

    run: ChangeRun
    progress: StepProgress


@dataclass
class PlanEnded(Message):
    """Applying the plan is over; `error` says why it stopped early."""

    run: ChangeRun
    error: FleetError | None = None
