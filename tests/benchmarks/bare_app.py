"""The yardstick for start-up: a Textual app with the dashboard's widgets and nothing else."""

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Input, Log, Static

COLUMNS = 15


class BareApp(App[None]):
    """A header line, a table, a log, a second table, an input and a footer."""

    CSS = "#below { height: 1fr; } DataTable { height: 1fr; } Input { display: none; }"
    BINDINGS: ClassVar = [("q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        yield Static("bare app", id="top")
        yield Input()
        yield DataTable()
        with Horizontal(id="below"):
            yield Log()
            with Vertical():
                yield Static()
                yield DataTable()
        yield Footer()

    def on_mount(self) -> None:
        for table in self.query(DataTable):
            table.add_columns(*(f"column {n}" for n in range(COLUMNS)))


if __name__ == "__main__":
    BareApp().run()
