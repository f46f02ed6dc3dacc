"""The one question before anything changes: what will be sent, what it means, yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button

from spcs_worker_tui.domain.fleet import ConnectionSnapshot
from spcs_worker_tui.domain.plan import Plan, StepProgress, StepState
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.bindings import PLAN
from spcs_worker_tui.ui.lines import Cell, Line, wrap
from spcs_worker_tui.ui.messages import PlanApproved, PlanEnded, PlanProgressed
from spcs_worker_tui.ui.widgets.line_view import Pages

_WIDTH = 72
"""Of the box, as the style sheet has it."""
_FRAME = 5
"""Border, padding and scroll bar."""

_TONES = {
    StepState.RUNNING: "accent",
    StepState.DONE: "verdict-healthy",
    StepState.SKIPPED: "muted",
    StepState.FAILED: "verdict-broken",
}


class _Text(Pages, can_focus=False):
    """The plan in lines, as high as they are."""


class PlanModal(ModalScreen[None]):
    """Shows a plan with Cancel in focus, and its progress once it was approved.

    It asks the app to apply the plan and is told of the progress by messages, which may be about
    an earlier plan. It may be closed meanwhile: the plan goes on, and the app says how it ended.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*PLAN]
    CSS_PATH = "modals.tcss"
    AUTO_FOCUS = "#cancel"

    def __init__(
        self,
        plan: Plan,
        connection: ConnectionSnapshot | None,
        verb: str,
        glyphs: fmt.Glyphs,
    ) -> None:
        super().__init__()
        self._plan = plan
        self._connection = connection
        self._verb = verb
        self._glyphs = glyphs
        self._progress: dict[str, StepProgress] = {}
        self._is_approved = False
        self._ending: Line = ()

    def compose(self) -> ComposeResult:
        """The text, and the answers with the harmless one first."""
        with Vertical(id="box") as box:
            box.border_title = self._verb
            yield _Text(id="plan-text")
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self._verb, id="approve", compact=True)

    def on_mount(self) -> None:
        """Write the plan."""
        self._write()

    def on_resize(self) -> None:
        """Lines may have to break elsewhere."""
        self._write()

    def _write(self) -> None:
        view = self.query_one(_Text)
        lines = self._lines(max(20, min(_WIDTH, self.app.size.width) - _FRAME))
        most = max(3, self.app.size.height - 8)
        view.styles.height = min(len(lines), most)
        view.show_lines(lines)

    def _lines(self, room: int) -> list[Line]:
        plan = self._plan
        lines: list[Line] = [(Cell(part, "ink bold"),) for part in wrap(plan.title, room)]
        lines.append((Cell(plan.subject, "ink"),))
        lines += [self._account(), ()]
        for warning in plan.warnings:
            lines += [(Cell(part, "verdict-degraded"),) for part in wrap(f"! {warning}", room)]
        if plan.warnings:
            lines.append(())
        for number, step in enumerate(plan.steps, 1):
            lines += self._step(number, step.id, room)
        return [*lines, (), self._ending] if self._ending else lines

    def _account(self) -> Line:
        connection = self._connection
        if connection is None:
            return (Cell(f"connection {self._plan.connection}", "muted"),)
        parts = [f"connection {connection.name}"]
        parts += [f"account {connection.account}"] if connection.account else []
        parts += [f"role {connection.role}"] if connection.role else []
        return (Cell(", ".join(parts), "muted"),)

    def _step(self, number: int, name: str, room: int) -> Sequence[Line]:
        step = next(step for step in self._plan.steps if step.id == name)
        progress = self._progress.get(name)
        sign, tone = f"{number}.", "ink"
        if progress is not None:
            tone = _TONES[progress.state]
            signs = self._glyphs
            sign = {
                StepState.RUNNING: signs.running,
                StepState.DONE: signs.done,
                StepState.SKIPPED: signs.dot,
                StepState.FAILED: signs.failed,
            }[progress.state]
        title = step.title if progress is None else f"{step.title}  {_elapsed(progress)}"
        lines: list[Line] = [
            (Cell(f"{sign:<3}" if not index else "   ", tone), Cell(part, tone))
            for index, part in enumerate(wrap(title, room - 3))
        ]
        if step.statement:
            lines += [(Cell("   ", ""), Cell(p, "accent")) for p in wrap(step.statement, room - 3)]
        detail = progress.detail if progress else ""
        if progress and progress.error:
            detail = " ".join(filter(None, (progress.error.message, progress.error.next_step)))
        lines += [(Cell("   ", ""), Cell(p, "muted")) for p in wrap(detail, room - 3) if p]
        return lines

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#approve")
    def _approved(self) -> None:
        if self._is_approved:
            return
        self._is_approved = True
        self.query_one("#approve", Button).display = False
        cancel = self.query_one("#cancel", Button)
        cancel.label = "Close"
        cancel.focus()
        self.post_message(PlanApproved(self._plan))

    @on(PlanProgressed)
    def _progressed(self, event: PlanProgressed) -> None:
        if event.plan is self._plan:
            self._progress[event.progress.step.id] = event.progress
            self._write()

    @on(PlanEnded)
    def _ended(self, event: PlanEnded) -> None:
        if event.plan is not self._plan:
            return
        if event.error is None:
            self._ending = (Cell(f"{self._glyphs.done} Done", "verdict-healthy bold"),)
        else:
            self._ending = (Cell(f"{self._glyphs.failed} {event.error.message}", "verdict-broken"),)
        self._write()

    def action_cancel(self) -> None:
        """Change nothing; or, once approved, look elsewhere while it goes on."""
        self.dismiss(None)


def _elapsed(progress: StepProgress) -> str:
    seconds = progress.elapsed.total_seconds()
    return f"{seconds:.0f} s" if seconds >= 1 else ""
