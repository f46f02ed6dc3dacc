"""One service on the full screen: overview, why, describe, spec, log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.reactive import reactive
from textual.screen import Screen

from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.ui import notes, pages
from spcs_worker_tui.ui.bindings import SERVICE
from spcs_worker_tui.ui.desk import Desk, find_row
from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.lines import Cell, Line
from spcs_worker_tui.ui.messages import LogModeChanged
from spcs_worker_tui.ui.rows import RowKey, ServiceRow
from spcs_worker_tui.ui.widgets.header import Header
from spcs_worker_tui.ui.widgets.key_bar import KeyBar
from spcs_worker_tui.ui.widgets.line_view import Pages
from spcs_worker_tui.ui.widgets.log_pane import log_state
from spcs_worker_tui.ui.widgets.log_view import LogView
from spcs_worker_tui.ui.widgets.pane import PaneTitle

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from spcs_worker_tui.domain.errors import FleetError
    from spcs_worker_tui.domain.verdict import JudgedFleet

PAGES = ("overview", "why", "describe", "spec", "log")


class ServiceScreen(Screen[None], Fitting):
    """Everything about the selected service, a page at a time; live like the fleet."""

    CSS_PATH = "service.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*SERVICE]
    AUTO_FOCUS = ""

    judged: reactive[JudgedFleet | None] = reactive(None, init=False, always_update=True)
    selected: reactive[RowKey | None] = reactive(None, init=False)
    is_paused: reactive[bool] = reactive(default=False, init=False)
    failure: reactive[FleetError | None] = reactive(None, init=False)
    read_only: reactive[ReadOnly] = reactive(ReadOnly(), init=False)
    page: reactive[str] = reactive("overview", init=False)

    def __init__(self, desk: Desk, page: str) -> None:
        super().__init__()
        self._desk = desk
        self.set_reactive(ServiceScreen.page, page)

    def compose(self) -> ComposeResult:
        """Header, the pages' titles, the page, keys."""
        yield Header(self._desk.glyphs, self._desk.zone)
        yield PaneTitle("Service", self._desk.glyphs, id="page-title")
        yield Pages(id="page")
        yield LogView(self._desk.log, self._desk.log_style, timestamps="milliseconds", id="log")
        yield KeyBar()

    def on_mount(self) -> None:
        """Show the page, and keep the ages true."""
        self.query_one("#page-title", PaneTitle).activate(is_active=True)
        self.set_interval(1, self._tick)
        self.watch_page()

    def watch_judged(self) -> None:
        """A new picture."""
        self._show()

    def watch_page(self) -> None:
        """Another page."""
        log, text = self.query_one("#log", LogView), self.query_one("#page", Pages)
        log.display = self.page == "log"
        text.display = self.page != "log"
        (log if log.display else text).focus()
        text.scroll_home(animate=False)
        self.call_after_refresh(self._show)
        self.refresh_bindings()

    def _tick(self) -> None:
        if self.is_current:
            self._show()

    def _show(self) -> None:
        now = self._desk.now()
        header = self.query_one(Header)
        header.show(self.judged, now, self.is_paused, read_only=self.read_only)
        self._show_title()
        self.query_one("#log", LogView).say_instead(notes.no_log(self.selected))
        text = self.query_one("#page", Pages)
        if self.page == "log":
            self.query_one("#log", LogView).pull()
            return
        text.show_lines(self._lines(max(40, text.room)))

    def _show_title(self) -> None:
        name = self.selected.name if self.selected else ""
        tabs: list[Cell] = [Cell(f"{name}   ", "ink bold")]
        for number, page in enumerate(PAGES, 1):
            is_open = page == self.page
            tabs.append(Cell(f"{number} ", "accent" if is_open else "muted"))
            tabs.append(Cell(f"{page.title()}   ", "accent bold underline" if is_open else "muted"))
        tabs[-1] = Cell(tabs[-1].text.rstrip(), tabs[-1].tone)
        right = log_state(self.query_one("#log", LogView)) if self.page == "log" else ()
        self.query_one("#page-title", PaneTitle).show(tuple(tabs), right)

    def _lines(self, room: int) -> Sequence[Line]:
        row = find_row(self.judged, self.selected)
        if not isinstance(row, ServiceRow):
            text = notes.gone(self.selected, is_hidden=False) if self.selected else ""
            return [(), (Cell(f" {text}", "verdict-degraded"),)]
        desk = self._desk
        beats = desk.beats()
        match self.page:
            case "why":
                changes = desk.history.changes(row.key)
                return pages.why(row, changes, beats, desk.zone, room)
            case "describe":
                return pages.describe(row, beats.now, desk.zone, room)
            case "spec":
                return pages.spec(row, beats.now, room)
            case _:
                return pages.overview(row, beats, room)

    def on_resize(self) -> None:
        """Lines may break elsewhere."""
        self.call_after_refresh(self._show)

    def log_grew(self) -> None:
        """Events came for the log."""
        if self.page == "log":
            self.query_one("#log", LogView).pull()
            self._show_title()

    @on(LogModeChanged)
    def _log_mode_changed(self) -> None:
        self._show_title()

    def action_page(self, page: str) -> None:
        """Turn to that page."""
        self.page = page

    def action_turn(self, direction: int) -> None:
        """The next page, or the one before."""
        self.page = PAGES[(PAGES.index(self.page) + direction) % len(PAGES)]

    def action_back(self) -> None:
        """Back to the fleet."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the page."""
        lines = self._lines(10_000)
        text = "\n".join("".join(cell.text for cell in line).rstrip() for line in lines)
        self.app.copy_to_clipboard(text)
        self.notify(f"{self.page} copied", markup=False, timeout=3)
