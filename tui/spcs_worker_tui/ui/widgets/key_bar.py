"""The bottom line: the keys that do something here and now, as many as fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.ui.bindings import key_names
from spcs_worker_tui.ui.lines import Cell, Line, width
from spcs_worker_tui.ui.widgets.painter import FixedLines

if TYPE_CHECKING:
    from textual import events
    from textual.binding import Binding
    from textual.screen import Screen

LAST = "app.help"


class KeyBar(FixedLines):
    """Made from the bindings that are active, so it can promise nothing that does not work.

    One widget and one line, because the bindings change with every move of the focus. Help is
    always there, at the right end; the others go from the right when the terminal is narrow.
    """

    DEFAULT_CSS = """
    KeyBar { dock: bottom; height: 1; background: $raised; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._spots: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        """Listen for changes of what is bound."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, _screen: Screen[object]) -> None:
        self.update_lines()

    def lines(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """The one line, and where on it the keys are."""
        shown = self._shown_bindings()
        entries = [
            (key, label, binding.key, enabled)
            for binding, enabled in shown.values()
            for key, label in [(self._key(binding), binding.description)]
        ]
        # At the right end, because wherever one is, it is there; but not on the help itself.
        pinned = [entries.pop()] if LAST in shown else []
        room = width - sum(_size(key, label) for key, label, *_ in pinned)
        cells: list[Cell] = []
        self._spots = []
        x = 0
        for key, label, press, enabled in entries:
            if x + _size(key, label) > room:
                break
            x = self._put(cells, x, key, label, press, enabled)
        for key, label, press, enabled in pinned:
            cells.append(Cell(" " * (room - x), ""))
            self._put(cells, room, key, label, press, enabled)
        return [tuple(cells)]

    def _put(
        self, cells: list[Cell], x: int, key: str, label: str, press: str, enabled: bool
    ) -> int:
        cells.append(Cell(f" {key} ", "accent bold" if enabled else "muted"))
        cells.append(Cell(f"{label} ", "ink" if enabled else "muted"))
        end = x + _size(key, label)
        if enabled:
            self._spots.append((x, end, press))
        return end

    def _shown_bindings(self) -> Mapping[str, tuple[Binding, bool]]:
        """One binding per id, in the order of the chain, those of the focused widget first."""
        found: dict[str, tuple[Binding, bool]] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if binding.show and binding.id not in found:
                found[binding.id or binding.action] = (binding, enabled)
        if LAST in found:
            found[LAST] = found.pop(LAST)
        return found

    def _key(self, binding: Binding) -> str:
        return key_names(binding.key)[0]

    async def on_click(self, event: events.Click) -> None:
        """A click on a key is that key."""
        for start, end, key in self._spots:
            if start <= event.x < end:
                self.app.simulate_key(key)


def _size(key: str, label: str) -> int:
    return width(key) + width(label) + 3
