"""The one question before anything changes, and then the one view of how it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button

from spcs_worker_tui.domain.text import in_sentences
from spcs_worker_tui.ui.bindings import PLAN
from spcs_worker_tui.ui.changing import ChangeRun, PlanRequest, simple
from spcs_worker_tui.ui.messages import PlanApproved, PlanAsked, StopAsked
from spcs_worker_tui.ui.modals.ask import AskModal
from spcs_worker_tui.ui.modals.dialog import Dialog, Text, sentences
from spcs_worker_tui.ui.plan_lines import plan_lines, run_lines
from spcs_worker_tui.ui.widgets.option_line import OptionLine

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.fleet import ConnectionSnapshot
    from spcs_worker_tui.domain.plan import Plan
    from spcs_worker_tui.ui import format as fmt
    from spcs_worker_tui.ui.lines import Line

_OTHER_LINES = 8
"""Of the box beside the text and the options: borders, margins, buttons, and air."""


class PlanModal(Dialog[None]):
    """Shows a plan with Cancel in focus, and its progress once it was approved.

    It shows a `ChangeRun`, which goes on whether somebody looks or not: the dialog may be left
    and opened again. It asks the app to plan anew, to apply and to stop.

    Args:
        run: The change.
        connection: The saved connection that it goes through.
        refusal: Why the plan may only be looked at.
        glyphs: What signs to draw with.
        now: Our own clock.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*PLAN]
    AUTO_FOCUS = "#cancel"

    def __init__(
        self,
        run: ChangeRun,
        connection: ConnectionSnapshot | None,
        refusal: FleetError | None,
        glyphs: fmt.Glyphs,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__()
        self.run = run
        self._connection = connection
        self._refusal = refusal
        self._glyphs = glyphs
        self._now = now
        self._asked = run.request

    def compose(self) -> ComposeResult:
        """The text, what can be chosen, and the answers with the harmless one first."""
        request = self.run.request
        wide = max((len(option.label) for option in request.options), default=0)
        with Vertical(id="box") as box:
            box.border_title = Content(request.verb)
            yield Text(id="text")
            with Vertical(id="options"):
                for index, option in enumerate(request.options):
                    yield OptionLine(index, option.label.ljust(wide), request.value(index))
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(request.verb, id="approve", compact=True)
                yield Button("Stop it", id="stop", compact=True)
                yield Button("Roll back", id="back", compact=True)

    def on_mount(self) -> None:
        """Write the plan; while it is applied, seconds go by."""
        self.set_interval(1, self._tick)
        self.show_run()

    def on_resize(self) -> None:
        """Lines may have to break elsewhere."""
        self.show_run()

    def _tick(self) -> None:
        if self.run.is_running:
            self.show_run()

    def show_run(self) -> None:
        """Show the change as it is now."""
        run = self.run
        self._show_answers()
        if not run.is_approved:
            lines = plan_lines(run.plan, self._connection, self.room)
            if self._refusal is not None:
                told = in_sentences(self._refusal.message, self._refusal.next_step)
                lines += [(), *sentences([told], self.room, "verdict-degraded bold")]
            self._show_hint(lines, self.fill(lines, others=_OTHER_LINES + len(run.request.options)))
            return
        height = self.app.size.height - _OTHER_LINES
        lines = run_lines(run, self._glyphs, self._now(), self.room, height)
        text = self.fill(lines, others=_OTHER_LINES)
        self._show_hint(lines, text)
        if run.is_running and len(lines) > text.page:
            self.call_after_refresh(text.scroll_to, y=self._place(len(lines)), animate=False)

    def _show_hint(self, lines: Sequence[Line], text: Text) -> None:
        """How to read on, where there is more than fits."""
        height = text.styles.height
        fits = height is None or len(lines) <= height.value
        self.query_one("#box").border_subtitle = "" if fits else "pgdn and pgup read on"

    def _place(self, count: int) -> int:
        """The line to scroll to, so that what goes on is seen: near the end it is the end."""
        states = [p.state for p in self.run.progress.values()]
        waiting = len(self.run.plan.steps) - len(states)
        return max(0, count - self.query_one("#text", Text).page - waiting)

    def _show_answers(self) -> None:
        """Which buttons there are, and what they are called."""
        run = self.run
        can_approve = not (run.is_approved or run.plan.is_empty or self._refusal)
        self.query_one("#approve", Button).display = can_approve
        self.query_one("#stop", Button).display = run.is_running and not run.is_stopping
        self.query_one("#back", Button).display = run.way_back is not None
        self.query_one("#options").display = bool(run.request.options) and not run.is_approved
        cancel = self.query_one("#cancel", Button)
        word = "Cancel" if can_approve else "Close"
        word = "Leave it running" if run.is_running else word
        if str(cancel.label) != word:
            cancel.label = word

    def plan_anew(self, request: PlanRequest, plan: Plan, refusal: FleetError | None) -> None:
        """Another plan was made, because other options were chosen."""
        self.run.request, self.run.plan = request, plan
        self._asked, self._refusal = request, refusal
        self._show_options()
        self.show_run()

    def keep_plan(self) -> None:
        """No plan could be made with the other options: those of the plan stay chosen."""
        self._asked = self.run.request
        self._show_options()

    def _show_options(self) -> None:
        for index, line in enumerate(self.query(OptionLine)):
            line.show(self._asked.value(index))

    @on(OptionLine.Turned)
    def _turned(self, event: OptionLine.Turned) -> None:
        self._asked = self._asked.turned(event.index, event.by)
        self._show_options()
        self.app.post_message(PlanAsked(self._asked))

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#approve")
    def _approved(self) -> None:
        # What is on its way is another plan than the one that was read.
        if self.run.is_approved or self._asked is not self.run.request:
            return
        self.run.began = self._now()
        self.show_run()
        self.query_one("#cancel", Button).focus()
        self.app.post_message(PlanApproved(self.run))

    @on(Button.Pressed, "#stop")
    def _stop_pressed(self) -> None:
        self.action_cancel()

    @on(Button.Pressed, "#back")
    def _back_pressed(self) -> None:
        wish = self.run.way_back
        if wish is not None:
            self.dismiss(None)
            self.app.post_message(PlanAsked(simple("Roll back", wish)))

    def action_cancel(self) -> None:
        """Change nothing; of what is being applied, ask what is to become of it."""
        if not self.run.is_running:
            self.dismiss(None)
            return
        answers = (("leave", "Leave it running"), ("stop", "Stop it"), ("stay", "Stay here"))
        texts = (
            f"{self.run.plan.title} is under way.",
            "Left running, it goes on, and p shows it again. Stopped, it takes back what was for "
            "the time of the change only; asking for it again finishes what is left.",
        )
        self.app.push_screen(AskModal("Under way", texts, answers), self._answered)

    def _answered(self, answer: str | None) -> None:
        if answer == "leave":
            self.dismiss(None)
        elif answer == "stop" and self.run.is_running:
            self.run.is_stopping = True
            self.show_run()
            self.app.post_message(StopAsked(self.run))

    def action_scroll_text(self, direction: int) -> None:
        """A page of the text up or down."""
        self.query_one("#text", Text).action_scroll_half(direction)
