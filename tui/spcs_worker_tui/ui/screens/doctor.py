"""What is wrong, and what helps: findings as they come, the cure of the one under the cursor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.screen import Screen

from spcs_worker_tui.domain.doctor import Finding, Outcome
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.text import in_sentences
from spcs_worker_tui.ui.bindings import DOCTOR
from spcs_worker_tui.ui.changing import ChangeRun, PlanRequest, simple
from spcs_worker_tui.ui.doctor_lines import (
    cure_lines,
    finding_line,
    ordered,
    summary,
    to_copy,
)
from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.lines import Cell
from spcs_worker_tui.ui.messages import PlanAsked
from spcs_worker_tui.ui.modals.choice import Item, ItemList
from spcs_worker_tui.ui.widgets.key_bar import KeyBar
from spcs_worker_tui.ui.widgets.line_view import Pages
from spcs_worker_tui.ui.widgets.pane import PaneTitle

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from spcs_worker_tui.ui.format import Glyphs

_NARROWEST = 40


class DoctorScreen(Screen[None], Fitting):
    """Looks when it is opened, when asked to, and after something was mended.

    Args:
        examine: Every finding as it is made; see the port `DashboardConsole`.
        glyphs: What signs to draw with.
        can_mend: Whether there is somebody to make plans.
    """

    CSS_PATH = "doctor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*DOCTOR]
    AUTO_FOCUS = "#items"

    def __init__(
        self,
        examine: Callable[[], AsyncIterator[Finding]],
        glyphs: Glyphs,
        *,
        can_mend: bool = True,
    ) -> None:
        super().__init__()
        self._examine = examine
        self._glyphs = glyphs
        self._can_mend = can_mend
        self._found: list[Finding] = []
        self._with_ok = False
        self._is_looking = False
        self._under_cursor: Finding | None = None
        self._request: PlanRequest | None = None

    def compose(self) -> ComposeResult:
        """Title, findings, the cure of one of them, keys."""
        yield PaneTitle("Doctor", self._glyphs, id="page-title")
        yield ItemList(())
        yield PaneTitle("What helps", self._glyphs, id="cure-title")
        yield Pages(id="cure")
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one("#page-title", PaneTitle).activate(is_active=True)
        self.call_after_refresh(self.action_again)

    def on_resize(self) -> None:
        """Lines may break elsewhere."""
        self.call_after_refresh(self._show)

    def on_screen_resume(self) -> None:
        """Whether what was mended is mended shows by looking again."""
        runs: Sequence[ChangeRun] = getattr(self.app, "runs", ())
        for run in runs:
            if self._request is not None and run.request.make is self._request.make:
                self._request = None
                self.action_again()

    @property
    def rows(self) -> list[Finding]:
        """What the list shows."""
        return ordered(self._found, with_ok=self._with_ok)

    @property
    def finding(self) -> Finding | None:
        """The one under the cursor."""
        rows, index = self.rows, self.query_one(ItemList).index
        return rows[index] if 0 <= index < len(rows) else None

    async def _look(self) -> None:
        findings = cast("Any", self._examine())
        try:
            async with aclosing(findings) as found:
                async for finding in found:
                    self._found.append(finding)
                    self._show()
        except FleetError as error:
            text = in_sentences(error.message, error.next_step)
            self.notify(text, title="Doctor", severity="error", markup=False, timeout=12)
        self._is_looking = False
        self._show()

    def _show(self) -> None:
        rows, items = self.rows, self.query_one(ItemList)
        nothing = "Looking." if self._is_looking else "Nothing is wrong; a shows what is well."
        lines = [finding_line(finding, self._glyphs) for finding in rows]
        items.show_items([Item("", line) for line in lines or [(Cell(nothing, "muted"),)]])
        # Findings come in between: the cursor stays on the one that the reader moved it to, and
        # until it is moved on the worst.
        if items.index and self._under_cursor in rows:
            items.put(rows.index(self._under_cursor))
        left = summary(self._found, self._glyphs, is_looking=self._is_looking)
        word = "all" if self._with_ok else "without what is well"
        self.query_one("#page-title", PaneTitle).show(left, (Cell(word, "muted"),))
        self._show_cure()

    def _show_cure(self) -> None:
        cure, finding = self.query_one("#cure", Pages), self.finding
        room = max(_NARROWEST, cure.room - 2)
        lines = cure_lines(finding, room, can_mend=self._can_mend) if finding is not None else ()
        cure.show_lines(lines)
        self.refresh_bindings()

    @on(ItemList.Highlighted)
    def _highlighted(self) -> None:
        if (finding := self.finding) is not self._under_cursor:
            self.query_one("#cure", Pages).scroll_home(animate=False)
        self._under_cursor = finding
        self._show_cure()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done about the finding under the cursor is dimmed."""
        del parameters
        if action == "mend":
            finding = self.finding if self.is_mounted else None
            return (finding is not None and finding.fix is not None) or None
        return True

    # What the reader does

    def action_again(self) -> None:
        """Look at everything again."""
        self._found, self._is_looking = [], True
        self._show()
        self.run_worker(self._look(), group="examine", exclusive=True, exit_on_error=False)

    def action_all(self) -> None:
        """Show also what is well, or leave it out again."""
        self._with_ok = not self._with_ok
        self._show()

    def action_mend(self) -> None:
        """Show the plan that mends it."""
        finding = self.finding
        if not self._can_mend:
            text = "Leave the dashboard, and run: spcs-worker-tui doctor --fix"
            self.notify(text, title="Mend", markup=False, timeout=12)
            return
        if finding is not None and finding.fix is not None:
            self._request = simple("Mend", finding.fix)
            self.app.post_message(PlanAsked(self._request))

    def action_copy(self) -> None:
        """Copy what helps."""
        finding = self.finding
        if finding is None:
            return
        self.app.copy_to_clipboard(to_copy(finding))
        what = "what helps" if finding.outcome is not Outcome.OK else "the finding"
        self.notify(f"{what} is copied", markup=False, timeout=3)

    def action_back(self) -> None:
        """Close it; what still looks ends."""
        self.dismiss(None)
