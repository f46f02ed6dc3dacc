"""One thing out of a list: images, earlier specifications, environments, actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from spcs_worker_tui.ui.bindings import CHOICE
from spcs_worker_tui.ui.lines import Cell, Line, clip
from spcs_worker_tui.ui.modals.dialog import Dialog, Text
from spcs_worker_tui.ui.widgets.line_view import LineView

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

_OTHER_LINES = 6
_DETAILS = 6
"""Lines of what is known of an item, at most."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list.

    Attributes:
        name: What choosing it answers.
        line: What it looks like.
        details: What is shown below the list while the cursor is on it.
        key: A letter that chooses it at once; empty for none.
    """

    name: str
    line: Line
    details: Sequence[Line] = ()
    key: str = ""


class ItemList(LineView):
    """The list itself, with a cursor."""

    @dataclass
    class Highlighted(Message):
        """The cursor is on another item."""

        index: int

    @dataclass
    class Chosen(Message):
        """The reader wants that item."""

        index: int

    def __init__(self, items: Sequence[Item]) -> None:
        super().__init__(id="items")
        self._items = items
        self.index = 0

    @property
    def line_count(self) -> int:
        """One line each."""
        return len(self._items)

    def line_at(self, index: int) -> Line:
        """The item's line, its letter before it."""
        item = self._items[index]
        letter = (Cell(f" {item.key} ", "accent bold"),) if item.key else (Cell(" ", ""),)
        return clip((*letter, *item.line), max(1, self.room))

    def state_of(self, index: int) -> str:
        """The line under the cursor shows it."""
        if index != self.index:
            return ""
        return "cursor" if self.has_focus else "blurred"

    def put(self, index: int) -> None:
        """Put the cursor there."""
        self.index = max(0, min(len(self._items) - 1, index))
        top = self.scroll_offset.y
        if self.index < top:
            self.scroll_to(y=self.index, animate=False, force=True)
        elif self.index >= top + self.page:
            self.scroll_to(y=self.index - self.page + 1, animate=False, force=True)
        self.repaint_changed()
        self.post_message(self.Highlighted(self.index))

    def show_items(self, items: Sequence[Item]) -> None:
        """Show these instead; the cursor stays on its line."""
        self._items = items
        self.index = max(0, min(len(items) - 1, self.index))
        self.lines_changed()
        self.post_message(self.Highlighted(self.index))

    def on_resize(self) -> None:
        """Lines may be cut elsewhere."""
        self.lines_changed()

    def on_focus(self) -> None:
        """The cursor shows more."""
        self.repaint_changed()

    def on_blur(self) -> None:
        """The cursor shows less."""
        self.repaint_changed()

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one chooses."""
        index = self.scroll_offset.y + event.y
        if 0 <= index < len(self._items):
            self.put(index)
            if event.chain > 1:
                self.post_message(self.Chosen(index))

    def action_scroll_line(self, direction: int) -> None:
        """The cursor one line down or up."""
        self.put(self.index + direction)

    def action_scroll_half(self, direction: int) -> None:
        """The cursor one page down or up."""
        self.put(self.index + direction * max(1, self.page - 1))

    def action_scroll_edge(self, direction: int) -> None:
        """The cursor to the last line or the first."""
        self.put(len(self._items) - 1 if direction > 0 else 0)


class ChoiceModal(Dialog[str | None]):
    """Answers with the name of an item, or None. Choosing changes nothing yet.

    Args:
        title: Of the box.
        items: At least one.
        hint: What the keys do, below the box.
        start: Where the cursor begins.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*CHOICE]
    AUTO_FOCUS = "#items"

    def __init__(
        self,
        title: str,
        items: Sequence[Item],
        hint: str = "enter chooses, esc leaves",
        start: int = 0,
    ) -> None:
        super().__init__()
        self._title = title
        self._items = items
        self._hint = hint
        self._start = start
        self._details = min(_DETAILS, max((len(item.details) for item in items), default=0))

    def compose(self) -> ComposeResult:
        """The list, and what is known of the item under the cursor."""
        with Vertical(id="box") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content(self._hint)
            yield ItemList(self._items)
            text = Text(id="text")
            text.display = bool(self._details)
            yield text

    def on_mount(self) -> None:
        """As high as the list, as far as that fits."""
        self.on_resize()
        self.call_after_refresh(self.query_one(ItemList).put, self._start)

    def on_resize(self) -> None:
        """Other lines fit now."""
        self.query_one("#box").styles.width = self.box_width
        details = self._details + 1 if self._details else 0
        most = max(3, self.app.size.height - _OTHER_LINES - details)
        self.query_one(ItemList).styles.height = min(len(self._items), most)
        self._show_details(self.query_one(ItemList).index)

    @on(ItemList.Highlighted)
    def _highlighted(self, event: ItemList.Highlighted) -> None:
        self._show_details(event.index)

    def _show_details(self, index: int) -> None:
        if self._details:
            text = self.query_one("#text", Text)
            text.styles.height = self._details
            text.show_lines([clip(line, self.room) for line in self._items[index].details])

    @on(ItemList.Chosen)
    def _chosen(self, event: ItemList.Chosen) -> None:
        self.dismiss(self._items[event.index].name)

    def on_key(self, event: events.Key) -> None:
        """A letter chooses its item."""
        if event.character and (found := [i for i in self._items if i.key == event.character]):
            event.stop()
            self.dismiss(found[0].name)

    def on_click(self, event: events.Click) -> None:
        """A click beside the box leaves."""
        if event.widget is self:
            self.dismiss(None)

    def action_choose(self) -> None:
        """Take the item under the cursor."""
        self.dismiss(self._items[self.query_one(ItemList).index].name)

    def action_cancel(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
