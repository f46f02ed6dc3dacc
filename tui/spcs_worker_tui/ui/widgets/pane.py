"""The line above a pane: its title, what it shows, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.ui.lines import Cell, Line, clip, line, width_of
from spcs_worker_tui.ui.widgets.painter import FixedLines

if TYPE_CHECKING:
    from spcs_worker_tui.ui.format import Glyphs


class PaneTitle(FixedLines):
    """`── Log  INGEST ───────────── following ──`, brighter while the pane has the focus."""

    DEFAULT_CSS = """
    PaneTitle { height: 1; }
    """

    def __init__(self, title: str, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._title = title
        self._glyphs = glyphs
        self._left: Line = ()
        self._right: Line = ()
        self._is_active = False

    def show(self, left: Line = (), right: Line = ()) -> None:
        """What stands beside the title, and what at the right end."""
        self._left, self._right = left, right
        self.update_lines()

    def activate(self, *, is_active: bool) -> None:
        """The pane has the focus, or lost it."""
        self._is_active = is_active
        self.update_lines()

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """The one line."""
        rule, tone = self._glyphs.rule, "accent" if self._is_active else "rule"
        title = Cell(f" {self._title} ", "accent bold" if self._is_active else "ink bold")
        left = line(Cell(rule, tone), title, *self._left, Cell(" ", ""))
        right = (
            line(Cell(" ", ""), *self._right, Cell(" ", ""), Cell(rule, tone))
            if self._right
            else ()
        )
        room = width - width_of(right)
        left = clip(left, max(0, room - 1))
        return [(*left, Cell(rule * max(0, room - width_of(left)), tone), *right)]
