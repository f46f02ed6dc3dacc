"""The steps of a long plan as they go by: a numbered list with elapsed times, and a log between."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable

from spcs_worker_tui.cli.console import complain, say
from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.plan import Plan, StepProgress, StepState
from spcs_worker_tui.domain.text import one_line, printable
from spcs_worker_tui.operations.push import PUSH
from spcs_worker_tui.operations.push_meter import ALL_LAYERS

EVERY = 5.0
"""Seconds between two sayings of how far a counted thing is, where they cannot be overwritten."""
_NOT_YET = ("Preparing", "Waiting")
"""What a layer is while others go first."""
_CLEAR = "\r\x1b[2K"
_MARKS = {StepState.DONE: "done", StepState.SKIPPED: "skipped", StepState.FAILED: "failed"}


class StepList:
    """Says each event of a plan, on standard error.

    At a terminal what counts up is one line that is overwritten; elsewhere it is said now and then.

    Args:
        plan: Whose steps are numbered.
        monotonic: Seconds, for how often.
    """

    def __init__(self, plan: Plan, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._numbers = {step.id: number for number, step in enumerate(plan.steps, 1)}
        self._monotonic = monotonic
        self._begun: set[str] = set()
        self._counted_at: dict[str, float] = {}
        self._is_terminal = sys.stderr.isatty()
        self._is_over = False
        """Whether the last line may be written over."""

    def __call__(self, progress: StepProgress) -> None:
        """Say one event."""
        step = progress.step
        head = f"[{self._numbers.get(step.id, 0)}/{len(self._numbers)}]"
        if step.id not in self._begun:
            self._begun.add(step.id)
            self._line(f"{head} {one_line(step.title)}")
        if progress.state is StepState.RUNNING:
            self._running(progress)
            return
        words = f"{head} {_MARKS[progress.state]} in {humanise(progress.elapsed)}"
        if progress.detail:
            words += f": {one_line(progress.detail, 1000)}"
        if progress.state is StepState.FAILED and progress.error is not None:
            self._end_line()
            complain(FleetError(words, next_step=progress.error.next_step))
        else:
            self._line(words)

    def _running(self, progress: StepProgress) -> None:
        if not progress.detail or (progress.part and progress.detail in _NOT_YET):
            return
        part = f"{progress.part}: " if progress.part else ""
        text = f"      {part}{one_line(progress.detail)}"
        # Bytes count up many times a second; the steps of a Dockerfile have no part.
        if not progress.part or progress.total is None or _is_there(progress):
            self._line(text)
        elif self._is_terminal:
            if progress.step.id != PUSH or progress.part == ALL_LAYERS:
                self._overwrite(text)
        elif self._is_due(progress.part):
            self._line(text)

    def _is_due(self, part: str) -> bool:
        now = self._monotonic()
        if now - self._counted_at.get(part, -EVERY) < EVERY:
            return False
        self._counted_at[part] = now
        return True

    def _line(self, text: str) -> None:
        self._end_line()
        say(text)

    def _overwrite(self, text: str) -> None:
        # A line that wraps could not be written over.
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"{_CLEAR}{printable(text)[:width]}")
        sys.stderr.flush()
        self._is_over = True

    def _end_line(self) -> None:
        if self._is_over:
            sys.stderr.write(_CLEAR)
            self._is_over = False


def _is_there(progress: StepProgress) -> bool:
    return progress.done == progress.total and progress.part != ALL_LAYERS
