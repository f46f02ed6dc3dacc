from __future__ import annotations

from textual.app import App, ComposeResult

from spcs_worker_tui.ui.lines import Cell
from spcs_worker_tui.ui.theme import THEMES
from spcs_worker_tui.ui.widgets.painter import Painter


class OnePainter(App[None]):
    def compose(self) -> ComposeResult:
        yield Painter()


async def test_lines_that_are_painted_anew_all_day_are_not_all_kept() -> None:
    app = OnePainter()
    for theme in THEMES:
        app.register_theme(theme)
    app.theme = THEMES[0].name
    async with app.run_test():
        painter = app.query_one(Painter)
        for second in range(5_000):
            strip = painter.strip((Cell(f"{second} s ago", "muted"),), "", 0, 80)
        assert strip.text.rstrip() == "4999 s ago"
        # A page of the largest screen is painted from what is kept.
        assert 100 <= len(painter._strips) <= 500
