"""The wizard's own widgets: the steps at the left, a choice among few, a page's parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input, Label

from spcs_worker_tui.ui.bindings import SCROLL, SETUP, SETUP_CHOICE
from spcs_worker_tui.ui.lines import Cell, Line, fit, justify
from spcs_worker_tui.ui.modals.choice import ItemList
from spcs_worker_tui.ui.modals.dialog import Text
from spcs_worker_tui.ui.screens.setup.page import Page, SetupField, Stage, told
from spcs_worker_tui.ui.widgets.painter import FixedLines

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from spcs_worker_tui.ui.format import Glyphs

_TWO_LINES = 2


class SetupHeader(FixedLines):
    """Product and purpose."""

    DEFAULT_CSS = """
    SetupHeader { height: 1; background: $raised; padding: 0 1; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._stage = Stage.CONNECTION

    def show(self, stage: Stage) -> None:
        """Show that this is the step."""
        self._stage = stage
        self.update_lines()

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """The one line."""
        left = (
            Cell(f"{self._glyphs.product} ", "accent"),
            Cell("spcs-worker-tui", "ink bold"),
            Cell("  Set up a worker", "ink"),
        )
        step = f"step {self._stage.number} of {len(Stage)}"
        return [justify(left, (Cell(step, "muted"),), width)]


class StepList(FixedLines):
    """The steps with their answers, and where we are."""

    def __init__(self, glyphs: Glyphs, answers: Mapping[str, str]) -> None:
        super().__init__(id="steps")
        self._glyphs = glyphs
        self._answers = answers
        self._stage = Stage.CONNECTION
        self._passed: frozenset[Stage] = frozenset()

    def show(self, stage: Stage, passed: frozenset[Stage]) -> None:
        """Show where we are."""
        self._stage, self._passed = stage, passed
        self.update_lines()

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Each step, and below it its answer where there is room for all of them."""
        has_room = height >= len(Stage) * _TWO_LINES
        return [line for stage in Stage for line in self._step(stage, width, has_room=has_room)]

    def _step(self, stage: Stage, width: int, *, has_room: bool) -> Iterator[Line]:
        is_here = stage is self._stage
        sign, tone = (self._glyphs.done, "verdict-healthy")
        if is_here:
            sign, tone = (">", "accent")
        elif stage not in self._passed:
            sign, tone = (" ", "muted")
        ink = "ink bold" if is_here else "ink" if stage in self._passed else "muted"
        yield (Cell(f"{sign} ", f"{tone} bold"), Cell(fit(stage.title, width - 2), ink))
        if has_room:
            answer = self._answers.get(stage.answer, "") if stage in self._passed else ""
            yield (Cell("  ", ""), Cell(fit(answer, width - 2), "muted"))


class ChoiceLine(FixedLines, can_focus=True):
    """`< password >`: one of a few values; space, right and left take another."""

    DEFAULT_CSS = """
    ChoiceLine { height: 1; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*SETUP_CHOICE]

    @dataclass
    class Turned(Message):
        """Another value was taken."""

        name: str

    def __init__(self, field: SetupField) -> None:
        super().__init__(id=field.name)
        self._field_name = field.name
        self._choices = field.choices
        values = [value for value, _ in field.choices]
        self._index = values.index(field.value) if field.value in values else 0

    @property
    def value(self) -> str:
        """What is chosen."""
        return self._choices[self._index][0]

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """The one line."""
        words = fit(self._choices[self._index][1], max(1, width - 4)).rstrip()
        return [(Cell(f"< {words} >", "accent bold" if self.has_focus else "ink"),)]

    def on_focus(self) -> None:
        """Its keys are for it now."""
        self.update_lines()

    def on_blur(self) -> None:
        """And now they are not."""
        self.update_lines()

    def on_click(self, event: events.Click) -> None:
        """A click takes the next value."""
        event.stop()
        self.focus()
        self.action_turn(1)

    def action_turn(self, by: int) -> None:
        """The next value, or the one before."""
        self._index = (self._index + by) % len(self._choices)
        self.update_lines()
        self.post_message(self.Turned(self._field_name))


class AnswerInput(Input):
    """A field that leaves the page's keys to the page: one of Textual's has its own for them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        replace(binding, action=f"screen.{binding.action}")
        for binding in SETUP
        if binding.key in ("enter", "pagedown", "pageup")
    ]


class AnswerList(ItemList, inherit_bindings=False):
    """A list that leaves the keys that scroll the text to the page."""

    BINDINGS: ClassVar[list[BindingType]] = [*SCROLL[:4]]


class Answers(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Fields or a list; scrolls by itself to what has the focus."""


class PageView(Vertical):
    """One page: title, text, list or fields, and what is wrong or going on."""

    def __init__(self) -> None:
        super().__init__(id="page")
        self._page: Page | None = None
        self._fields: tuple[SetupField, ...] = ()
        self._began: Mapping[str, str] = {}
        self._said: tuple[str, str] = ("", "ink")
        self.can_scroll = False
        """Whether more stands there than is seen."""

    def compose(self) -> ComposeResult:
        """The parts that every page has; list and fields come with the page."""
        yield Text(id="title")
        yield Text(id="text")
        yield Answers(id="answers")
        yield Text(id="message")

    async def show(self, page: Page) -> None:
        """Show that page, its fields as they were when it was left."""
        self._page = page
        self._said = ("", "ink")
        self._began = {field.name: field.value for field in page.fields({})}
        self._fields = tuple(page.fields(page.kept))
        await self._mount_answers(page.kept)
        self.fit_parts()
        self.focus_first()

    async def refresh_page(self) -> None:
        """The same page; what it says, or which fields it has, may be different now."""
        if self._page is None:
            return
        values = self.values()
        fields = tuple(self._page.fields(values))
        known = [(field.name, field.label) for field in self._fields]
        if known != [(field.name, field.label) for field in fields] or self._page.items():
            focused = self.screen.focused.id if self.screen.focused is not None else None
            self._fields = fields
            await self._mount_answers(values)
            found = self.query(f"#{focused}") if focused else ()
            if found:
                found.first().focus()
            else:
                self.focus_first()
        self.fit_parts()

    async def _mount_answers(self, values: Mapping[str, str]) -> None:
        assert self._page is not None
        answers = self.query_one(Answers)
        await answers.remove_children()
        items = self._page.items()
        parts: list[Widget] = [_row(field, values.get(field.name)) for field in self._fields]
        if items:
            found = AnswerList(items)
            found.styles.height = len(items)
            found.index = self._page.start()
            parts.append(found)
        await answers.mount(*parts)
        answers.display = bool(parts)

    def focus_first(self) -> None:
        """The list, or the first field that wants something."""
        if lists := self.query(ItemList):
            lists.first().focus()
        elif (name := self.left_out()) or self._fields:
            self.query_one(f"#{name or self._fields[0].name}").focus()

    def left_out(self) -> str:
        """The first field that has to be filled in and is not; empty where there is none."""
        values = self.values()
        missing = (f.name for f in self._fields if not f.can_miss and not values[f.name].strip())
        return next(missing, "")

    def values(self) -> dict[str, str]:
        """What the fields hold."""
        return {field.name: self._value(field) for field in self._fields}

    def _value(self, field: SetupField) -> str:
        if field.choices:
            return self.query_one(f"#{field.name}", ChoiceLine).value
        return self.query_one(f"#{field.name}", Input).value

    def harmless_values(self) -> dict[str, str]:
        """What the fields hold that is not secret."""
        return {f.name: self._value(f) for f in self._fields if not f.is_secret}

    def typed(self) -> dict[str, str]:
        """What the fields hold that is not secret and did not stand there by itself."""
        values = self.harmless_values()
        return {name: text for name, text in values.items() if text != self._began.get(name, "")}

    def item(self) -> str:
        """The name of the item under the cursor; empty without a list."""
        assert self._page is not None
        items, lists = self._page.items(), self.query(ItemList)
        return items[lists.first().index].name if items and lists else ""

    def say(self, text: str, tone: str = "ink") -> None:
        """Say that below the page, instead of what stood there."""
        self._said = (text, tone)
        self.fit_parts()

    def fit_parts(self) -> None:
        """Fit everything into the room: the text gives way first, and can be scrolled."""
        if not self.is_mounted:
            return
        page = self._page
        room, height = max(20, self.content_size.width - 1), self.content_size.height
        title, text = self.query_one("#title", Text), self.query_one("#text", Text)
        message, answers = self.query_one("#message", Text), self.query_one("#answers")
        title.show_lines([(Cell(page.title if page else "", "accent bold"),)])
        said, tone = self._said
        notice = [(), *told(said, room, tone)] if said else []
        message.styles.height = len(notice)
        message.show_lines(notice)
        wanted = len(self._fields) or (len(page.items()) if page else 0)
        left = height - 2 - len(notice)
        lines = page.lines(room) if page else []
        least = min(len(lines), max(3, left // 3))
        size = max(least, min(len(lines), left - wanted - 1))
        text.styles.height = size
        text.show_lines(lines)
        answers.styles.height = max(1, min(wanted, left - size - 1))
        if self.can_scroll is not (len(lines) > size):
            self.can_scroll = not self.can_scroll
            self.screen.refresh_bindings()


def _row(field: SetupField, kept: str | None) -> Widget:
    if field.choices:
        is_one = any(kept == value for value, _ in field.choices)
        answer: Widget = ChoiceLine(replace(field, value=kept) if kept and is_one else field)
    else:
        answer = AnswerInput(
            field.value if kept is None else kept,
            id=field.name,
            placeholder=field.placeholder,
            password=field.is_secret,
            compact=True,
        )
    return Horizontal(Label(field.label, markup=False), answer, classes="field")
