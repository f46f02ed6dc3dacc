"""The fleet on one screen: the table, and below it the selected service's log and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import Container, Vertical
from textual.reactive import reactive
from textual.screen import Screen

from spcs_worker_tui.domain.errors import FleetError, NothingSavedError
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.ui import notes
from spcs_worker_tui.ui.bindings import FLEET
from spcs_worker_tui.ui.desk import Desk, find_row
from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.messages import PageAsked, RowOpened, RowsNarrowed, SignInAsked
from spcs_worker_tui.ui.modals.sort_menu import SortMenu
from spcs_worker_tui.ui.rows import RowKey, ServiceRow
from spcs_worker_tui.ui.widgets.detail import Detail
from spcs_worker_tui.ui.widgets.header import Header
from spcs_worker_tui.ui.widgets.key_bar import KeyBar
from spcs_worker_tui.ui.widgets.log_pane import LogPane
from spcs_worker_tui.ui.widgets.notice import Notice
from spcs_worker_tui.ui.widgets.services_pane import TINY, ServicesPane
from spcs_worker_tui.ui.widgets.workers_pane import WorkersPane

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.ui.lines import Line

_ABOUT_ROWS = {"page", "open", "copy", "clear", "filter", "problems", "sort", "reverse", "pane"}
_FOCUS = {"fleet": "#table", "log": "#log", "workers": "#workers"}


class FleetScreen(Screen[None], Fitting):
    """What the app shows first, and comes back to."""

    BINDINGS: ClassVar[list[BindingType]] = [*FLEET]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (160, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (TINY, "-short"), (30, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = "#table"

    judged: reactive[JudgedFleet | None] = reactive(None, init=False, always_update=True)
    selected: reactive[RowKey | None] = reactive(None, init=False)
    is_paused: reactive[bool] = reactive(default=False, init=False)
    failure: reactive[FleetError | None] = reactive(None, init=False)
    read_only: reactive[ReadOnly] = reactive(ReadOnly(), init=False)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def compose(self) -> ComposeResult:
        """Header, table, sentences, panes, keys."""
        yield Header(self._desk.glyphs, self._desk.zone)
        yield Notice(id="notice")
        with Vertical(id="fleet"):
            yield ServicesPane(self._desk)
            yield Detail(self._desk.glyphs)
            with Container(id="panes"):
                yield LogPane(self._desk)
                yield WorkersPane(self._desk)
        yield KeyBar()

    @property
    def services(self) -> ServicesPane:
        """The table with its title and filter."""
        return self.query_one(ServicesPane)

    def on_mount(self) -> None:
        """Show what there is, and keep the ages true."""
        self.set_interval(1, self._tick)
        self._show_all()

    # What arrives

    def watch_judged(self) -> None:
        """A new picture."""
        self._show_all()

    def watch_selected(self) -> None:
        """Another row."""
        if self.selected is not None:
            self.services.go_to(self.selected)
        self._show_selected()

    def watch_is_paused(self) -> None:
        """The picture stands still, or goes on."""
        self._show_header()

    def watch_read_only(self) -> None:
        """Nothing may be changed, here and there."""
        self._show_header()

    def watch_failure(self) -> None:
        """The console could not be opened, or could after all."""
        self._show_all()

    def log_grew(self) -> None:
        """Events came for the log."""
        self.query_one(LogPane).grew()

    def _show_all(self) -> None:
        if not self.is_mounted:
            return
        self._show_header()
        self._show_notice()
        self.services.show(self.judged)
        self._show_selected()

    def _show_header(self) -> None:
        is_starting = self.judged is None and self.failure is None
        header = self.query_one(Header)
        header.show(
            self.judged, self._desk.now(), self.is_paused, is_starting, read_only=self.read_only
        )

    def _show_notice(self) -> None:
        """The panel that replaces everything while there is nothing at all."""
        content: list[Line] = []
        if isinstance(self.failure, NothingSavedError):
            content = notes.no_connections()
        elif self.failure is not None:
            content = notes.failed(self.failure)
        elif self.judged is not None and not self.judged.snapshot.connections:
            content = notes.no_connections()
        notice = self.query_one(Notice)
        notice.show(content)
        if bool(content) is self.has_class("-notice"):
            return
        self.set_class(bool(content), "-notice")
        (notice if content else self.services.table).focus()
        self.refresh_bindings()

    @on(RowsNarrowed)
    def _show_selected(self) -> None:
        row = find_row(self.judged, self.selected)
        instead = ""
        is_shown = self.services.table.has_row(self.selected)
        if self.selected is not None and (row is None or not is_shown):
            instead = notes.gone(self.selected, is_hidden=isinstance(row, ServiceRow))
        detail = self.query_one(Detail)
        detail.show(None if instead else row, self._desk.now(), instead)
        self.query_one(WorkersPane).show(row)
        self.query_one(LogPane).show(self.selected)

    def _tick(self) -> None:
        if self.is_current:
            self._show_header()
            self.services.table.tick(self._desk.glance())
            self._show_selected()

    def on_resize(self) -> None:
        """Other lines fit now."""
        self.services.rearrange()

    # What the reader does

    @on(RowOpened)
    def _row_opened(self, event: RowOpened) -> None:
        if event.key == self.selected:
            self.action_open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """What needs a selected row is dimmed without one; an empty screen has no row keys."""
        if self.has_class("-notice") and action in _ABOUT_ROWS:
            return False
        if action == "page":
            return isinstance(find_row(self.judged, self.selected), ServiceRow) or None
        if action == "clear":
            return self.services.can_clear
        if action in {"open", "copy"}:
            return self.selected is not None or None
        return True

    def action_open(self) -> None:
        """Open the selected row: a service's pages, a connection's sign-in."""
        if isinstance(self.selected, ServiceKey):
            self.action_page("overview")
        elif self.selected is not None:
            self.post_message(SignInAsked(self.selected.name))

    def action_page(self, page: str) -> None:
        """Open the selected service at that page."""
        self.post_message(PageAsked(page))

    def action_filter(self) -> None:
        """Ask for a filter."""
        self.services.ask_filter()

    def action_problems(self) -> None:
        """Only problems, or all."""
        self.services.toggle_problems()

    def action_sort(self) -> None:
        """Ask for the column."""
        menu = SortMenu(self.services.column, self._desk.glyphs)
        self.app.push_screen(menu, self._sort_chosen)

    def _sort_chosen(self, column: str | None) -> None:
        if column is not None:
            self.services.sort_by(column)

    def action_reverse(self) -> None:
        """The other way round."""
        self.services.reverse()

    def action_clear(self) -> None:
        """No filter, all rows, the cursor in the table."""
        self.services.clear()
        self._show_selected()

    def action_pane(self, pane: str) -> None:
        """Put the focus into that pane."""
        self.query_one(_FOCUS[pane]).focus()

    def action_copy(self) -> None:
        """Copy the name of the selected row."""
        key = self.selected
        text = key.qualified if isinstance(key, ServiceKey) else key.name if key else ""
        self.app.copy_to_clipboard(text)
        self.notify(f"{text} copied", markup=False, timeout=3)
