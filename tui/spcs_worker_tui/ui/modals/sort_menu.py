"""Which column to sort by: the letters say which, a second choice of the same one reverses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.screen import ModalScreen

from spcs_worker_tui.ui.bindings import SORT
from spcs_worker_tui.ui.columns import BY_LETTER, COLUMNS, Column
from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.lines import Cell, Line, fit
from spcs_worker_tui.ui.widgets.painter import FixedLines

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from spcs_worker_tui.ui.format import Glyphs


class _Letters(FixedLines, can_focus=True):
    """One line per column."""

    def __init__(self, current: Column, glyphs: Glyphs) -> None:
        super().__init__(id="letters")
        self._current = current
        self._glyphs = glyphs

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """The letters with what they stand for."""
        return [
            (
                Cell(f" {column.letter} ", "accent bold"),
                Cell(fit(column.title.title(), 17), "ink bold" if self._is(column) else "ink"),
                Cell(column.meaning, "muted"),
            )
            for column in COLUMNS
        ]

    def _is(self, column: Column) -> bool:
        return column is self._current


class SortMenu(ModalScreen[str | None], Fitting):
    """Answers with the key of a column, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [*SORT]
    CSS_PATH = "modals.tcss"

    def __init__(self, current: Column, glyphs: Glyphs) -> None:
        super().__init__()
        self._current = current
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """A box with the letters."""
        with Vertical(id="box", classes="-menu") as box:
            box.border_title = "Sort by"
            box.border_subtitle = "a letter sorts, esc leaves"
            letters = _Letters(self._current, self._glyphs)
            letters.styles.height = len(COLUMNS)
            yield letters

    def on_key(self, event: events.Key) -> None:
        """A letter answers."""
        if column := BY_LETTER.get(event.key):
            event.stop()
            self.dismiss(column.key)

    def on_click(self, event: events.Click) -> None:
        """So does a click on its line; one beside the box leaves."""
        if isinstance(event.widget, _Letters) and event.y < len(COLUMNS):
            self.dismiss(COLUMNS[event.y].key)
        elif event.widget is self:
            self.dismiss(None)

    def action_cancel(self) -> None:
        """Leave the order as it is."""
        self.dismiss(None)
