"""The live log: follows the newest line, holds still for a reader, never drops one unsaid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from spcs_worker_tui.domain.log import LogEvent, LogNotice
from spcs_worker_tui.ui.bindings import LOG, SCROLL
from spcs_worker_tui.ui.lines import Cell, Line, width_of
from spcs_worker_tui.ui.log_lines import LogStyle, event_lines, event_text
from spcs_worker_tui.ui.log_store import LIMIT, LogStore
from spcs_worker_tui.ui.messages import LogModeChanged
from spcs_worker_tui.ui.widgets.line_view import LineView

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType
    from textual.selection import Selection

_SLACK = 1_000
"""How many lines more than the limit the view lets come before it drops them."""


class LogView(LineView):
    """A view of a `LogStore`. It pulls what came; the app says when, a few times a second.

    While the reader has scrolled up, holds it or has text selected, nothing moves: what comes
    meanwhile waits in the store, and is counted.
    """

    DEFAULT_CSS = """
    LogView { overflow-x: auto; scrollbar-size-horizontal: 0; }
    """
    ALLOW_SELECT = True
    BINDINGS: ClassVar[list[BindingType]] = [*SCROLL, *LOG]

    is_wrapped: reactive[bool] = reactive(default=False, init=False)
    """Long lines go on below, instead of beyond the edge."""
    has_timestamps: reactive[bool] = reactive(default=True, init=False)
    """The time stands before each line."""

    def __init__(
        self,
        store: LogStore,
        style: Callable[[str], LogStyle],
        *,
        timestamps: str,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._store = store
        self._make_style = style
        self._precision = timestamps
        self._events: list[LogEvent] = []
        self._lines: list[Line] = []
        self._ends: list[int] = []
        self._seen = 0
        self._shown_key = store.key
        self._widest = 0
        self._instead = ""
        self._is_at_end = True
        self._is_held = False
        self._moves_itself = False

    @property
    def is_following(self) -> bool:
        """Whether new lines are shown as they come."""
        return self._is_at_end and not self._is_held and self.text_selection is None

    @property
    def waiting(self) -> int:
        """Events that came since the view stopped following."""
        return self._store.end - self._seen

    @property
    def line_count(self) -> int:
        """Lines, wrapped ones counted as they are shown."""
        return len(self._lines) or bool(self._instead)

    def line_at(self, index: int) -> Line:
        """One line as it is shown."""
        return self._lines[index] if self._lines else (Cell(f" {self._instead}", "muted"),)

    def say_instead(self, text: str) -> None:
        """What to show while there is no line."""
        if text != self._instead:
            self._instead = text
            self.repaint_changed()

    def pull(self) -> None:
        """Show what came since, if the view follows."""
        if self._store.key != self._shown_key:
            self._restart()
        if not self.is_following or not self.waiting:
            return
        lost, new = self._store.since(self._seen)
        self._seen = self._store.end
        if lost and self._events:
            new.insert(0, LogNotice(f"{lost} lines came meanwhile and are kept no more"))
        self._extend(new)
        self._trim(len(self._events) - LIMIT)
        self._resize()

    def _style(self) -> LogStyle:
        return self._make_style(self._precision if self.has_timestamps else "")

    def _restart(self) -> None:
        self._shown_key = self._store.key
        self._seen = self._store.first
        self._is_at_end, self._is_held = True, False
        self._forget()
        self._resize()
        self.post_message(LogModeChanged())

    def _forget(self) -> None:
        self._events, self._lines, self._ends, self._widest = [], [], [], 0

    def _extend(self, new: Iterable[LogEvent]) -> None:
        room = self.room if self.is_wrapped else None
        style = self._style()
        for event in new:
            lines = event_lines(event, style, room)
            self._events.append(event)
            self._lines += lines
            self._ends.append(len(lines))
            if room is None:
                self._widest = max(self._widest, *map(width_of, lines))

    def _trim(self, count: int) -> None:
        # Many at a time, because lines that change their number are drawn anew.
        if count > _SLACK:
            del self._lines[: sum(self._ends[:count])]
            del self._events[:count]
            del self._ends[:count]

    def _resize(self) -> None:
        self._moves_itself = True
        wide = 0 if self.is_wrapped else self._widest
        self.virtual_size = Size(max(self.room, wide), len(self._lines))
        if self._is_at_end:
            self.scroll_end(animate=False, immediate=True, x_axis=False, force=True)
        self._moves_itself = False
        self.repaint_changed()

    def _write_again(self) -> None:
        kept = self._events
        self._forget()
        self._extend(kept)
        self._resize()

    def watch_is_wrapped(self) -> None:
        """Lay all lines out anew."""
        self.scroll_to(x=0, animate=False)
        self._write_again()

    def watch_has_timestamps(self) -> None:
        """Lay all lines out anew."""
        self._write_again()

    def on_resize(self) -> None:
        """Wrapped lines depend on the room; the end stays the end."""
        if self.is_wrapped:
            self._write_again()
        else:
            self._resize()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """A reader who scrolls up stops the log; one who comes back to the end starts it."""
        super().watch_scroll_y(old_value, new_value)
        if self._moves_itself:
            return
        was, self._is_at_end = self._is_at_end, self.is_vertical_scroll_end
        if was is not self._is_at_end:
            self.post_message(LogModeChanged())

    def action_hold(self) -> None:
        """Stop following, or follow again."""
        if self.is_following:
            self._is_held = True
            self.post_message(LogModeChanged())
        else:
            self.action_follow()

    def action_follow(self) -> None:
        """To the newest line, and on with it."""
        self.screen.clear_selection()
        self._is_held, self._is_at_end = False, True
        self.pull()
        self._resize()
        self.post_message(LogModeChanged())

    def action_wrap(self) -> None:
        """Wrap or do not."""
        self.is_wrapped = not self.is_wrapped
        self.post_message(LogModeChanged())

    def action_timestamps(self) -> None:
        """Show the times or hide them."""
        self.has_timestamps = not self.has_timestamps
        self.post_message(LogModeChanged())

    def action_copy(self) -> None:
        """The selected text, or all that is kept."""
        text = self.screen.get_selected_text()
        if not text:
            style = self._style()
            text = "\n".join(event_text(event, style) for event in self._events)
        self.app.copy_to_clipboard(text)
        lines = text.count("\n") + 1 if text else 0
        self.notify(f"{lines} lines copied", markup=False, timeout=3)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, as it is shown."""
        text = "\n".join("".join(cell.text for cell in line) for line in self._lines)
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002
        """Text was selected, or is no more."""
        self.refresh()
        self.post_message(LogModeChanged())

    def render_line(self, y: int) -> Strip:
        """One visible line, with what is selected of it."""
        strip = super().render_line(y)
        index = self.scroll_offset.y + y
        selection = self.text_selection
        if selection is not None and (selected := selection.get_span(index)) is not None:
            start, end = selected
            strip = self._with_selection(strip, start, strip.cell_length if end < 0 else end)
        return strip.apply_offsets(self.scroll_offset.x, index)

    def _with_selection(self, strip: Strip, start: int, end: int) -> Strip:
        left = self.scroll_offset.x
        start, end = max(0, start - left), max(0, min(strip.cell_length, end - left))
        if start >= end:
            return strip
        style = self.screen.get_component_rich_style("screen--selection")
        marked = strip.crop(start, end).apply_style(style)
        return Strip.join([strip.crop(0, start), marked, strip.crop(end)])

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:  # noqa: ARG002
        """Coming back to the end follows again, also when it was held."""
        self._is_held = False
