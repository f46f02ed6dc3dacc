"""A specification as it was written: scalars with their text, their quotes and their line.

Types are decided by the field that a value stands in, never by YAML: what one reader takes for
text another takes for a number or a boolean, and `VERSION: 1.10` must not become `1.1`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

_NUMBER = re.compile(
    r"[-+]?(?:\.inf|\.nan|0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+|[0-9][0-9_]*(?::[0-5]?[0-9])*"
    r"|(?:[0-9][0-9_]*(?::[0-5]?[0-9])*)?\.?[0-9_]*(?:e[-+]?[0-9]+)?)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|\s+)\d.*)?")
_BOOLEANS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false"})
_NOTHING = frozenset({"", "~", "null"})
_TRUE_OR_FALSE = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
WHOLE = re.compile(r"0|[1-9][0-9]{0,17}")
"""A number that every reader of YAML reads alike, and whose digits survive being read."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it was written, without its quotes."""

    text: str
    quoted: bool = False
    line: int = 0

    @property
    def read_as(self) -> str:
        """What some reader of YAML takes it for, in words; empty when all agree on text."""
        return "" if self.quoted else read_as(self.text)


@dataclass(frozen=True, slots=True)
class Listing:
    """Values in their order."""

    items: Sequence[Node]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Mapping:
    """Names with their values, in their order; a name can be there twice."""

    entries: Sequence[tuple[Scalar, Node]]
    line: int = 0

    def get(self, name: str) -> Node | None:
        """The first value of that name, or None."""
        return next((value for key, value in self.entries if key.text == name), None)


Node: TypeAlias = Scalar | Listing | Mapping


def read_as(text: str) -> str:
    """What YAML 1.1 or 1.2 makes of a text without quotes, in words; empty for text."""
    if text.lower() in _NOTHING:
        return "nothing"
    if text.lower() in _BOOLEANS:
        return "true or false"
    if any(c.isdigit() for c in text) or text.lower().endswith((".inf", ".nan")):
        if _NUMBER.fullmatch(text):
            return "a number"
        if _DATE.fullmatch(text):
            return "a date"
    return "a merge of maps" if text in ("<<", "=") else ""


def plain(node: Node) -> Any:
    """The values without lines: texts, whole numbers, booleans, None, lists and dictionaries.

    Numbers with a fraction stay the text that they were written as.
    """
    match node:
        case Listing():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}
        case Scalar():
            return node.text if node.quoted else _unquoted(node.text)


def _unquoted(text: str) -> str | int | bool | None:
    if WHOLE.fullmatch(text):
        return int(text)
    if text in _TRUE_OR_FALSE:
        return _TRUE_OR_FALSE[text]
    return None if text.lower() in _NOTHING else text
