"""The pieces that the schema of a specification is made of: each reads one written value.

A rule reports what is wrong and goes on, so that everything wrong is said at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from spcs_worker_tui.domain.nearest import nearest
from spcs_worker_tui.domain.spec_source import WHOLE, Listing, Mapping, Node, Scalar, plain
from spcs_worker_tui.domain.text import one_line


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and the line on which it is."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


Report = Callable[[Problem], None]


class Rule(Protocol):
    """Reads one value."""

    def read(self, node: Node, path: str, report: Report) -> Any:
        """The plain value; None after a report.

        Args:
            node: As it was written.
            path: Where it stands, as in `spec.containers[0].image`.
            report: Takes what is wrong.
        """


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is not empty; what YAML reads as something else needs quotes.

    Attributes:
        pattern: What it has to match as a whole; empty: anything.
        form: The pattern in words, completing `has to be …`.
    """

    pattern: str = ""
    form: str = "text"

    def read(self, node: Node, path: str, report: Report) -> str | None:
        """See `Rule`."""
        if not isinstance(node, Scalar) or not node.text:
            report(Problem(node.line, f"{path} has to be {self.form}"))
            return None
        if node.read_as:
            report(Problem(node.line, f"{path} {unquoted(node)}"))
            return None
        if self.pattern and not re.fullmatch(self.pattern, node.text):
            said = one_line(node.text, 80)
            report(Problem(node.line, f"{path} is {said!r} and has to be {self.form}"))
            return None
        return node.text


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with or without a unit, quoted or not; it stays as it was written."""

    pattern: str
    form: str

    def read(self, node: Node, path: str, report: Report) -> str | None:
        """See `Rule`."""
        if isinstance(node, Scalar) and re.fullmatch(self.pattern, node.text):
            return node.text
        report(Problem(node.line, f"{path} has to be {self.form}"))
        return None


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in a range, both ends included."""

    least: int
    most: int = 2**31 - 1

    def read(self, node: Node, path: str, report: Report) -> int | None:
        """See `Rule`."""
        fits = isinstance(node, Scalar) and WHOLE.fullmatch(node.text) and not node.quoted
        if isinstance(node, Scalar) and fits and self.least <= int(node.text) <= self.most:
            return int(node.text)
        wanted = f"a whole number from {self.least} to {self.most}, without quotes"
        report(Problem(node.line, f"{path} has to be {wanted}"))
        return None


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`, not quoted."""

    def read(self, node: Node, path: str, report: Report) -> bool | None:
        """See `Rule`."""
        value = plain(node)
        if isinstance(value, bool):
            return value
        report(Problem(node.line, f"{path} has to be true or false, without quotes"))
        return None


@dataclass(frozen=True, slots=True)
class Variables:
    """A map of environment variables; values are texts (contract 3.1)."""

    def read(self, node: Node, path: str, report: Report) -> dict[str, str] | None:
        """See `Rule`."""
        if not isinstance(node, Mapping):
            report(Problem(node.line, f"{path} has to be a map of variables"))
            return None
        values = {}
        for key, value in unique(node, path, report):
            name = key.text
            if not re.fullmatch(r"[A-Za-z_.-][A-Za-z0-9_.-]*", name):
                said = f"{one_line(name, 80)!r} is no name of an environment variable"
                report(Problem(key.line, f"{path}: {said}; use letters, digits and '_'"))
            elif not isinstance(value, Scalar):
                report(Problem(key.line, f"{path}.{name} has to be text"))
            elif value.read_as and not WHOLE.fullmatch(value.text):
                report(Problem(key.line, f"{path}.{name} {unquoted(value)}"))
            else:
                values[name] = value.text
        return values


@dataclass(frozen=True, slots=True)
class Several:
    """A list with at least one element."""

    item: Rule
    most: int = 0

    def read(self, node: Node, path: str, report: Report) -> list[Any] | None:
        """See `Rule`."""
        if not isinstance(node, Listing) or not node.items:
            report(Problem(node.line, f"{path} has to be a list with something in it"))
            return None
        if self.most and len(node.items) > self.most:
            report(Problem(node.line, f"{path} may have at most {self.most} elements"))
        read = (
            self.item.read(item, f"{path}[{index}]", report)
            for index, item in enumerate(node.items)
        )
        return [value for value in read if value is not None]


@dataclass(frozen=True, slots=True)
class Fields:
    """A map with these fields and no others.

    Attributes:
        known: Field to its rule.
        required: Those that have to be there.
        hints: What to say of fields that are unknown here for a reason.
    """

    known: dict[str, Rule]
    required: tuple[str, ...] = ()
    hints: dict[str, str] = field(default_factory=dict)

    def read(self, node: Node, path: str, report: Report) -> dict[str, Any] | None:
        """See `Rule`."""
        where = path or "the specification"
        if not isinstance(node, Mapping):
            report(Problem(node.line, f"{where} has to be a map"))
            return None
        values = {}
        for key, value in unique(node, where, report):
            name = key.text
            if name not in self.known:
                hint = self.hints.get(name) or nearest(name, self.known)
                said = f"unknown field {one_line(name, 80)!r} of {where}{hint}"
                report(Problem(key.line, said))
                continue
            read = self.known[name].read(value, f"{path}.{name}" if path else name, report)
            if read is not None:
                values[name] = read
        for name in self.required:
            if node.get(name) is None:
                report(Problem(node.line, f"{where} has no {name}"))
        return values


@dataclass(frozen=True, slots=True)
class Anything:
    """What is in preview and whose shape no source settles: taken as it is."""

    def read(self, node: Node, path: str, report: Report) -> Any:  # noqa: ARG002 - a Rule
        """See `Rule`."""
        return plain(node)


def unique(node: Mapping, where: str, report: Report) -> list[tuple[Scalar, Node]]:
    """The entries of a map, those left out whose name was there before."""
    seen: set[str] = set()
    kept = []
    for key, value in node.entries:
        if key.text in seen:
            report(Problem(key.line, f"{one_line(key.text, 80)!r} is there twice in {where}"))
        else:
            seen.add(key.text)
            kept.append((key, value))
    return kept


def unquoted(node: Scalar) -> str:
    """That a value needs quotes, and how it looks with them."""
    if not node.text:
        return 'is empty: write "" if that is what is meant, or remove it'
    return f'is {node.text} without quotes, which YAML reads as {node.read_as}: "{node.text}"'
