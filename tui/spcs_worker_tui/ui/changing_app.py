"""The part of the application that changes are asked for, shown and applied by."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING

from textual import on
from textual.app import App

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.text import in_sentences
from spcs_worker_tui.ui.messages import (
    PlanApproved,
    PlanAsked,
    PlanEnded,
    PlanMade,
    PlanProgressed,
    RequestFailed,
    StopAsked,
)
from spcs_worker_tui.ui.possible import NAMES, can

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

    from spcs_worker_tui.domain.doctor import Finding
    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.ui.changing import ChangeRun
    from spcs_worker_tui.ui.desk import Desk
    from spcs_worker_tui.ui.link import ConsoleLink
    from spcs_worker_tui.ui.rows import Row

    Examine = Callable[[], AsyncIterator[Finding]]
    """Gives every finding as it is made."""

_RUNS_KEPT = 10
_CHANGE = re.compile(r"app\.change\('([\w-]+)'\)")


class ChangingApp(App[None]):
    """Holds the changes that were approved, so that a dialog may be left and opened again.

    Attributes:
        link: The way to the console.
        desk: What all screens share.
        runs: What was approved, the newest last.
        examine_alone: Looks for what is wrong where there is no console.
    """

    link: ConsoleLink
    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        self.examine_alone: Examine | None = None
        self.runs: deque[ChangeRun] = deque(maxlen=_RUNS_KEPT)

    @property
    def picture(self) -> JudgedFleet | None:
        """The picture of the fleet that is shown."""
        raise NotImplementedError

    def selected_row(self) -> Row | None:
        """The row that actions are about, if it is still there."""
        raise NotImplementedError

    @property
    def running(self) -> list[ChangeRun]:
        """The changes that are being applied now."""
        return [run for run in self.runs if run.is_running]

    def can_change(self) -> tuple[bool, ...]:
        """What can be asked for now, one after the other."""
        row = self.selected_row()
        return tuple(can(name, row) for name in NAMES)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do it, or say why a change cannot be asked for: a key never does nothing in silence."""
        done = await super().run_action(action, default_namespace, namespaces)
        what = _CHANGE.fullmatch(action) if isinstance(action, str) else None
        if what is not None and not done and self.picture is not None:
            self.notify(self.why_not(what[1]), severity="warning", markup=False)
        return done

    def why_not(self, what: str) -> str:
        """Why that cannot be asked for of the selected row; empty where it can be."""
        raise NotImplementedError

    def action_change(self, what: str) -> None:
        """Ask for a change; a plan is shown before anything happens."""
        from spcs_worker_tui.ui.changes import Changes  # noqa: PLC0415 - when first asked for

        Changes(self).begin(what)

    @on(PlanAsked)
    def _plan_asked(self, event: PlanAsked) -> None:
        self.link.ask_plan(event.request)

    @on(PlanMade)
    def _plan_made(self, event: PlanMade) -> None:
        from spcs_worker_tui.ui.modals.plan import PlanModal  # noqa: PLC0415 - when first shown

        refusal = self.link.refusal(event.plan)
        shown = self.screen
        if isinstance(shown, PlanModal) and not shown.run.is_approved:
            if shown.run.request.make is event.request.make:
                shown.plan_anew(event.request, event.plan, refusal)
            return
        from spcs_worker_tui.ui.changing import ChangeRun  # noqa: PLC0415 - not for a first frame

        self._show_run(ChangeRun(event.request, event.plan), refusal)

    def _show_run(self, run: ChangeRun, refusal: FleetError | None = None) -> None:
        from spcs_worker_tui.ui.modals.plan import PlanModal  # noqa: PLC0415 - as above

        connection = self.picture.snapshot.connection(run.plan.connection) if self.picture else None
        modal = PlanModal(run, connection, refusal, self.desk.glyphs, self.desk.now)
        self.push_screen(modal)

    @on(PlanApproved)
    def _plan_approved(self, event: PlanApproved) -> None:
        self.runs.append(event.run)
        self.link.apply(event.run)

    @on(StopAsked)
    def _stop_asked(self, event: StopAsked) -> None:
        self.link.stop(event.run)

    @on(PlanProgressed)
    def _plan_progressed(self, event: PlanProgressed) -> None:
        event.run.observe(event.progress, self.desk.now())
        self._refresh_run(event.run)

    @on(PlanEnded)
    def _plan_ended(self, event: PlanEnded) -> None:
        run = event.run
        run.ended, run.error = self.desk.now(), event.error
        run.way_back = self.link.way_back(run.plan) if event.error else None
        is_seen = self._refresh_run(run)
        if event.error is None:
            self.notify(run.plan.title, title="Done", markup=False)
        elif not is_seen:
            self.say(event.error, run.plan.title)
            if run.way_back is not None:
                self.notify("p shows it, and offers to roll back", markup=False, timeout=12)

    def _refresh_run(self, run: ChangeRun) -> bool:
        """Have the dialog show it, if one is open on it; returns whether one is."""
        from spcs_worker_tui.ui.modals.plan import PlanModal  # noqa: PLC0415 - as above

        open_on_it = [s for s in self.screen_stack if isinstance(s, PlanModal) and s.run is run]
        for screen in open_on_it:
            screen.show_run()
        return bool(open_on_it)

    @on(RequestFailed)
    def _request_failed(self, event: RequestFailed) -> None:
        from spcs_worker_tui.ui.modals.plan import PlanModal  # noqa: PLC0415 - as above

        if isinstance(self.screen, PlanModal):
            self.screen.keep_plan()
        self.say(event.error, event.title)

    def say(self, error: FleetError, title: str) -> None:
        """Tell the reader that something did not work, and what to do."""
        text = in_sentences(error.message, error.next_step)
        self.notify(text, title=title, severity="error", markup=False, timeout=12)

    def action_progress(self) -> None:
        """The change that is under way, or else the last one."""
        if self.runs:
            self._show_run((self.running or list(self.runs))[-1])

    def action_audit(self) -> None:
        """What was changed from this machine."""
        self.run_worker(self._audit(), group="ask", exclusive=True, exit_on_error=False)

    async def _audit(self) -> None:
        from spcs_worker_tui.ui.screens.audit import AuditScreen  # noqa: PLC0415 - when first shown

        try:
            entries = await self.link.console.audit_entries()
        except FleetError as error:
            self.say(error, "The audit log")
        else:
            await self.push_screen(AuditScreen(entries, self.desk))

    def action_doctor(self) -> None:
        """Look for what is wrong."""
        from spcs_worker_tui.ui.screens.doctor import DoctorScreen  # noqa: PLC0415 - as above

        try:
            screen = DoctorScreen(self.link.console.examine, self.desk.glyphs)
        except FleetError:
            if self.examine_alone is None:
                return
            screen = DoctorScreen(self.examine_alone, self.desk.glyphs, can_mend=False)
        self.push_screen(screen)

    async def action_quit(self) -> None:
        """Leave; asks first while a change is under way, since leaving stops it."""
        if not self.running:
            self.exit()
            return
        from spcs_worker_tui.ui.modals.ask import AskModal  # noqa: PLC0415 - when first shown

        titles = ", ".join(run.plan.title for run in self.running)
        texts = (
            f"Under way: {titles}.",
            "Quitting stops it, and takes back what was for the time of the change only; "
            "asking for it again finishes what is left.",
        )
        answers = (("stay", "Stay"), ("quit", "Stop it and quit"))
        self.push_screen(AskModal("Quit", texts, answers), self._quit_answered)

    def _quit_answered(self, answer: str | None) -> None:
        if answer == "quit":
            self.exit()
