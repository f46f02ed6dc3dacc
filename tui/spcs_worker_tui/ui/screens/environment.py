"""The environment variables of a service: looked at, edited in a list, then changed in one plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen

from spcs_worker_tui.domain.environment import (
    Edit,
    EditEnvironment,
    RenameVariable,
    ServiceEnvironment,
    SetSecret,
    SetVariable,
    UnsetVariable,
    UseSecret,
)
from spcs_worker_tui.domain.errors import ConfigurationError, FleetError
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.text import in_sentences
from spcs_worker_tui.operations.environment.edits import checked_name, checked_value
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.bindings import ENVIRONMENT
from spcs_worker_tui.ui.changing import ChangeRun, PlanOption, PlanRequest
from spcs_worker_tui.ui.environment_view import VariableRow, variable_line, variable_rows
from spcs_worker_tui.ui.fitting import Fitting
from spcs_worker_tui.ui.lines import Cell
from spcs_worker_tui.ui.messages import PlanAsked
from spcs_worker_tui.ui.modals.ask import AskModal
from spcs_worker_tui.ui.modals.choice import Item, ItemList
from spcs_worker_tui.ui.modals.form import Answer, Field, FormModal
from spcs_worker_tui.ui.widgets.key_bar import KeyBar
from spcs_worker_tui.ui.widgets.pane import PaneTitle

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from spcs_worker_tui.domain.dotenv import DotenvEntry

RESTART = PlanOption("Where only secrets change", ("leave it running", "restart it"))
_PASTED = "what is pasted"
_NO_ROW = VariableRow("", "", "literal")


class EnvironmentScreen(Screen[None], Fitting):
    """Collects edits, and asks for one plan that makes all of them.

    Args:
        found: The variables as they are deployed.
        read_variables: Reads KEY=VALUE lines; see the port `FleetConsole`.
        glyphs: What signs to draw with.
    """

    CSS_PATH = "service.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*ENVIRONMENT]
    AUTO_FOCUS = "#items"

    def __init__(
        self,
        found: ServiceEnvironment,
        read_variables: Callable[[str, str], Sequence[DotenvEntry]],
        glyphs: fmt.Glyphs,
    ) -> None:
        super().__init__()
        self._read_variables = read_variables
        self._found = found
        self._glyphs = glyphs
        self._edits: list[Edit] = []
        self._revealed: set[tuple[str, str]] = set()
        self._request: PlanRequest | None = None

    def compose(self) -> ComposeResult:
        """Title, table, keys."""
        yield PaneTitle("Environment", self._glyphs, id="page-title")
        yield ItemList(())
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what is deployed."""
        self.query_one("#page-title", PaneTitle).activate(is_active=True)
        self.call_after_refresh(self._show)

    def on_resize(self) -> None:
        """Lines may be cut elsewhere."""
        self.call_after_refresh(self._show)

    def on_screen_resume(self) -> None:
        """Once its plan is under way or was sent, there is nothing left to edit here."""
        runs: Sequence[ChangeRun] = getattr(self.app, "runs", ())
        for run in runs:
            mine = self._request is not None and run.request.make is self._request.make
            if mine and (run.error is None or run.way_back is not None):
                self.app.call_later(self.dismiss, None)

    @property
    def rows(self) -> list[VariableRow]:
        """What the table shows."""
        return variable_rows(self._found, self._edits)

    @property
    def row(self) -> VariableRow:
        """The one under the cursor."""
        rows = self.rows
        index = self.query_one(ItemList).index
        return rows[index] if 0 <= index < len(rows) else _NO_ROW

    def _show(self) -> None:
        items = self.query_one(ItemList)
        several = len(self._found.containers) > 1
        room = max(60, items.room) - 1
        lines = [
            variable_line(
                row,
                is_revealed=(row.container, row.name) in self._revealed,
                has_containers=several,
                room=room,
            )
            for row in self.rows
        ]
        nothing = (Cell("No variable is set; a adds one.", "muted"),)
        items.show_items([Item("", line) for line in lines or [nothing]])
        count = fmt.plural(len(self._edits), "edit")
        word = f"{count}, not made yet: s shows the plan" if self._edits else "as deployed"
        left = (Cell(self._found.key.qualified, "ink bold"),)
        tone = "verdict-degraded bold" if self._edits else "muted"
        self.query_one("#page-title", PaneTitle).show(left, (Cell(word, tone),))

    def _add(self, *edits: Edit) -> None:
        self._edits += edits
        self._show()

    # What the reader does

    def action_add(self) -> None:
        """A new variable."""
        self._ask_value("Add a variable", _NO_ROW, is_new=True)

    def action_add_secret(self) -> None:
        """A new variable whose value nobody sees."""
        self._ask_value("Add a secret", _NO_ROW, is_new=True, is_secret=True)

    def action_edit(self) -> None:
        """Another value."""
        row = self.row
        if row.name:
            is_secret = row.is_secret or row.looks_like_a_key
            self._ask_value(f"Change {row.name}", row, is_secret=is_secret)

    def _ask_value(
        self, title: str, row: VariableRow, *, is_new: bool = False, is_secret: bool = False
    ) -> None:
        fields = [Field("name", "Name")] if is_new else []
        if is_new and len(self._found.containers) > 1:
            fields.append(Field("container", "Container", self._found.containers[0]))
        value = "" if is_secret else row.value
        fields.append(Field("value", "Value", value, is_secret=is_secret))
        texts = ("A value that looks like a key becomes a Snowflake secret with either button.",)

        def check(values: Answer) -> None:
            name = checked_name(values.get("name", row.name))
            self._container(values)
            checked_value(name, values["value"])

        def done(values: Answer | None) -> None:
            if values is None:
                return
            name = values.get("name", row.name)
            container = self._container(values) or row.container
            if values["button"] == "secret" or is_secret:
                self._add(SetSecret(name, Secret(values["value"]), container))
            else:
                self._add(SetVariable(name, values["value"], container))

        others = () if is_secret else (("secret", "As a secret"),)
        form = FormModal(title, texts, fields, "Note it", others=others, check=check)
        self.app.push_screen(form, done)

    def _container(self, values: Answer) -> str:
        container = values.get("container", "").strip()
        if container and container not in self._found.containers:
            raise ConfigurationError(
                f"there is no container {container!r}",
                next_step=f"There are {', '.join(self._found.containers)}.",
            )
        return container

    def action_use(self) -> None:
        """Take the value from a secret that is there."""
        row = self.row
        fields = (
            Field("name", "Name", row.name),
            Field("secret", "Secret", placeholder="[[database.]schema.]name"),
        )

        def check(values: Answer) -> None:
            checked_name(values["name"])
            if not values["secret"].strip():
                raise ConfigurationError("say which secret")

        def done(values: Answer | None) -> None:
            if values is not None:
                self._add(UseSecret(values["name"], values["secret"].strip(), row.container))

        texts = ("The value of a Snowflake secret that is there already.",)
        self.app.push_screen(FormModal("Use a secret", texts, fields, "Note it", check=check), done)

    def action_unset(self) -> None:
        """Take it out."""
        row = self.row
        if row.name and row.mark != "-":
            self._add(UnsetVariable(row.name, row.container))

    def action_rename(self) -> None:
        """Another name for it."""
        row = self.row
        if not row.name or row.mark == "-":
            return

        def check(values: Answer) -> None:
            name = checked_name(values["name"])
            if any((r.container, r.name) == (row.container, name) for r in self.rows):
                raise ConfigurationError(f"there is a variable {name} already")

        def done(values: Answer | None) -> None:
            if values is not None:
                self._add(RenameVariable(row.name, values["name"], row.container))

        field = Field("name", "New name", row.name)
        form = FormModal(f"Rename {row.name}", (), (field,), "Note it", check=check)
        self.app.push_screen(form, done)

    def action_reveal(self) -> None:
        """Show the value, or hide it again."""
        row = self.row
        if row.is_secret:
            text = f"{row.name} comes from a Snowflake secret, which cannot be read back"
            self.notify(text, markup=False, timeout=5)
            return
        self._revealed ^= {(row.container, row.name)}
        self._show()

    def action_paste(self) -> None:
        """Type or paste many."""
        texts = (
            "One KEY=VALUE a line. Pasted outside of this form, on the list itself, they are "
            "taken without being shown.",
        )

        def check(values: Answer) -> None:
            self._read(values["lines"], _PASTED)

        def done(values: Answer | None) -> None:
            if values is not None:
                self._add(*self._read(values["lines"], _PASTED))

        field = Field("lines", "Variables", is_long=True)
        self.app.push_screen(FormModal("Paste", texts, (field,), "Note them", check=check), done)

    def on_paste(self, event: events.Paste) -> None:
        """Many at once, without showing any."""
        event.stop()
        self._take(event.text, _PASTED)

    def action_import_file(self) -> None:
        """Those of a file."""

        def check(values: Answer) -> None:
            self._read(_text_of(values["path"]), values["path"])

        def done(values: Answer | None) -> None:
            if values is not None:
                self._take(_text_of(values["path"]), values["path"])

        field = Field("path", "File", ".env")
        form = FormModal("Import", ("KEY=VALUE lines, as in .env.",), (field,), "Note them",
                         check=check)  # fmt: skip
        self.app.push_screen(form, done)

    def _take(self, text: str, source: str) -> None:
        try:
            edits = self._read(text, source)
        except FleetError as error:
            told = in_sentences(error.message, error.next_step)
            self.notify(told, severity="error", markup=False, timeout=10)
        else:
            self._add(*edits)
            self.notify(f"{fmt.plural(len(edits), 'variable')} noted", markup=False, timeout=3)

    def _read(self, text: str, source: str) -> list[Edit]:
        container = self.row.container
        return [
            SetVariable(checked_name(entry.name), checked_value(entry.name, entry.value), container)
            for entry in self._read_variables(text, source)
        ]

    def action_undo(self) -> None:
        """Take back the last edit."""
        if self._edits:
            self._edits.pop()
            self._show()

    def action_review(self) -> None:
        """Show the plan that makes the edits."""
        if not self._edits:
            self.notify("Nothing was edited yet", markup=False, timeout=3)
            return
        found, edits = self._found, tuple(self._edits)

        def make(chosen: tuple[int, ...]) -> EditEnvironment:
            restarts = bool(chosen and chosen[0])
            return EditEnvironment(found.key, edits, restarts, found.spec_digest)

        touched = {row.name for row in self.rows if row.mark in "+~" and row.is_secret}
        self._request = PlanRequest("Apply", make, (RESTART,) if touched else ())
        self.post_message(PlanAsked(self._request))

    def action_back(self) -> None:
        """Back; asks where edits would be lost."""
        if not self._edits:
            self.dismiss(None)
            return
        texts = (f"{fmt.plural(len(self._edits), 'edit')} would be lost.",)
        answers = (("stay", "Stay"), ("lose", "Leave without them"))
        self.app.push_screen(AskModal("Leave", texts, answers), self._left)

    def _left(self, answer: str | None) -> None:
        if answer == "lose":
            self.dismiss(None)


def _text_of(path: str) -> str:
    """What a file of variables says.

    Raises:
        ConfigurationError: It cannot be read.
    """
    file = Path(path.strip()).expanduser()
    try:
        if file.exists() and not file.is_file():
            raise ConfigurationError(f"{path} is no file")
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"{path} cannot be read: {why}") from error
