"""What `doctor` found, for people and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, zip_longest

from spcs_worker_tui.cli.console import Ink, paint
from spcs_worker_tui.domain.doctor import Finding, Outcome, worst
from spcs_worker_tui.domain.doctor_registry import CHECKS
from spcs_worker_tui.domain.text import cell_width, one_line, printable

_INKS = {
    Outcome.OK: Ink.GREEN,
    Outcome.NOTICE: Ink.YELLOW,
    Outcome.PROBLEM: Ink.RED,
    Outcome.UNKNOWN: Ink.MAGENTA,
}
_MARK = 9
"""Cells that the outcome takes, the space after it included."""
_BESIDE = 110
"""From this width on the cure stands beside the finding, not below."""
_LONGEST = 1000
_PLACES = {check.id: place for place, check in enumerate(CHECKS)}


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """This machine first, then each connection and its services; as on the page, not as found."""
    return sorted(
        findings,
        key=lambda f: (
            f.connection,
            f.service is not None,
            _heading(f),
            _PLACES.get(f.check.id, len(_PLACES)),
        ),
    )


def for_terminal(
    findings: Sequence[Finding], width: int, *, colour: bool, every: bool = False
) -> Iterator[str]:
    """The findings under their subjects, each with what helps beside or below it.

    Args:
        findings: In any order.
        width: Cells of the terminal.
        colour: Whether it has colours.
        every: Also what is well has lines of its own; otherwise it is named in one line.
    """
    for number, (heading, group) in enumerate(groupby(ordered(findings), _heading)):
        if number:
            yield ""
        yield paint(heading, Ink.BOLD, colour=colour)
        found = list(group)
        well = [finding for finding in found if finding.outcome is Outcome.OK]
        for finding in found if every else (one for one in found if one not in well):
            yield from _marked(finding.outcome, _lines(finding, width - _MARK - 2), colour)
        if well and not every:
            names = ", ".join(dict.fromkeys(finding.check.id for finding in well))
            lines = textwrap.wrap(names, max(width - _MARK - 2, 20), break_on_hyphens=False)
            yield from _marked(Outcome.OK, lines, colour)


def _marked(outcome: Outcome, lines: Iterable[str], colour: bool) -> Iterator[str]:
    mark = paint(f"{outcome:<{_MARK}}", _INKS[outcome], colour=colour)
    for number, line in enumerate(lines):
        yield f"  {mark if not number else ' ' * _MARK}{line}".rstrip()


def _heading(finding: Finding) -> str:
    if finding.service is not None:
        return one_line(str(finding.service))
    return one_line(finding.connection or finding.subject)


def _lines(finding: Finding, width: int) -> Iterator[str]:
    said = _text(finding)
    cure = list(_cure_lines(finding))
    if not cure or width + _MARK < _BESIDE:
        yield from _wrap(said, max(width, 20))
        for line in cure:
            yield from _wrap(line, max(width, 20))
        return
    left = width * 2 // 5
    right = width - left - 3
    texts, cures = _wrap(said, left), [part for line in cure for part in _wrap(line, right)]
    for one, other in zip_longest(texts, cures, fillvalue=""):
        yield f"{one}{' ' * max(left - cell_width(one), 0)}   {other}"


def _wrap(text: str, width: int) -> list[str]:
    """What has to be copied in one piece is not cut within a word."""
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        text.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    ) or [""]


def _text(finding: Finding) -> str:
    about = one_line(finding.subject)
    apart = finding.service is None and about != _heading(finding)
    prefix = f"{about}: " if apart else ""
    return f"{finding.check.id}: {prefix}{one_line(finding.text, _LONGEST)}"


def _cure_lines(finding: Finding) -> Iterator[str]:
    cure = finding.cure
    if cure is None:
        return
    yield f"-> {one_line(cure.words, _LONGEST)}"
    for line in cure.lines:
        for part in printable(line).splitlines():
            yield f"   {part}"
    if finding.fix is not None:
        yield "   (`spcs-worker-tui doctor --fix` does it)"


def for_pipe(findings: Sequence[Finding]) -> Iterator[str]:
    """One line for each: outcome, check, subject, text, cure; between tabs."""
    for finding in ordered(findings):
        cure = finding.cure
        parts = (cure.words, *cure.lines) if cure else ()
        cells = (
            str(finding.outcome),
            finding.check.id,
            _heading(finding) if finding.service else finding.subject,
            finding.text,
            " ".join(one_line(part, _LONGEST) for part in parts),
        )
        yield "\t".join(one_line(cell, 4 * _LONGEST) for cell in cells).rstrip()


def as_json(findings: Sequence[Finding]) -> str:
    """Everything, with the worst of it in one word."""
    document = {
        "health": str(worst(findings)),
        "findings": [_as_dict(finding) for finding in ordered(findings)],
    }
    return json.dumps(document, indent=2)


def _as_dict(finding: Finding) -> dict[str, object]:
    cure = finding.cure
    return {
        "check": finding.check.id,
        "title": finding.check.title,
        "area": str(finding.check.area),
        "connection": finding.connection or None,
        "service": finding.service.qualified if finding.service else None,
        "subject": one_line(finding.subject),
        "outcome": str(finding.outcome),
        "text": one_line(finding.text, _LONGEST),
        "cure": {
            "words": one_line(cure.words, _LONGEST),
            "statements": [printable(statement) for statement in cure.statements],
            "commands": [printable(command) for command in cure.commands],
            "can_be_applied": finding.fix is not None,
        }
        if cure
        else None,
        "page": finding.check.page,
    }
