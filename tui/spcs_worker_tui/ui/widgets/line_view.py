"""A scrolling view of many lines that works out only those that can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView

from spcs_worker_tui.ui.bindings import SCROLL
from spcs_worker_tui.ui.lines import BLANK, Line
from spcs_worker_tui.ui.widgets.painter import Painter

if TYPE_CHECKING:
    from textual.binding import BindingType
    from textual.strip import Strip


class LineView(Painter, ScrollView, can_focus=True, inherit_bindings=False):
    """Lines by number, the first `FIXED` of them held at the top.

    A subclass gives `line_count`, `line_at` and, where rows have states, `state_of`.
    """

    DEFAULT_CSS = """
    LineView {
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;
        /* Textual takes default styles from the first base only, which is the painter. */
        width: 1fr;
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        /* Lines are fitted to the room: a scroll bar that comes must not change it. */
        scrollbar-gutter: stable;
    }
    """
    ALLOW_SELECT = False
    FIXED: ClassVar[int] = 0
    BINDINGS: ClassVar[list[BindingType]] = [*SCROLL]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._painted: dict[int, tuple[Line, str]] = {}

    @property
    def line_count(self) -> int:
        """How many lines there are, without the fixed ones."""
        raise NotImplementedError

    def line_at(self, index: int) -> Line:
        """The cells of that line."""
        raise NotImplementedError

    def fixed_line(self, index: int) -> Line:  # noqa: ARG002 - for those who have fixed lines
        """The cells of that line at the top."""
        return BLANK

    def state_of(self, index: int) -> str:  # noqa: ARG002 - for those who have states
        """The state of that row, as the palette knows it."""
        return ""

    @property
    def room(self) -> int:
        """How many cells a line has, the scroll bar left out."""
        return self.scrollable_content_region.width

    @property
    def page(self) -> int:
        """How many lines are seen at once, without the fixed ones."""
        return max(1, self.scrollable_content_region.height - self.FIXED)

    def lines_changed(self, width: int | None = None) -> None:
        """Lines came, went or moved: take the new size and paint what differs."""
        size = Size(width or self.room, self.line_count + self.FIXED)
        if size != self.virtual_size:
            self.virtual_size = size
        self.repaint_changed()

    def repaint_changed(self) -> None:
        """Paint the visible lines that differ from what was painted last."""
        for y in range(self.size.height):
            if self._painted.get(y) != self._content(y):
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        cells, state = self._painted[y] = self._content(y)
        return self.strip(cells, state, self.scroll_offset.x, self.size.width)

    def _content(self, y: int) -> tuple[Line, str]:
        if y < self.FIXED:
            return self.fixed_line(y), ""
        index = self.scroll_offset.y + y - self.FIXED
        if 0 <= index < self.line_count:
            return self.line_at(index), self.state_of(index)
        return BLANK, ""

    def action_scroll_half(self, direction: int) -> None:
        """A page down (1) or up (-1), with one line in common."""
        self.scroll_relative(y=direction * max(1, self.page - 1), animate=False)

    def action_scroll_line(self, direction: int) -> None:
        """A line down (1) or up (-1)."""
        self.scroll_relative(y=direction, animate=False)

    def action_scroll_side(self, direction: int) -> None:
        """Sideways, where lines are longer than the view."""
        self.scroll_relative(x=direction * 8, animate=False)

    def action_scroll_edge(self, direction: int) -> None:
        """To the last line (1) or to the first (-1)."""
        if direction > 0:
            self.scroll_end(animate=False)
        else:
            self.scroll_home(animate=False)


class Pages(LineView):
    """Lines that are given as a whole, for example a description."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines: Sequence[Line] = ()

    @property
    def line_count(self) -> int:
        """How many lines were given."""
        return len(self._lines)

    def line_at(self, index: int) -> Line:
        """The line as it was given."""
        return self._lines[index]

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines; the scroll position stays."""
        self._lines = lines
        self.lines_changed()
