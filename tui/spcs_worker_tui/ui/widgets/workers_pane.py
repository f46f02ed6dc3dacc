"""The selected service's work pool with its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from spcs_worker_tui.ui.rows import Row, ServiceRow
from spcs_worker_tui.ui.widgets.line_view import Pages
from spcs_worker_tui.ui.widgets.pane import PaneTitle
from spcs_worker_tui.ui.workers_lines import pool_title, workers_lines

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from spcs_worker_tui.ui.desk import Desk

_LOW = 10
"""Lines below which blank ones between the parts cost more than they give."""


class WorkersPane(Vertical):
    """Workers with live ages, queues, late and running runs."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="workers-pane")
        self._desk = desk
        self._row: ServiceRow | None = None

    def compose(self) -> ComposeResult:
        """Title and lines."""
        yield PaneTitle("Workers", self._desk.glyphs, id="workers-title")
        yield Pages(id="workers")

    def show(self, row: Row | None) -> None:
        """Show the work pool of that row, as it is now."""
        self._row = row if isinstance(row, ServiceRow) else None
        self._write()

    def on_resize(self) -> None:
        """Other lines fit now."""
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        lines = self.query_one(Pages)
        self.query_one(PaneTitle).show(pool_title(self._row))
        shown = workers_lines(self._row, self._desk.beats(), lines.room)
        if lines.page < _LOW:
            shown = [line for line in shown if line]
        lines.show_lines(shown)

    def on_descendant_focus(self) -> None:
        """The title says so."""
        self.query_one(PaneTitle).activate(is_active=True)

    def on_descendant_blur(self) -> None:
        """The title says so."""
        self.query_one(PaneTitle).activate(is_active=False)
