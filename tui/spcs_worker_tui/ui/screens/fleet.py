"""The fleet on one screen: the table, and below it the selected service's log and workers."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.ui import notes
from spcs_worker_tui.ui.bindings import FLEET
from spcs_worker_tui.ui.columns import BY_KEY
from spcs_worker_tui.ui.desk import Desk, find_row
from spcs_worker_tui.ui.fleet_view import FilterError, FleetView, parse_filter
from spcs_worker_tui.ui.lines import Cell, Line
from spcs_worker_tui.ui.messages import (
    ColumnClicked,
    LogModeChanged,
    PageAsked,
    RowHighlighted,
    RowOpened,
    SignInAsked,
)
from spcs_worker_tui.ui.modals.sort_menu import SortMenu
from spcs_worker_tui.ui.rows import RowKey, ServiceRow, connection_rows, service_rows
from spcs_worker_tui.ui.widgets.detail import Detail
from spcs_worker_tui.ui.widgets.fleet_table import FleetTable
from spcs_worker_tui.ui.widgets.header import Header
from spcs_worker_tui.ui.widgets.key_bar import KeyBar
from spcs_worker_tui.ui.widgets.line_view import Pages
from spcs_worker_tui.ui.widgets.log_view import LogView
from spcs_worker_tui.ui.widgets.notice import Notice
from spcs_worker_tui.ui.widgets.pane import PaneTitle
from spcs_worker_tui.ui.workers_lines import pool_title, workers_lines

_TABLE_SHARE = 0.45
_SMALLEST_TABLE = 4
_ABOUT_ROWS = {"page", "open", "copy", "clear", "filter", "problems", "sort", "reverse", "pane"}


class FleetScreen(Screen[None]):
    """What the app shows first, and comes back to."""

    BINDINGS: ClassVar[list[BindingType]] = [*FLEET]
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - declared by Screen
        (0, "-narrow"),
        (100, "-normal"),
        (160, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = "#table"

    judged: reactive[JudgedFleet | None] = reactive(None, init=False, always_update=True)
    selected: reactive[RowKey | None] = reactive(None, init=False)
    is_paused: reactive[bool] = reactive(default=False, init=False)
    failure: reactive[FleetError | None] = reactive(None, init=False)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._view = FleetView()
        self._services: list[ServiceRow] = []
        self._was_narrowed = False

    def compose(self) -> ComposeResult:
        """Header, table, sentences, panes, keys."""
        glyphs = self._desk.glyphs
        yield Header(glyphs, self._desk.zone)
        yield Notice(id="notice")
        with Vertical(id="fleet"):
            yield PaneTitle("Services", glyphs, id="table-title")
            yield Input(
                id="filter", compact=True, placeholder="words   conn:prod   !suspended   /regex/"
            )
            yield FleetTable(id="table")
            yield Detail(glyphs)
            with Container(id="panes"):
                with Vertical(id="log-pane"):
                    yield PaneTitle("Log", glyphs, id="log-title")
                    yield LogView(
                        self._desk.log, self._desk.log_style, timestamps="seconds", id="log"
                    )
                with Vertical(id="workers-pane"):
                    yield PaneTitle("Workers", glyphs, id="workers-title")
                    yield Pages(id="workers")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what there is, and keep the ages true."""
        self.query_one("#filter").display = False
        self.set_interval(1, self._tick)
        self._show_all()

    # What arrives

    def watch_judged(self) -> None:
        """A new picture."""
        self._services = service_rows(self.judged) if self.judged else []
        self._show_all()

    def watch_selected(self) -> None:
        """Another row."""
        self.query_one(FleetTable).put_cursor(self.selected)
        self._show_selected()

    def watch_is_paused(self) -> None:
        """The picture stands still, or goes on."""
        self._show_header()

    def watch_failure(self) -> None:
        """The console could not be opened, or could after all."""
        self._show_all()

    def _show_all(self) -> None:
        if not self.is_mounted:
            return
        self._show_header()
        self._show_notice()
        self._show_table()
        self._show_selected()

    def _show_header(self) -> None:
        header = self.query_one(Header)
        is_starting = self.judged is None and self.failure is None
        header.show(self.judged, self._desk.now(), self.is_paused, is_starting)

    def _show_notice(self) -> None:
        """The panel that replaces everything while there is nothing at all."""
        content: list[Line] = []
        if self.failure is not None:
            content = notes.failed(self.failure)
        elif self.judged is not None and not self.judged.snapshot.connections:
            content = notes.no_connections()
        notice = self.query_one(Notice)
        if bool(content) is not self.has_class("-notice"):
            self.set_class(bool(content), "-notice")
            self.refresh_bindings()
        notice.show(content)
        if content and not notice.has_focus:
            notice.focus()
        elif not content and notice.has_focus:
            self.query_one(FleetTable).focus()

    def _show_table(self) -> None:
        table = self.query_one(FleetTable)
        glance = self._desk.glance()
        troubled = connection_rows(self.judged) if self.judged else []
        rows = self._view.arrange(self._services, troubled, glance)
        total = len(self._services)
        self._size_table(total + len(troubled))
        table.show_notes(notes.no_rows(self.judged, self._view, total))
        table.show_rows(rows, self._view, glance)
        if self._view.is_narrowed is not self._was_narrowed:
            self._was_narrowed = self._view.is_narrowed
            self.refresh_bindings()
        if self.selected is None and rows:
            first = next((row for row in rows if isinstance(row, ServiceRow)), rows[0])
            self.post_message(RowHighlighted(first.key))
        shown = sum(isinstance(row, ServiceRow) for row in rows)
        self._show_title(self._view.describe(shown, total) if self.judged else "")

    def _show_title(self, text: str, problem: str = "") -> None:
        order = " reversed" if self._view.is_reversed else ""
        left = (Cell(text, "accent" if self._view.is_narrowed else "muted"),)
        right = (Cell(f"by {self._view.column.title.lower()}{order}", "muted"),)
        if problem:
            right = (Cell(problem, "verdict-broken"),)
        self.query_one("#table-title", PaneTitle).show(left, right)

    def _size_table(self, rows: int) -> None:
        """As high as its rows, up to a share of the screen; a filter does not make it jump."""
        most = max(_SMALLEST_TABLE, int(self.size.height * _TABLE_SHARE) - 3)
        height = max(_SMALLEST_TABLE, min(most, rows + 1))
        table = self.query_one(FleetTable)
        if table.styles.height is None or table.styles.height.value != height:
            table.styles.height = height

    def _show_selected(self) -> None:
        row = find_row(self.judged, self.selected)
        is_shown = self.query_one(FleetTable).has_row(self.selected)
        instead = ""
        if self.selected is not None and (row is None or not is_shown):
            instead = notes.gone(self.selected, is_hidden=row is not None)
            row = row if isinstance(row, ServiceRow) else None
        detail = self.query_one(Detail)
        detail.show(None if instead else row, self._desk.now(), instead)
        self._show_workers()
        self._show_log_title()

    def _show_workers(self) -> None:
        row = find_row(self.judged, self.selected)
        service = row if isinstance(row, ServiceRow) else None
        workers = self.query_one("#workers", Pages)
        self.query_one("#workers-title", PaneTitle).show(pool_title(service))
        workers.show_lines(workers_lines(service, self._desk.beats(), workers.room))

    def _show_log_title(self) -> None:
        log = self.query_one("#log", LogView)
        key = self.selected
        name = key.name if isinstance(key, ServiceKey) else ""
        state = log_state(log) if name else ()
        self.query_one("#log-title", PaneTitle).show((Cell(name, "ink"),), state)

    def _tick(self) -> None:
        if not self.is_current:
            return
        self._show_header()
        self.query_one(FleetTable).tick(self._desk.glance())
        self._show_selected()

    def log_grew(self) -> None:
        """Events came for the log."""
        self.query_one("#log", LogView).pull()
        self._show_log_title()

    # What the reader does

    @on(LogModeChanged)
    def _log_mode_changed(self) -> None:
        self._show_log_title()

    @on(RowOpened)
    def _row_opened(self, event: RowOpened) -> None:
        if event.key == self.selected:
            self.action_open()

    @on(ColumnClicked)
    def _column_clicked(self, event: ColumnClicked) -> None:
        self.sort_by(event.column)

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def _focus_moved(self) -> None:
        for pane, title in (
            ("table", "table-title"),
            ("log", "log-title"),
            ("workers", "workers-title"),
        ):
            is_active = self.query_one(f"#{pane}").has_focus
            self.query_one(f"#{title}", PaneTitle).activate(is_active=is_active)

    def on_resize(self) -> None:
        """Other lines fit now."""
        self._show_table()
        self.call_after_refresh(self._show_workers)

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        try:
            self._view.filter = parse_filter(event.value)
        except FilterError as error:
            self._show_title(event.value, f"{error}")
            return
        self._narrow()

    @on(Input.Submitted, "#filter")
    def _filter_accepted(self) -> None:
        self._leave_filter()

    def _leave_filter(self) -> None:
        self.query_one("#filter").display = False
        self.query_one(FleetTable).focus()
        self._show_table()

    def _narrow(self) -> None:
        """Other rows may be shown: the cursor goes to one that is."""
        self._show_table()
        table = self.query_one(FleetTable)
        if table.rows and not table.has_row(self.selected):
            self.post_message(RowHighlighted(table.rows[0].key))
        self._show_selected()

    def sort_by(self, column: str) -> None:
        """Sort by that column, or the other way round."""
        self._view.sort_by(BY_KEY[column])
        self._show_table()

    def go_to(self, key: RowKey) -> None:
        """Put the cursor on that row, and show it if the filter hides it."""
        if not self.query_one(FleetTable).has_row(key):
            self.action_clear()
        self.post_message(RowHighlighted(key))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """What needs a selected row is dimmed without one."""
        if self.has_class("-notice") and action in _ABOUT_ROWS:
            return False
        if action == "page":
            return isinstance(find_row(self.judged, self.selected), ServiceRow) or None
        if action == "clear":
            return self._view.is_narrowed or not self.query_one(FleetTable).has_focus
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
        """Ask for a filter, beginning with the one in force."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def action_problems(self) -> None:
        """Only problems, or all."""
        self._view.problems_only = not self._view.problems_only
        self._narrow()

    def action_sort(self) -> None:
        """Ask for the column."""
        self.app.push_screen(SortMenu(self._view.column, self._desk.glyphs), self._sort_chosen)

    def _sort_chosen(self, column: str | None) -> None:
        if column is not None:
            self.sort_by(column)

    def action_reverse(self) -> None:
        """The other way round."""
        self._view.is_reversed = not self._view.is_reversed
        self._show_table()

    def action_clear(self) -> None:
        """No filter, all rows, the cursor in the table."""
        self._view.problems_only = False
        self._view.filter = parse_filter("")
        with self.prevent(Input.Changed):
            self.query_one("#filter", Input).value = ""
        self._leave_filter()
        self._show_selected()

    def action_pane(self, pane: str) -> None:
        """Put the focus into that pane."""
        self.query_one({"fleet": "#table", "log": "#log", "workers": "#workers"}[pane]).focus()

    def action_copy(self) -> None:
        """Copy the name of the selected row."""
        key = self.selected
        text = key.qualified if isinstance(key, ServiceKey) else key.name if key else ""
        self.app.copy_to_clipboard(text)
        self.notify(f"{text} copied", markup=False, timeout=3)


def log_state(log: LogView) -> tuple[Cell, ...]:
    """How the log view stands, for its title."""
    marks = [word for word, is_on in (("wrapped", log.is_wrapped),) if is_on]
    cells = [Cell(f"{mark}  ", "muted") for mark in marks]
    if log.is_following:
        return (*cells, Cell("following", "verdict-healthy"))
    waiting = f", {log.waiting} waiting" if log.waiting else ""
    return (*cells, Cell(f"paused{waiting}", "verdict-degraded"))
