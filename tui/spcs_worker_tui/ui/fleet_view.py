"""Which rows the fleet table shows, and in which order. Pure: no widget, no clock of its own.

The filter is words that must all match: a bare word anywhere in the row, `column:word` in one
column, `!word` or `!column:word` for rows without it, `/expression/` for a regular expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.ui.columns import BY_KEY, COLUMNS, Column, Glance, column_named
from spcs_worker_tui.ui.rows import ConnectionRow, Row, ServiceRow

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey

_WORD = re.compile(r"!?(?:[\w.]+:)?/(?:[^/\\]|\\.)+/|\S+")

Test = Callable[[ServiceRow, Glance, str], bool]
"""Told the row, the moment, and the row's words on one line."""


class FilterError(ValueError):
    """The filter cannot be understood; the text says which word and why."""


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A filter that was understood. The empty one lets everything pass."""

    text: str = ""
    tests: tuple[Test, ...] = ()

    def passes(self, row: ServiceRow, glance: Glance, words: str) -> bool:
        """Whether the row is to be shown."""
        return all(test(row, glance, words) for test in self.tests)


def parse_filter(text: str) -> RowFilter:
    """Understand a filter.

    Raises:
        FilterError: A column that does not exist, or a regular expression that is none.
    """
    return RowFilter(text.strip(), tuple(_test(word) for word in _WORD.findall(text)))


def _test(word: str) -> Test:
    wanted = not word.startswith("!")
    body = word.removeprefix("!")
    column, body = _column_of(body)
    matches = _matcher(body)

    def test(row: ServiceRow, glance: Glance, words: str) -> bool:
        text = column.cell(row, glance).text if column else words
        return matches(text) is wanted

    return test


def row_words(row: ServiceRow, glance: Glance) -> str:
    """What a bare word is looked for in: every cell that is no figure."""
    return "\n".join(c.cell(row, glance).text for c in COLUMNS if not c.is_figure)


def _column_of(body: str) -> tuple[Column | None, str]:
    name, colon, rest = body.partition(":")
    if not colon or body.startswith("/"):
        return None, body
    if (column := column_named(name)) is None:
        raise FilterError(f"there is no column {name!r}")
    return column, rest


def _matcher(body: str) -> Callable[[str], bool]:
    if len(body) > 2 and body.startswith("/") and body.endswith("/"):  # noqa: PLR2004 - both slashes
        try:
            expression = re.compile(body[1:-1], re.IGNORECASE)
        except re.error as error:
            raise FilterError(f"{body} is no regular expression: {error}") from None
        return lambda text: expression.search(text) is not None
    needle = body.casefold()
    return lambda text: needle in text.casefold()


@dataclass(slots=True)
class FleetView:
    """Sorting and filtering as the reader left them; a refresh changes neither."""

    column: Column = field(default_factory=lambda: BY_KEY["verdict"])
    is_reversed: bool = False
    problems_only: bool = False
    filter: RowFilter = field(default_factory=RowFilter)
    _words: dict[ServiceKey, str] = field(default_factory=dict)
    _words_of: Sequence[ServiceRow] = ()

    @property
    def is_narrowed(self) -> bool:
        """Whether some rows may be hidden."""
        return self.problems_only or bool(self.filter.tests)

    def sort_by(self, column: Column) -> None:
        """Sort by that column; by the same one again: the other way round."""
        self.is_reversed = not self.is_reversed if column is self.column else False
        self.column = column

    def arrange(
        self,
        services: Sequence[ServiceRow],
        connections: Sequence[ConnectionRow],
        glance: Glance,
    ) -> list[Row]:
        """The rows to show: connections in trouble first, then the services."""
        if services is not self._words_of:
            self._words_of, self._words = services, {}
        shown = [row for row in services if self._shows(row, glance)]
        shown.sort(key=lambda row: (row.key.connection, row.key.qualified))
        sort = self.column.sort
        shown.sort(key=lambda row: sort(row, glance), reverse=self.is_reversed)
        troubled = connections if not self.filter.tests else ()
        return [*troubled, *shown]

    def _shows(self, row: ServiceRow, glance: Glance) -> bool:
        if self.problems_only and not row.is_problem:
            return False
        if not self.filter.tests:
            return True
        # Typing a filter asks the same rows again and again.
        if (words := self._words.get(row.key)) is None:
            words = self._words[row.key] = row_words(row, glance)
        return self.filter.passes(row, glance, words)

    def describe(self, shown: int, total: int) -> str:
        """What the table's title says about rows that are not there."""
        parts = [f"{shown} of {total}" if self.is_narrowed else str(total)]
        if self.problems_only:
            parts.append("problems only")
        if self.filter.tests:
            parts.append(f"filter {self.filter.text}")
        return "  ".join(parts)
