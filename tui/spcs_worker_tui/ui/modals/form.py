"""A few values to be typed: checked when they are handed in, and then only answered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, TextArea

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.text import in_sentences
from spcs_worker_tui.ui.bindings import FORM
from spcs_worker_tui.ui.modals.dialog import Dialog, Text, sentences

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

_AREA = 8


@dataclass(frozen=True, slots=True)
class Field:
    """One value.

    Attributes:
        name: Under which it is answered; also the widget's id.
        is_secret: Never shown, and gone with the dialog.
        is_long: Of many lines.
    """

    name: str
    label: str
    value: str = ""
    placeholder: str = ""
    is_secret: bool = False
    is_long: bool = False


Answer = Mapping[str, str]
Check = Callable[[Answer], None]
"""Raises `FleetError` where the values cannot be."""


def _anything(_: Answer) -> None:
    """For forms whose values are all right whatever they are."""


class FormModal(Dialog[Answer | None]):
    """Answers with the values by name and the button that was pressed as `button`, or None.

    Args:
        title: Of the box.
        texts: What the values are for, a paragraph each.
        fields: The values.
        button: On the button that hands them in.
        others: Further buttons, names and labels.
        check: Raises where something is wrong; the dialog says so and stays.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*FORM]
    AUTO_FOCUS = "Input, TextArea"

    def __init__(
        self,
        title: str,
        texts: Sequence[str],
        fields: Sequence[Field],
        button: str,
        *,
        others: Sequence[tuple[str, str]] = (),
        check: Check = _anything,
    ) -> None:
        super().__init__()
        self._title = title
        self._texts = texts
        self._fields = fields
        self._buttons = [("ok", button), *others]
        self._check = check
        self._problem = ""

    def compose(self) -> ComposeResult:
        """Text, fields and buttons."""
        with Vertical(id="box") as box:
            box.border_title = Content(self._title)
            yield Text(id="text")
            for field in self._fields:
                yield from self._field(field)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                for name, label in self._buttons:
                    yield Button(label, id=name, compact=True)

    def _field(self, field: Field) -> ComposeResult:
        if field.is_long:
            yield Label(field.label, markup=False, classes="above")
            yield TextArea(field.value, id=field.name, compact=True, tab_behavior="focus")
            return
        with Horizontal(classes="field"):
            yield Label(field.label, markup=False)
            yield Input(
                field.value,
                id=field.name,
                placeholder=field.placeholder,
                password=field.is_secret,
                compact=True,
            )

    def on_mount(self) -> None:
        """Write what it is about."""
        self.on_resize()

    def on_resize(self) -> None:
        """Lines may have to break elsewhere."""
        lines = sentences(self._texts, self.room)
        if self._problem:
            lines += sentences(["", self._problem], self.room, "verdict-broken")
        areas = sum(field.is_long for field in self._fields)
        self.fill(lines, others=_AREA + len(self._fields) + areas * _AREA)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        """Enter goes on to the next field, and from the last one hands in."""
        inputs = list(self.query(Input))
        focused = [index for index, one in enumerate(inputs) if one.has_focus]
        if focused and focused[0] < len(inputs) - 1:
            inputs[focused[0] + 1].focus()
        else:
            self._hand_in("ok")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "cancel":
            self.dismiss(None)
        else:
            self._hand_in(event.button.id or "ok")

    def _hand_in(self, button: str) -> None:
        values = {"button": button}
        for field in self._fields:
            if field.is_long:
                values[field.name] = self.query_one(f"#{field.name}", TextArea).text
            else:
                values[field.name] = self.query_one(f"#{field.name}", Input).value
        try:
            self._check(values)
        except FleetError as error:
            self._problem = in_sentences(error.message, error.next_step)
            self.on_resize()
            return
        self.dismiss(values)

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
