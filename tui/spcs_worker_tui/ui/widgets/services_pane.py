"""The fleet table with its title and its filter: which rows, in which order, and why not all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical
from textual.widgets import Input

from spcs_worker_tui.ui import notes
from spcs_worker_tui.ui.columns import BY_KEY, Column
from spcs_worker_tui.ui.fleet_view import FilterError, FleetView, parse_filter
from spcs_worker_tui.ui.lines import Cell
from spcs_worker_tui.ui.messages import ColumnClicked, RowHighlighted, RowsNarrowed
from spcs_worker_tui.ui.rows import RowKey, ServiceRow, connection_rows, service_rows
from spcs_worker_tui.ui.widgets.fleet_table import FleetTable
from spcs_worker_tui.ui.widgets.pane import PaneTitle

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.ui.desk import Desk

_SHARE = 0.45
_SMALLEST = 4
TINY = 12
"""Lines of a terminal in which there is room for the table only."""


class ServicesPane(Vertical):
    """Shows a picture of the fleet by a `FleetView`, which a refresh never changes."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="services-pane")
        self._desk = desk
        self._view = FleetView()
        self._judged: JudgedFleet | None = None
        self._services: list[ServiceRow] = []
        self._was_narrowed = False

    def compose(self) -> ComposeResult:
        """Title, filter, table."""
        yield PaneTitle("Services", self._desk.glyphs, id="table-title")
        field = Input(
            id="filter", compact=True, placeholder="words   conn:prod   !suspended   /regex/"
        )
        field.display = False
        yield field
        yield FleetTable(id="table")

    @property
    def table(self) -> FleetTable:
        """The table itself."""
        return self.query_one(FleetTable)

    @property
    def column(self) -> Column:
        """What is sorted by."""
        return self._view.column

    @property
    def can_clear(self) -> bool:
        """Whether there is a filter to clear, or a focus to bring back."""
        return self._view.is_narrowed or not self.table.has_focus

    def show(self, judged: JudgedFleet | None) -> None:
        """Show that picture; the cursor stays on its row."""
        self._judged = judged
        self._services = service_rows(judged) if judged else []
        self.rearrange()

    def rearrange(self) -> None:
        """Filter and sort anew."""
        table, view = self.table, self._view
        glance = self._desk.glance()
        troubled = connection_rows(self._judged) if self._judged else []
        rows = view.arrange(self._services, troubled, glance)
        total = len(self._services)
        self._size_table(total + len(troubled))
        table.show_notes(notes.no_rows(self._judged, view, total))
        table.show_rows(rows, view, glance)
        shown = sum(isinstance(row, ServiceRow) for row in rows)
        self._write_title(view.describe(shown, total) if self._judged else "")
        if view.is_narrowed is not self._was_narrowed:
            self._was_narrowed = view.is_narrowed
            self.screen.refresh_bindings()
        if table.cursor is None and rows:
            first = next((row for row in rows if isinstance(row, ServiceRow)), rows[0])
            self._highlight(first.key)

    def _size_table(self, rows: int) -> None:
        """As high as its rows, up to a share of the screen; a filter does not make it jump."""
        most = max(_SMALLEST, int(self.screen.size.height * _SHARE) - 3)
        height = max(_SMALLEST, min(most, rows + 1))
        if self.screen.size.height < TINY:
            height = max(1, self.screen.size.height - 2)
        if self.table.styles.height is None or self.table.styles.height.value != height:
            self.table.styles.height = height

    def _write_title(self, text: str, problem: str = "") -> None:
        order = " reversed" if self._view.is_reversed else ""
        left = (Cell(text, "accent" if self._view.is_narrowed else "muted"),)
        right = (Cell(f"by {self._view.column.title.lower()}{order}", "muted"),)
        if problem:
            right = (Cell(problem, "verdict-broken"),)
        self.query_one(PaneTitle).show(left, right)

    def _narrow(self) -> None:
        """Other rows may be shown: the cursor goes to one that is."""
        self.rearrange()
        table = self.table
        if table.rows and not table.has_row(table.cursor):
            self._highlight(table.rows[0].key)
        self.post_message(RowsNarrowed())

    def _highlight(self, key: RowKey) -> None:
        # Straight to the app: what an ancestor caused does not bubble beyond that ancestor.
        self.app.post_message(RowHighlighted(key))

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        try:
            self._view.filter = parse_filter(event.value)
        except FilterError as error:
            self._write_title(event.value, f"{error}")
            return
        self._narrow()

    @on(Input.Submitted, "#filter")
    def leave_filter(self) -> None:
        """The filter stays in force; the keys are the table's again."""
        self.query_one(Input).display = False
        self.table.focus()
        self.rearrange()

    def ask_filter(self) -> None:
        """Let the reader type a filter, beginning with the one in force."""
        field = self.query_one(Input)
        field.display = True
        field.focus()

    def clear(self) -> None:
        """No filter, all rows, the cursor in the table."""
        self._view.problems_only = False
        self._view.filter = parse_filter("")
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.leave_filter()

    def toggle_problems(self) -> None:
        """Only problems, or all."""
        self._view.problems_only = not self._view.problems_only
        self._narrow()

    def sort_by(self, column: str) -> None:
        """Sort by that column, or the other way round."""
        self._view.sort_by(BY_KEY[column])
        self.rearrange()

    def reverse(self) -> None:
        """The other way round."""
        self._view.is_reversed = not self._view.is_reversed
        self.rearrange()

    @on(ColumnClicked)
    def _column_clicked(self, event: ColumnClicked) -> None:
        self.sort_by(event.column)

    def go_to(self, key: RowKey) -> None:
        """Put the cursor on that row; a filter that hides it is cleared."""
        if not self.table.has_row(key) and any(row.key == key for row in self._services):
            self.clear()
        self.table.put_cursor(key)

    def on_descendant_focus(self) -> None:
        """The title says so."""
        self.query_one(PaneTitle).activate(is_active=self.table.has_focus)

    def on_descendant_blur(self) -> None:
        """The title says so."""
        self.query_one(PaneTitle).activate(is_active=False)
