"""Reads the headers of the files under `sql/`; the format is described in docs/sql.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "sql"
_TITLE = re.compile(r"-- (\d\d) ([^:]+): \S.*")
_FIELD = re.compile(r"^-- (Run as|Costs|Undo): (\S.*)$", re.MULTILINE)
_VARIABLE = re.compile(r"--   ([a-z_]+) \[([^\]]*)\] (\S.*)")
_USE = re.compile(r"<%(.*?)%>")


@dataclass(frozen=True)
class Variable:
    """A variable as the header describes it; `default` is empty when it has to be given."""

    name: str
    default: str
    meaning: str


@dataclass(frozen=True)
class SqlFile:
    """One file.

    Attributes:
        fields: `Run as`, `Costs` and `Undo`, first line of each.
        variables: In the header's order.
        statements: Everything after the header.
    """

    path: Path
    number: str
    title: str
    fields: dict[str, str]
    variables: tuple[Variable, ...]
    statements: str

    @property
    def used(self) -> set[str]:
        """The variables that the statements use."""
        return {name.strip() for name in _USE.findall(self.statements)}


def read(path: Path) -> SqlFile:
    """Read one file; the header is what comes before the first empty line."""
    header, _, statements = path.read_text().partition("\n\n")
    title, *lines = header.splitlines()
    named = _TITLE.fullmatch(title)
    assert named, f"{path.name}: the first line has to be `-- NN Title: …`"
    before, found, after = "\n".join(lines).partition("-- Variables:\n")
    assert found, f"{path.name}: no list of variables"
    variables = []
    for line in after.splitlines():
        match = _VARIABLE.fullmatch(line)
        assert match, f"{path.name}: not `--   name [default] meaning`: {line}"
        variables.append(Variable(*match.groups()))
    fields = dict(_FIELD.findall(before))
    return SqlFile(path, named[1], named[2], fields, tuple(variables), statements)


def files(first_digit: str = "") -> list[SqlFile]:
    """All files in order; "0" for set-up, "9" for tear-down."""
    return [read(path) for path in sorted(FOLDER.glob(f"{first_digit}*.sql"))]
