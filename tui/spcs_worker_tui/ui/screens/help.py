"""What every key does, made from the bindings, with the keys that the user chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen

from spcs_worker_tui.domain.verdict import Health
from spcs_worker_tui.ui.bindings import HELP, SCOPES, by_id, key_names
from spcs_worker_tui.ui.columns import COLUMNS
from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.lines import Cell, Line, fit
from spcs_worker_tui.ui.widgets.key_bar import KeyBar
from spcs_worker_tui.ui.widgets.line_view import Pages
from spcs_worker_tui.ui.widgets.pane import PaneTitle

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from spcs_worker_tui.ui.format import Glyphs

_KEYS = 20

_MEANINGS = {
    Health.HEALTHY: "it does its job",
    Health.DEGRADED: "it works, or will soon, but something needs a look",
    Health.BROKEN: "it does not do its job, or nobody does it for it",
    Health.SUSPENDED: "it was suspended, and nothing waits for it",
    Health.UNKNOWN: "there was no answer lately, so nobody can say",
}


class HelpScreen(Screen[None], Fitting):
    """Keys by place, then the words and the columns."""

    CSS_PATH = "service.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*HELP]

    def __init__(self, glyphs: Glyphs, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """Title, text, keys."""
        yield PaneTitle("Help", self._glyphs, id="page-title")
        yield Pages(id="page")
        yield KeyBar()

    def on_mount(self) -> None:
        """The text never changes."""
        self.query_one("#page-title", PaneTitle).activate(is_active=True)
        self.query_one("#page", Pages).focus()
        self.call_after_refresh(self.query_one("#page", Pages).show_lines, self._lines())

    def _lines(self) -> list[Line]:
        lines: list[Line] = []
        for scope in SCOPES:
            lines += [(Cell(f" {scope.title}", "accent bold"),)]
            keys = dict(by_id(scope, self._keymap))
            for binding in scope.bindings:
                names = " ".join(key_names(keys[binding.id or binding.action]))
                cells = (Cell(f"   {fit(names, _KEYS)}", "ink bold"), Cell(binding.tooltip))
                lines.append(cells)
            lines.append(())
        lines.append((Cell(" Verdicts", "accent bold"),))
        for health, meaning in _MEANINGS.items():
            word = fit(f"{self._glyphs.health[health]} {health}", _KEYS)
            lines.append((Cell(f"   {word}", f"verdict-{health}"), Cell(meaning)))
        lines += [(), (Cell(" Columns, and the letter that sorts by each after s", "accent bold"),)]
        for column in COLUMNS:
            name = fit(column.title, _KEYS - 2)
            letter = Cell(f"   {column.letter} ", "ink bold")
            lines.append((letter, Cell(name), Cell(column.meaning, "muted")))
        return lines

    def action_back(self) -> None:
        """Close the help."""
        self.dismiss(None)
