"""What `doctor` found, in lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.doctor import Area, Finding, Outcome, worst
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.ui.lines import Cell, Line, fit, wrap

if TYPE_CHECKING:
    from spcs_worker_tui.ui import format as fmt

_AREAS = tuple(Area)
_ORDER = (Outcome.PROBLEM, Outcome.UNKNOWN, Outcome.NOTICE, Outcome.OK)
_CHECK = 23
_SUBJECT = 24


def ordered(findings: Sequence[Finding], *, with_ok: bool) -> list[Finding]:
    """The worst first; those that are all right only on request."""
    shown = [one for one in findings if with_ok or one.outcome is not Outcome.OK]
    return sorted(shown, key=_place)


def _place(finding: Finding) -> tuple[int, int, str, str, str]:
    check = finding.check
    return (
        _ORDER.index(finding.outcome),
        _AREAS.index(check.area),
        check.id,
        finding.subject,
        finding.text,
    )


def finding_line(finding: Finding, glyphs: fmt.Glyphs) -> Line:
    """One finding on one line: its mark, which check, about what, and the sentence."""
    health = finding.outcome.health
    tone = f"verdict-{health}"
    return (
        Cell(f"{glyphs.health[health]} {fit(finding.outcome, 8)} ", f"{tone} bold"),
        Cell(fit(finding.check.id, _CHECK), "ink"),
        Cell(f" {fit(one_line(_about(finding)), _SUBJECT)} ", "muted"),
        Cell(one_line(finding.text, 1000), "ink"),
    )


def _about(finding: Finding) -> str:
    """The part of the subject that fits: a service's own name, not where it is."""
    return finding.service.name if finding.service is not None else finding.subject


def cure_lines(finding: Finding, room: int, *, can_mend: bool = True) -> list[Line]:
    """The whole of one finding: what was looked for, what was found, what helps.

    Args:
        finding: Any.
        room: Cells that a line may take.
        can_mend: Whether a plan can be made here.
    """
    tone = f"verdict-{finding.outcome.health}"
    lines: list[Line] = [
        (Cell(f" {one_line(finding.check.title, 200)}", "ink bold"),),
        (Cell(f" {one_line(finding.subject, 200)}", "muted"),),
    ]
    lines += [(Cell(" "), Cell(part, tone)) for part in wrap(one_line(finding.text, 2000), room)]
    if finding.cure is None:
        return lines
    lines.append(())
    lines += [(Cell(" "), Cell(p)) for p in wrap(one_line(finding.cure.words, 2000), room)]
    for text in finding.cure.lines:
        parts = wrap(one_line(text, 4000), room - 3)
        lines += [(Cell("    "), Cell(part, "accent")) for part in parts]
    if finding.fix is not None:
        word = "m shows the plan" if can_mend else "`spcs-worker-tui doctor --fix` has a plan"
        lines.append((Cell(f" {word} that mends it.", "muted"),))
    return [*lines, (Cell(f" {finding.check.page}", "muted"),)]


def to_copy(finding: Finding) -> str:
    """What is worth copying of a finding: the statements and commands, or else the sentence."""
    cure = finding.cure
    if cure is not None and cure.lines:
        return "\n".join(cure.lines)
    words = f"\n{cure.words}" if cure is not None else ""
    return f"{finding.check.id} {finding.subject}: {finding.text}{words}"


def summary(findings: Sequence[Finding], glyphs: fmt.Glyphs, *, is_looking: bool) -> Line:
    """`✗ broken  2 problem, 1 notice, 31 ok`, and whether there is more to come."""
    health = worst(findings)
    counts = {outcome: sum(one.outcome is outcome for one in findings) for outcome in _ORDER}
    text = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    cells = [
        Cell(f"{glyphs.health[health]} {health}", f"verdict-{health} bold"),
        Cell(f"  {text}", "ink"),
    ]
    if is_looking:
        return (
            (Cell("looking  ", "accent bold"), *cells)
            if findings
            else (Cell("looking", "accent bold"),)
        )
    return tuple(cells)
