"""A question with a few answers, the harmless one first and in focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button

from spcs_worker_tui.ui.bindings import QUESTION
from spcs_worker_tui.ui.modals.dialog import Dialog, Text, sentences

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

_OTHER_LINES = 8


class AskModal(Dialog[str | None]):
    """Answers with the name of an answer, or None.

    Args:
        title: Of the box.
        texts: What is asked, a paragraph each.
        answers: Names and what stands on their buttons.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*QUESTION]
    AUTO_FOCUS = "Button"

    def __init__(
        self, title: str, texts: Sequence[str], answers: Sequence[tuple[str, str]]
    ) -> None:
        super().__init__()
        self._title = title
        self._texts = texts
        self._answers = answers

    def compose(self) -> ComposeResult:
        """Text and buttons."""
        with Vertical(id="box") as box:
            box.border_title = Content(self._title)
            yield Text(id="text")
            with Horizontal(id="buttons"):
                for name, label in self._answers:
                    yield Button(label, id=name, compact=True)

    def on_mount(self) -> None:
        """Write the question."""
        self.on_resize()

    def on_resize(self) -> None:
        """Lines may have to break elsewhere."""
        self.fill(sentences(self._texts, self.room), others=_OTHER_LINES)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id)

    def action_cancel(self) -> None:
        """No answer."""
        self.dismiss(None)
