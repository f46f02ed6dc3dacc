"""What the dashboard knows of a change: what was asked for, the plan, and how far it got. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.plan import Plan, Step, StepProgress, StepState

if TYPE_CHECKING:
    from spcs_worker_tui.domain.doctor import Fix
    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.wishes import RollBack

LINES_KEPT = 500


@dataclass(frozen=True, slots=True)
class PlanOption:
    """A choice that belongs to a plan, as in `Let flow runs finish first: no`.

    Attributes:
        values: In words; the first is what nobody has to think about.
    """

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What the reader asked for.

    Attributes:
        verb: On the button that approves, as in `Suspend`.
        make: From the chosen value of each option to the wish, or to what is to be mended.
        options: What can be chosen with it.
        chosen: The index of the value that each option has.
    """

    verb: str
    make: Callable[[tuple[int, ...]], Fix]
    options: tuple[PlanOption, ...] = ()
    chosen: tuple[int, ...] = ()

    @property
    def wish(self) -> Fix:
        """What to plan."""
        return self.make(self.chosen or (0,) * len(self.options))

    def value(self, index: int) -> str:
        """The words of what is chosen for that option."""
        return self.options[index].values[self.chosen[index] if self.chosen else 0]

    def turned(self, index: int, by: int = 1) -> PlanRequest:
        """The same with the next value of that option."""
        chosen = list(self.chosen or (0,) * len(self.options))
        chosen[index] = (chosen[index] + by) % len(self.options[index].values)
        return replace(self, chosen=tuple(chosen))


def simple(verb: str, wish: Fix) -> PlanRequest:
    """A request without options."""
    return PlanRequest(verb, lambda _: wish)


@dataclass(slots=True)
class ChangeRun:
    """One plan from its making to its end; grows while it is applied, whoever looks at it."""

    request: PlanRequest
    plan: Plan
    began: datetime | None = None
    ended: datetime | None = None
    error: FleetError | None = None
    is_stopping: bool = False
    way_back: RollBack | None = None
    """What to ask for where the new specification did not come up."""
    progress: dict[str, StepProgress] = field(default_factory=dict)
    parts: dict[str, dict[str, StepProgress]] = field(default_factory=dict)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    _since: dict[str, datetime] = field(default_factory=dict)

    @property
    def is_approved(self) -> bool:
        """Whether somebody said yes."""
        return self.began is not None

    @property
    def is_running(self) -> bool:
        """Whether it is being applied now."""
        return self.began is not None and self.ended is None

    def observe(self, progress: StepProgress, now: datetime) -> None:
        """Take what one step said."""
        step = progress.step.id
        self._since.setdefault(step, now)
        is_aside = progress.state is StepState.RUNNING and bool(progress.part)
        if is_aside and progress.total is not None:
            self.parts.setdefault(step, {})[progress.part] = progress
        elif is_aside:
            self.lines.append(f"{progress.part}: {progress.detail}")
        if not is_aside or step not in self.progress:
            self.progress[step] = progress
        if progress.state is not StepState.RUNNING:
            self.parts.pop(step, None)

    def elapsed(self, step: Step, now: datetime) -> timedelta:
        """How long that step took, or has taken so far."""
        progress = self.progress.get(step.id)
        if progress is None:
            return timedelta()
        if progress.state is StepState.RUNNING and self.is_running:
            return max(progress.elapsed, now - self._since[step.id])
        return progress.elapsed

    def total(self, now: datetime) -> timedelta:
        """How long the whole took, or has taken so far."""
        return (self.ended or now) - self.began if self.began else timedelta()
