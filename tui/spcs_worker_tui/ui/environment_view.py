"""A service's variables with the edits that are collected: what the editor shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spcs_worker_tui.domain.environment import (
    Edit,
    RenameVariable,
    ServiceEnvironment,
    SetSecret,
    SetVariable,
    UnsetVariable,
    UseSecret,
)
from spcs_worker_tui.domain.secrecy import HIDDEN, looks_like_a_key
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.ui.lines import Cell, Line, fit

_NEW_SECRET = "secret, given here"  # noqa: S105 - words, not a secret
_TONES = {"+": "verdict-healthy", "~": "verdict-degraded", "-": "verdict-broken", " ": "ink"}


@dataclass(frozen=True, slots=True)
class VariableRow:
    """One variable as it is, or as it will be.

    Attributes:
        mark: `+` added, `~` changed, `-` removed; a blank as it is deployed.
        value: The whole value of a literal, never of a secret.
        was: Its name where it gets another one.
    """

    container: str
    name: str
    source: str
    value: str = ""
    mark: str = " "
    was: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether there is no value to be shown."""
        return self.source != "literal"

    @property
    def looks_like_a_key(self) -> bool:
        """Whether the value is shown only on demand."""
        return not self.is_secret and looks_like_a_key(self.name, self.value)

    def shown(self, *, is_revealed: bool) -> str:
        """The value on one line."""
        if self.is_secret:
            return ""
        if self.looks_like_a_key and not is_revealed:
            return HIDDEN
        return one_line(self.value, 1000)


def variable_rows(found: ServiceEnvironment, edits: Sequence[Edit]) -> list[VariableRow]:
    """The variables in the order of their containers, with what the edits make of them."""
    rows = [
        VariableRow(row.container, row.name, row.source, row.variable.value) for row in found.rows
    ]
    for edit in edits:
        _apply(rows, edit, edit.container or (found.containers or ("",))[0])
    order = {name: index for index, name in enumerate(found.containers)}
    return sorted(rows, key=lambda row: order.get(row.container, len(order)))


def _apply(rows: list[VariableRow], edit: Edit, container: str) -> None:
    index = next(
        (i for i, row in enumerate(rows) if (row.container, row.name) == (container, edit.name)),
        None,
    )
    before = rows[index] if index is not None else None
    after = _after(edit, container, before)
    if after is None:
        return
    if index is None:
        rows.append(after)
    elif after.mark == "-" and before is not None and before.mark == "+":
        del rows[index]
    else:
        rows[index] = after


def _after(edit: Edit, container: str, before: VariableRow | None) -> VariableRow | None:
    mark = "+" if before is None or before.mark == "+" else "~"
    was = before.was if before else ""
    match edit:
        case SetVariable():
            source = _NEW_SECRET if looks_like_a_key(edit.name, edit.value) else "literal"
            value = "" if source == _NEW_SECRET else edit.value
            return VariableRow(container, edit.name, source, value, mark, was)
        case SetSecret():
            return VariableRow(container, edit.name, _NEW_SECRET, "", mark, was)
        case UseSecret():
            source = f"secret {one_line(edit.secret)}"
            return VariableRow(container, edit.name, source, "", mark, was)
        case UnsetVariable():
            return replace(before, mark="-") if before else None
        case RenameVariable():
            renamed = replace(before, name=edit.new, mark=mark) if before else None
            return replace(renamed, was=was or edit.name) if renamed and mark == "~" else renamed


def variable_line(row: VariableRow, *, is_revealed: bool, has_containers: bool, room: int) -> Line:
    """One line of the editor's table, without the cell for its letter."""
    tone = _TONES[row.mark]
    names = f"{one_line(row.name)}" + (f" (was {one_line(row.was)})" if row.was else "")
    wide = max(18, room * 2 // 5)
    source = max(16, room // 4)
    place = fit(one_line(row.container), 12) + " " if has_containers else ""
    value = max(8, room - wide - source - len(place) - 6)
    shown = row.shown(is_revealed=is_revealed)
    return (
        Cell(f"{row.mark} ", f"{tone} bold"),
        Cell(place, "muted"),
        Cell(fit(names, wide) + " ", f"{tone} strike" if row.mark == "-" else f"{tone} bold"),
        Cell(fit(shown, value) + " ", "muted" if shown == HIDDEN else "ink"),
        Cell(fit(row.source, source), "muted"),
    )
