"""A friendly panel in the middle of an otherwise empty screen."""

from __future__ import annotations

from collections.abc import Sequence

from spcs_worker_tui.ui.lines import Cell, Line, width_of, wrap
from spcs_worker_tui.ui.widgets.painter import FixedLines


class Notice(FixedLines, can_focus=True):
    """Lines in the middle of the room, wrapped where one is too long."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._content: Sequence[Line] = ()

    def show(self, content: Sequence[Line]) -> None:
        """Show these lines."""
        self._content = content
        self.update_lines()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """The lines with the margins around them."""
        room = width - 4
        fitted: list[Line] = []
        for cells in self._content:
            if len(cells) == 1 and width_of(cells) > room:
                fitted += [(Cell(part, cells[0].tone),) for part in wrap(cells[0].text, room)]
            else:
                fitted.append(cells)
        left = max(2, (width - max(map(width_of, fitted), default=0)) // 2)
        above = max(0, (height - len(fitted)) // 3)
        margin = Cell(" " * left, "")
        return [*[()] * above, *((margin, *cells) for cells in fitted)]
