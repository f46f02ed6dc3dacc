"""What `doctor` found, for people and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from spcs_worker_tui.cli.console import Ink, paint
from spcs_worker_tui.domain.doctor import Cure, Finding, Outcome, worst
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
    """By area and subject as on the page, whichever was found first."""
    return sorted(findings, key=lambda f: (f.connection, f.subject, _PLACES.get(f.check.id, 0)))


def for_terminal(findings: Sequence[Finding], width: int, *, colour: bool) -> Iterator[str]:
    """The findings under their subjects, each with what helps beside or below it."""
    heading = ""
    for finding in ordered(findings):
        if (title := _heading(finding)) != heading:
            if heading:
                yield ""
            heading = title
            yield paint(title, Ink.BOLD, colour=colour)
        mark = paint(f"{finding.outcome:<{_MARK}}", _INKS[finding.outcome], colour=colour)
        for number, line in enumerate(_lines(finding, width - _MARK - 2)):
            yield f"  {mark if not number else ' ' * _MARK}{line}".rstrip()


def _heading(finding: Finding) -> str:
    if finding.service is not None:
        return one_line(str(finding.service))
    return one_line(finding.connection or finding.subject)


def _lines(finding: Finding, width: int) -> Iterator[str]:
    said = _text(finding)
    cure = list(_cure_lines(finding.cure, finding))
    if width + _MARK < _BESIDE:
        yield from textwrap.wrap(said, max(width, 20))
        for line in cure:
            yield from textwrap.wrap(line, max(width, 20), subsequent_indent="  ") or [""]
        return
    left = width * 2 // 5
    right = width - left - 3
    wrapped = [part for line in cure for part in textwrap.wrap(line, right) or [""]]
    texts = textwrap.wrap(said, left)
    for number in range(max(len(texts), len(wrapped))):
        one = texts[number] if number < len(texts) else ""
        other = wrapped[number] if number < len(wrapped) else ""
        yield f"{one}{' ' * max(left - cell_width(one), 0)}   {other}"


def _text(finding: Finding) -> str:
    about = one_line(finding.subject)
    prefix = "" if about == _heading(finding) or finding.service else f"{about}: "
    return f"{prefix}{one_line(finding.text, _LONGEST)}"


def _cure_lines(cure: Cure | None, finding: Finding) -> Iterator[str]:
    if cure is None:
        return
    yield f"-> {one_line(cure.words, _LONGEST)}"
    for line in cure.lines:
        for part in printable(line).splitlines():
            yield f"   {part}"
    if finding.fix is not None:
        yield "   (doctor --fix does it)"


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
