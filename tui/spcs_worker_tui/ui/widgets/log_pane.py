"""The selected service's log with its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.containers import Vertical

from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.ui import notes
from spcs_worker_tui.ui.lines import Cell, Line
from spcs_worker_tui.ui.messages import LogModeChanged
from spcs_worker_tui.ui.widgets.log_view import LogView
from spcs_worker_tui.ui.widgets.pane import PaneTitle

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from spcs_worker_tui.ui.desk import Desk
    from spcs_worker_tui.ui.rows import RowKey


class LogPane(Vertical):
    """Wraps long lines, because half a screen cuts nearly all of them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(id="log-pane")
        self._desk = desk
        self._key: RowKey | None = None

    def compose(self) -> ComposeResult:
        """Title and log."""
        yield PaneTitle("Log", self._desk.glyphs, id="log-title")
        log = LogView(self._desk.log, self._desk.log_style, timestamps="seconds", id="log")
        log.set_reactive(LogView.is_wrapped, value=True)
        yield log

    def show(self, key: RowKey | None) -> None:
        """The log is that row's."""
        self._key = key
        self.query_one(LogView).say_instead(notes.no_log(key))
        self._write_title()

    def grew(self) -> None:
        """Events came."""
        self.query_one(LogView).pull()
        self._write_title()

    @on(LogModeChanged)
    def _write_title(self) -> None:
        name = self._key.name if isinstance(self._key, ServiceKey) else ""
        state = log_state(self.query_one(LogView)) if name else ()
        self.query_one(PaneTitle).show((Cell(name, "ink"),), state)

    def on_descendant_focus(self) -> None:
        """The title says so."""
        self.query_one(PaneTitle).activate(is_active=True)

    def on_descendant_blur(self) -> None:
        """The title says so."""
        self.query_one(PaneTitle).activate(is_active=False)


def log_state(log: LogView) -> Line:
    """How the log view stands, for its title."""
    if log.is_following:
        return (Cell("following", "verdict-healthy"),)
    waiting = f", {log.waiting} waiting" if log.waiting else ""
    return (Cell(f"paused{waiting}", "verdict-degraded"),)
