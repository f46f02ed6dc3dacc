"""What all dialogs look like: a box with a text, perhaps fields, and buttons at its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual.screen import ModalScreen

from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.lines import Cell, Line, wrap
from spcs_worker_tui.ui.widgets.line_view import Pages

T = TypeVar("T")

NARROW, WIDE = 72, 100
"""Of the box; the wide one where the terminal has room for it."""
_WIDE_FROM = 112
_FRAME = 5
"""Border, padding and scroll bar."""


class Text(Pages, can_focus=False):
    """Lines in a dialog, as high as they are."""


class Dialog(ModalScreen[T], Fitting, Generic[T]):
    """A box that is as wide as the terminal lets it be."""

    CSS_PATH = "modals.tcss"

    @property
    def room(self) -> int:
        """Cells in a line of the text."""
        return max(20, min(self.box_width, self.app.size.width) - _FRAME)

    @property
    def box_width(self) -> int:
        """Cells of the box."""
        return WIDE if self.app.size.width >= _WIDE_FROM else NARROW

    def fill(self, lines: Sequence[Line], *, others: int) -> Text:
        """Show these lines in the dialog's text, which leaves room for `others` more."""
        self.query_one("#box").styles.width = self.box_width
        text = self.query_one("#text", Text)
        text.styles.height = min(len(lines), max(3, self.app.size.height - others))
        text.show_lines(lines)
        return text


def sentences(texts: Sequence[str], room: int, tone: str = "ink") -> list[Line]:
    """Texts as wrapped lines; an empty one is an empty line."""
    return [(Cell(part, tone),) if part else () for text in texts for part in wrap(text, room)]
