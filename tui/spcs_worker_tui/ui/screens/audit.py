"""What was changed from this machine: the audit log, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen

from spcs_worker_tui.domain.audit import AuditEntry, AuditResult
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.bindings import AUDIT
from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.lines import Cell, Line, wrap
from spcs_worker_tui.ui.widgets.key_bar import KeyBar
from spcs_worker_tui.ui.widgets.line_view import Pages
from spcs_worker_tui.ui.widgets.pane import PaneTitle

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from spcs_worker_tui.ui.desk import Desk

_SHOWN = 500
_TONES = {
    AuditResult.DONE: "verdict-healthy",
    AuditResult.FAILED: "verdict-broken",
    AuditResult.INTERRUPTED: "verdict-degraded",
}


class AuditScreen(Screen[None], Fitting):
    """One paragraph for each applied step.

    Args:
        entries: As the console has them, the oldest first.
        desk: For the reader's zone and signs.
    """

    CSS_PATH = "service.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*AUDIT]

    def __init__(self, entries: Sequence[AuditEntry], desk: Desk) -> None:
        super().__init__()
        self._entries = tuple(reversed(entries))[:_SHOWN]
        self._total = len(entries)
        self._desk = desk

    def compose(self) -> ComposeResult:
        """Title, list, keys."""
        yield PaneTitle("Audit", self._desk.glyphs, id="page-title")
        yield Pages(id="page")
        yield KeyBar()

    def on_mount(self) -> None:
        """The list does not change while it is shown."""
        title = self.query_one("#page-title", PaneTitle)
        title.activate(is_active=True)
        left = f"{fmt.plural(len(self._entries), 'step')} of {self._total}, the newest first"
        title.show((Cell(left, "muted"),))
        self.query_one("#page", Pages).focus()
        self.call_after_refresh(self.on_resize)

    def on_resize(self) -> None:
        """Lines may break elsewhere."""
        page = self.query_one("#page", Pages)
        page.show_lines(self._lines(max(40, page.room - 2)))

    def _lines(self, room: int) -> list[Line]:
        lines: list[Line] = []
        for entry in self._entries:
            lines += audit_lines(entry, self._desk, room)
        return lines or [(Cell(" Nothing was changed from here yet.", "muted"),)]

    def action_copy(self) -> None:
        """Copy what is shown."""
        lines = self._lines(10_000)
        text = "\n".join("".join(cell.text for cell in line).rstrip() for line in lines)
        self.app.copy_to_clipboard(text)
        self.notify("audit copied", markup=False, timeout=3)

    def action_back(self) -> None:
        """Close the list."""
        self.dismiss(None)


def audit_lines(entry: AuditEntry, desk: Desk, room: int) -> list[Line]:
    """One applied step: when, what, how it ended; who; what was sent."""
    took = f"  {entry.elapsed.total_seconds():.1f} s"
    lines: list[Line] = [
        (
            Cell(f" {fmt.moment(entry.time, desk.zone)}  ", "muted"),
            Cell(f"{entry.result}", f"{_TONES[entry.result]} bold"),
            Cell(f"{took}  ", "muted"),
            Cell(one_line(entry.plan, 200), "ink bold"),
        )
    ]
    who = " as ".join(filter(None, (entry.user, entry.snowflake_user)))
    role = f" with role {entry.role}" if entry.role else ""
    where = f" on {entry.connection}" if entry.connection else ""
    by = f" by {who}{role}{where}" if who or role or where else ""
    texts = [(f"{entry.step}{by}", "ink"), (entry.statement, "accent"), (entry.detail, "muted")]
    texts += [(f"query {entry.query_id}", "muted")] if entry.query_id else []
    for text, tone in texts:
        parts = wrap(one_line(text, 600), room - 4) if text else ()
        lines += [(Cell("     ", ""), Cell(part, tone)) for part in parts]
    return lines
