"""One choice among few words, on one line of a dialog: space or a click takes the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from spcs_worker_tui.ui.bindings import OPTION
from spcs_worker_tui.ui.lines import Cell, Line
from spcs_worker_tui.ui.widgets.painter import FixedLines

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType


class OptionLine(FixedLines, can_focus=True):
    """`> Let flow runs finish first  < no >`."""

    DEFAULT_CSS = """
    OptionLine { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*OPTION]

    @dataclass
    class Turned(Message):
        """Another value is wanted: the next one, or with -1 the one before."""

        index: int
        by: int

    def __init__(self, index: int, label: str, value: str) -> None:
        super().__init__(id=f"option-{index}")
        self._index = index
        self._label = label
        self._value = value

    def show(self, value: str) -> None:
        """Show that this is chosen."""
        self._value = value
        self.update_lines()

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """The one line."""
        mark, tone = ("> ", "accent bold") if self.has_focus else ("  ", "ink")
        return [
            (Cell(mark, tone), Cell(f"{self._label}  ", "ink"), Cell(f"< {self._value} >", tone))
        ]

    def on_focus(self) -> None:
        """Space is for this line now."""
        self.update_lines()

    def on_blur(self) -> None:
        """And now it is not."""
        self.update_lines()

    def on_click(self, event: events.Click) -> None:
        """A click takes the next value."""
        event.stop()
        self.focus()
        self.action_turn(1)

    def action_turn(self, by: int) -> None:
        """Ask for the next value, or for the one before."""
        self.post_message(self.Turned(self._index, by))
