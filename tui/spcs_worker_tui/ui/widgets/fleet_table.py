"""The fleet table: as many columns as fit, one cursor that stays on its row by key.

Textual's own table measures and keeps every cell of every row; this one asks for the cells of the
rows that can be seen, which is what makes a thousand services cost no more than thirty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.columns import Glance, Layout, lay_out, natural_widths
from spcs_worker_tui.ui.fleet_view import FleetView
from spcs_worker_tui.ui.lines import BLANK, Cell, Line, clip, fit, width
from spcs_worker_tui.ui.messages import ColumnClicked, RowHighlighted, RowOpened
from spcs_worker_tui.ui.rows import ConnectionRow, Row, RowKey, ServiceRow
from spcs_worker_tui.ui.widgets.line_view import LineView

if TYPE_CHECKING:
    from textual import events


class FleetTable(LineView):
    """One line per service, and one per connection in trouble. Line 0 holds the titles."""

    FIXED: ClassVar[int] = 1

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.rows: Sequence[Row] = ()
        self.cursor: RowKey | None = None
        self._index = 0
        self._where: dict[RowKey, int] = {}
        self._view = FleetView()
        self._glance: Glance | None = None
        self._wanted: dict[str, int] = {}
        self._layout = Layout((), 1)
        self._notes: Sequence[Line] = ()
        # Moving the cursor asks for the same lines again.
        self._made: dict[RowKey, Line] = {}

    @property
    def line_count(self) -> int:
        """Rows, or the lines of the sentence that stands for them."""
        return len(self.rows) or len(self._notes)

    def line_at(self, index: int) -> Line:
        """A row of the table, or a line of the sentence."""
        if not self.rows:
            return self._notes[index]
        row = self.rows[index]
        if (made := self._made.get(row.key)) is None:
            if isinstance(row, ServiceRow):
                made = self._service_line(row)
            else:
                made = self._connection_line(row)
            self._made[row.key] = made
        return made

    def fixed_line(self, index: int) -> Line:  # noqa: ARG002 - there is one
        """The titles, the sorted one with an arrow."""
        if self._glance is None or not self.rows:
            return BLANK
        cells = [Cell(" ", "")]
        for column, size in self._layout.columns:
            is_sorted = column is self._view.column
            glyphs = self._glance.glyphs
            arrow = (glyphs.up if self._view.is_reversed else glyphs.down) if is_sorted else ""
            # Where a title fills its column, the arrow takes its last letters.
            title = column.title[: size - 2] + f" {arrow}" if is_sorted else column.title
            text = fit(title, size, right=column.right)
            cells.append(Cell(text, "accent bold" if is_sorted else "muted"))
            cells.append(Cell(" " * self._layout.gap, ""))
        return tuple(cells)

    def state_of(self, index: int) -> str:
        """The row under the cursor shows it, more when the table has the focus."""
        if not self.rows or self.rows[index].key != self.cursor:
            return ""
        return "cursor" if self.has_focus else "blurred"

    def show_rows(self, rows: Sequence[Row], view: FleetView, glance: Glance) -> None:
        """Show exactly these rows; the cursor stays on its row, on its line of the screen."""
        top = self.scroll_offset.y
        was_seen = top <= self._index < top + self.page
        self.rows, self._view, self._glance = rows, view, glance
        self._made.clear()
        self._where = {row.key: index for index, row in enumerate(rows)}
        self._wanted = natural_widths([r for r in rows if isinstance(r, ServiceRow)], glance)
        before = self._index
        if self.cursor in self._where:
            self._index = self._where[self.cursor]
        self._arrange()
        if was_seen and self._index != before:
            self.scroll_to(y=top + self._index - before, animate=False, force=True)
        self.repaint_changed()

    def show_notes(self, notes: Sequence[Line]) -> None:
        """What to say while there are no rows."""
        self._notes = notes
        self.lines_changed()

    def tick(self, glance: Glance) -> None:
        """A moment later: only what is seen and reads differently is painted."""
        self._glance = glance
        self._made.clear()
        self.repaint_changed()

    def has_row(self, key: RowKey | None) -> bool:
        """Whether that row is shown, scrolled into sight or not."""
        return key in self._where

    def put_cursor(self, key: RowKey | None) -> None:
        """Put the cursor on that row, wherever it is now, without saying so."""
        self.cursor = key
        if key in self._where:
            self._index = self._where[key]
            self._keep_in_sight()
        self.repaint_changed()

    def _move(self, index: int) -> None:
        if not self.rows:
            return
        self._index = max(0, min(len(self.rows) - 1, index))
        key = self.rows[self._index].key
        self._keep_in_sight()
        if key != self.cursor:
            self.cursor = key
            self.repaint_changed()
            self.post_message(RowHighlighted(key))

    def _keep_in_sight(self) -> None:
        top = self.scroll_offset.y
        if self._index < top:
            self.scroll_to(y=self._index, animate=False, force=True)
        elif self._index >= top + self.page:
            self.scroll_to(y=self._index - self.page + 1, animate=False, force=True)

    def _arrange(self) -> None:
        self._layout = lay_out(self.room, self._wanted) if self._wanted else Layout((), 1)
        self._made.clear()
        self.lines_changed()

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self._arrange()
        self._keep_in_sight()

    def on_focus(self) -> None:
        """The cursor shows more."""
        self.repaint_changed()

    def on_blur(self) -> None:
        """The cursor shows less."""
        self.repaint_changed()

    def on_click(self, event: events.Click) -> None:
        """A title sorts, a row is selected, and opened by a second click."""
        if event.y == 0:
            if column := self._layout.at(event.x):
                self.post_message(ColumnClicked(column.key))
            return
        index = self.scroll_offset.y + event.y - self.FIXED
        if 0 <= index < len(self.rows):
            self._move(index)
            if event.chain > 1:
                self.post_message(RowOpened(self.rows[index].key))

    def action_scroll_line(self, direction: int) -> None:
        """The cursor one row down or up; from a row that is gone, to its neighbour."""
        gone = self.cursor not in self._where
        self._move(self._index + (direction if not gone else min(0, direction)))

    def action_scroll_half(self, direction: int) -> None:
        """The cursor one page down or up."""
        self._move(self._index + direction * max(1, self.page - 1))

    def action_scroll_edge(self, direction: int) -> None:
        """The cursor to the last row or the first."""
        self._move(len(self.rows) - 1 if direction > 0 else 0)

    def _service_line(self, row: ServiceRow) -> Line:
        glance = self._glance
        assert glance is not None, "rows are shown together with their moment"
        stale = row.is_stale(glance.now)
        cells = [Cell(" ", "")]
        for column, size in self._layout.columns:
            text, tone = column.cell(row, glance)
            # What is remembered and not seen is grey, except the age that says so.
            if stale and column.key not in {"age", "service"}:
                tone = "muted"
            cells.append(Cell(fit(text, size, right=column.right), tone))
            cells.append(Cell(" " * self._layout.gap, ""))
        return tuple(cells)

    def _connection_line(self, row: ConnectionRow) -> Line:
        glance = self._glance
        assert glance is not None, "rows are shown together with their moment"
        connection = row.connection
        tone = connection_tone(row)
        sign = glance.glyphs.connection[connection.state]
        word = str(connection.state)
        if connection.error and connection.state == "connected":
            sign, word = "!", "stale"
        cells = [Cell(" ", ""), Cell(f"{sign} {word}", tone), Cell("  ", "")]
        cells.append(Cell(connection.name, "ink bold"))
        if connection.error:
            cells.append(Cell(f"  {connection.error.message}", "ink"))
            if connection.error.next_step:
                cells.append(
                    Cell(f"  {glance.glyphs.next_step} {connection.error.next_step}", "muted")
                )
        if connection.services and connection.observed_at:
            seen = fmt.age(glance.now - connection.observed_at)
            cells.append(Cell(f"  (rows are {seen} old)", "muted"))
        return clip(tuple(cells), max(width(word), self.room - 1))


def connection_tone(row: ConnectionRow) -> str:
    """Sign-in is a question; the rest is a failure."""
    state = str(row.connection.state)
    return "verdict-degraded" if state in {"sign-in needed", "connected"} else "verdict-broken"
