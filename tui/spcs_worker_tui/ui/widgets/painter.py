"""Turns lines of cells into what Textual paints, and remembers what it painted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from spcs_worker_tui.ui.theme import Palette

if TYPE_CHECKING:
    from rich.style import Style

    from spcs_worker_tui.ui.lines import Line

_KEPT = 400
"""Strips of one widget, some 5 KB each: several screens, and no more where ages are painted anew
all day."""


class Painter(Widget):
    """A widget that draws lines of cells with the palette of the current theme.

    Strips are kept by content, so a line that did not change costs a dictionary look-up,
    wherever it moved to.
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._palette: Palette | None = None
        self._base: Style | None = None
        self._strips: dict[tuple[Line, str, int, int], Strip] = {}

    @property
    def palette(self) -> Palette:
        """The styles of the current theme."""
        if self._palette is None:
            self._palette = Palette(self.app.theme_variables, ansi=self.app.native_ansi_color)
        return self._palette

    @property
    def base(self) -> Style:
        """The widget's own style. Textual works it out anew whenever it is asked."""
        if self._base is None:
            self._base = self.rich_style
        return self._base

    def notify_style_update(self) -> None:
        """Forget everything that was made with the old styles."""
        super().notify_style_update()
        self._palette = self._base = None
        self._strips.clear()

    def strip(self, cells: Line, state: str, left: int, width: int) -> Strip:
        """What is seen of the line from cell `left` on, `width` cells wide, in its row's state."""
        key = (cells, state, left, width)
        if (strip := self._strips.get(key)) is None:
            if len(self._strips) > _KEPT:
                self._strips.clear()
            base, row, style = self.base, self.palette.row(state), self.palette.style
            whole = Strip([Segment(text, base + style(tone) + row) for text, tone in cells])
            strip = self._strips[key] = whole.crop_extend(left, left + width, base + row)
        return strip


class FixedLines(Painter):
    """A widget of a few lines that never scrolls: a header, a title, a bar.

    A subclass says what the lines are in `lines`; `update_lines` draws those that changed.
    """

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._shown: Sequence[Line] = ()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """The lines for that many cells and lines."""
        raise NotImplementedError

    def update_lines(self) -> None:
        """Work the lines out again and paint them if they changed."""
        size = self.content_size
        lines = self.lines(size.width, size.height) if size else ()
        if lines != self._shown:
            self._shown = lines
            self.refresh()

    def on_resize(self) -> None:
        """The lines depend on the room."""
        self.update_lines()

    def render_line(self, y: int) -> Strip:
        """One line of the widget; padding is Textual's business."""
        width = self.size.width
        cells = self._shown[y] if y < len(self._shown) else ()
        return self.strip(cells, "", 0, width)
