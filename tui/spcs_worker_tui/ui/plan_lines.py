"""The lines of a plan: what will be sent and what it means; then how far it got. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.plan import LAST_WORDS, Plan, Step, StepProgress, StepState
from spcs_worker_tui.domain.text import in_sentences, one_line
from spcs_worker_tui.ui import format as fmt
from spcs_worker_tui.ui.lines import Cell, Line, fit, wrap

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ConnectionSnapshot
    from spcs_worker_tui.ui.changing import ChangeRun

_BAR = 16
_PART = 22
_LINES = 4
"""Of the log that are always shown."""
_TONES = {
    StepState.RUNNING: "accent",
    StepState.DONE: "verdict-healthy",
    StepState.SKIPPED: "muted",
    StepState.FAILED: "verdict-broken",
}


def plan_lines(plan: Plan, connection: ConnectionSnapshot | None, room: int) -> list[Line]:
    """A plan to be read before it is approved.

    Args:
        plan: What will be done.
        connection: The saved connection that it goes through, if any.
        room: Cells in a line.
    """
    lines = [*_head(plan, connection, room), ()]
    for warning in plan.warnings:
        lines += [(Cell(part, "verdict-degraded"),) for part in wrap(f"! {warning}", room)]
    if plan.warnings:
        lines.append(())
    if plan.differences:
        lines.append((Cell("What will differ", "ink bold"),))
        for words in plan.differences:
            lines += difference_lines(words, room)
        lines.append(())
    for number, step in enumerate(plan.steps, 1):
        lines += _indented(f"{number}.", step.title, "ink", room)
        for row in step.statement.splitlines():
            lines += [(Cell("   ", ""), Cell(part, "accent")) for part in wrap(row, room - 3)]
    if plan.is_empty:
        lines.append((Cell("There is nothing to do.", "ink"),))
    return lines


def difference_lines(words: str, room: int) -> list[Line]:
    """One difference by its meaning: what comes, what goes, what becomes something else."""
    words = one_line(words, 1000)
    if " added: " in words:
        sign, tone = "+", "verdict-healthy"
    elif " removed (" in words:
        sign, tone = "-", "verdict-broken"
    else:
        sign, tone = "~", "verdict-degraded"
    return _indented(sign, words, tone, room)


def run_lines(
    run: ChangeRun, glyphs: fmt.Glyphs, now: datetime, room: int, height: int
) -> list[Line]:
    """How far a plan got that was approved; the newest words of its log at the end.

    Args:
        run: The change.
        glyphs: What signs to draw with.
        now: Our own clock.
        room: Cells in a line.
        height: Lines that are seen at once: what is left of them is for the log.
    """
    lines: list[Line] = [(Cell(part, "ink bold"),) for part in wrap(run.plan.title, room)]
    word = f"for {fmt.span(run.total(now))}" if run.is_running else fmt.span(run.total(now))
    subject = "" if run.plan.subject in run.plan.title else f"{run.plan.subject}  "
    lines += [(Cell(f"{subject}{word}", "muted"),), ()]
    for number, step in enumerate(run.plan.steps, 1):
        lines += _step(run, number, step, glyphs, now, room)
    ending = _ending(run, glyphs, room)
    if run.lines:
        lines.append(())
        said = [(Cell(part, "muted"),) for text in run.lines for part in _said(text, room)]
        lines += said[-max(_LINES, height - len(lines) - len(ending)) :]
    return [*lines, *ending]


def _said(text: str, room: int) -> list[str]:
    """A line of the log; the last words of a container are worth more than one line."""
    text = one_line(text, 500)
    return wrap(text, room) if text.startswith(LAST_WORDS) else [fit(text, room).rstrip()]


def _head(plan: Plan, connection: ConnectionSnapshot | None, room: int) -> Iterator[Line]:
    for part in wrap(plan.title, room):
        yield (Cell(part, "ink bold"),)
    if plan.subject and plan.subject not in plan.title:
        yield (Cell(plan.subject, "ink"),)
    if connection is None:
        if plan.connection:
            yield (Cell(f"connection {plan.connection}", "muted"),)
        return
    parts = [f"connection {connection.name}"]
    parts += [f"account {connection.account}"] if connection.account else []
    parts += [f"role {connection.role}"] if connection.role else []
    for part in wrap(", ".join(parts), room):
        yield (Cell(part, "muted"),)


def _step(
    run: ChangeRun, number: int, step: Step, glyphs: fmt.Glyphs, now: datetime, room: int
) -> Iterator[Line]:
    progress = run.progress.get(step.id)
    if progress is None:
        yield from _indented(f"{number}.", step.title, "muted", room)
        return
    sign = {
        StepState.RUNNING: glyphs.running,
        StepState.DONE: glyphs.done,
        StepState.SKIPPED: glyphs.dot,
        StepState.FAILED: glyphs.failed,
    }[progress.state]
    seconds = run.elapsed(step, now)
    # In one piece, wherever the line breaks.
    span = fmt.span(seconds).replace(" ", "\u00a0")
    took = f"  {span}" if seconds.total_seconds() >= 1 else ""
    yield from _indented(sign, f"{step.title}{took}", _TONES[progress.state], room)
    detail = progress.detail
    if progress.error is not None and progress.error is run.error:
        detail = ""  # the whole ends with it
    elif progress.error is not None:
        detail = in_sentences(progress.error.message, progress.error.next_step)
    for row in detail.splitlines():
        for part in wrap(row, room - 3):
            yield (Cell("   ", ""), Cell(part, "muted"))
    for said in run.parts.get(step.id, {}).values():
        yield (Cell("   ", ""), *_bar(said, glyphs))


def _bar(said: StepProgress, glyphs: fmt.Glyphs) -> Line:
    """One layer of an image, or whatever else is counted."""
    done, total = said.done or 0, said.total or 0
    share = min(1.0, done / total) if total else 0.0
    filled = round(share * _BAR)
    sign = glyphs.sparkline[-1]
    return (
        Cell(f"{fit(one_line(said.part), _PART)} ", "ink"),
        Cell(sign * filled, "accent"),
        Cell(glyphs.rule * (_BAR - filled), "rule"),
        Cell(f" {share:4.0%} " if total else "      ", "ink"),
        Cell(f"{fmt.size(done)} of {fmt.size(total)}" if total else fmt.size(done), "muted"),
    )


def _ending(run: ChangeRun, glyphs: fmt.Glyphs, room: int) -> list[Line]:
    if run.is_running:
        return [(), (Cell("Stopping, and taking back what has to be.", "verdict-degraded"),)] * (
            run.is_stopping
        )
    if run.error is None:
        return [(), (Cell(f"{glyphs.done} Done", "verdict-healthy bold"),)]
    told = wrap(f"{glyphs.failed} {run.error.message}", room)
    told += wrap(run.error.next_step, room) if run.error.next_step else []
    return [(), *((Cell(part, "verdict-broken"),) for part in told)]


def _indented(sign: str, text: str, tone: str, room: int) -> list[Line]:
    return [
        (Cell(f"{sign:<3}" if not index else "   ", tone), Cell(part, tone))
        for index, part in enumerate(wrap(text, room - 3))
    ]
