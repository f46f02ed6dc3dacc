"""The files under `sql/`: filled in and taken apart as `snow sql -f` does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from spcs_worker_tui.domain.errors import ConfigurationError

_VARIABLE = re.compile(r"<%\s*(\w+)\s*%>")
# What a `;` or a `--` within does not end or begin: quotes, dollar quotes and comments.
_PIECES = re.compile(
    r"'(?:[^'\\]|\\.|'')*'"
    r'|"(?:[^"]|"")*"'
    r"|\$\$.*?\$\$"
    r"|--[^\n]*"
    r"|/\*.*?\*/"
    r"|;",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Script:
    """One file.

    Attributes:
        number: The two digits that its name begins with.
        text: With its variables.
    """

    number: str
    text: str

    def statements(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Its statements in their order, without comments, filled in.

        Raises:
            ConfigurationError: A variable has no value.
        """
        return tuple(split(_filled(self.text, values)))


def scripts(files: Iterable[tuple[str, str]]) -> dict[str, Script]:
    """The files by their numbers.

    Args:
        files: Name and text of each.
    """
    return {name[:2]: Script(name[:2], text) for name, text in files}


def _filled(text: str, values: Mapping[str, str]) -> str:
    # Comments go first: what the header says of a variable is no use of it.
    bare = "".join(_without_comments(text))

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            raise ConfigurationError(f"the set-up needs a value for {name}")
        return values[name]

    return _VARIABLE.sub(value, bare)


def _without_comments(text: str) -> Iterable[str]:
    at = 0
    for match in _PIECES.finditer(text):
        yield text[at : match.start()]
        if not match[0].startswith(("--", "/*")):
            yield match[0]
        at = match.end()
    yield text[at:]


def split(text: str) -> Iterable[str]:
    """The statements of a text, without what separates them."""
    begin = 0
    for match in _PIECES.finditer(text):
        if match[0] == ";":
            yield from _statement(text[begin : match.start()])
            begin = match.end()
    yield from _statement(text[begin:])


def _statement(text: str) -> Iterable[str]:
    lines = (line.rstrip() for line in text.strip().splitlines())
    if statement := "\n".join(line for line in lines if line):
        yield statement
