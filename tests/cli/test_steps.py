"""How a long plan is told: numbered steps, elapsed times, and bytes that do not flood a log."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from spcs_worker_tui.cli.steps import StepList
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress, StepState
from spcs_worker_tui.operations.push_meter import ALL_LAYERS

BUILD, PUSH = Step("build", "Build worker:1"), Step("push", "Push worker:1")
PLAN = Plan("Deploy", None, (BUILD, PUSH), datetime(2026, 1, 1, tzinfo=UTC))


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


Show = Callable[[bool, float], tuple[StepList, Screen]]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """A list of steps on a screen, and seconds that pass between two sayings."""

    def make(terminal: bool, pace: float) -> tuple[StepList, Screen]:
        screen = Screen(terminal=terminal)
        monkeypatch.setattr(sys, "stderr", screen)
        seconds = iter(pace * count for count in range(1000))
        return StepList(PLAN, lambda: next(seconds)), screen

    return make


def running(step: Step, text: str, part: str = "", done: int = 0, total: int = 0) -> StepProgress:
    if not total:
        return StepProgress(step, StepState.RUNNING, text, part=part)
    return StepProgress(step, StepState.RUNNING, text, part=part, done=done, total=total)


def test_steps_are_numbered_and_timed(show: Show):
    steps, screen = show(False, 1)
    took = timedelta(seconds=75)
    steps(StepProgress(BUILD, StepState.RUNNING))
    steps(running(BUILD, "Step 1/2: FROM x", done=1, total=2))
    steps(running(BUILD, "Step 2/2: RUN y", done=2, total=2))
    steps(StepProgress(BUILD, StepState.DONE, "0123456789ab", took))
    steps(StepProgress(PUSH, StepState.SKIPPED, "it is there already"))
    assert screen.getvalue().splitlines() == [
        "[1/2] Build worker:1",
        "      Step 1/2: FROM x",
        "      Step 2/2: RUN y",
        "[1/2] done in 1 min 15 s: 0123456789ab",
        "[2/2] Push worker:1",
        "[2/2] skipped in 0 s: it is there already",
    ]


def test_a_failure_says_what_to_do(show: Show):
    steps, screen = show(False, 1)
    error = FleetError("no", next_step="Correct it.")
    steps(StepProgress(BUILD, StepState.FAILED, "no", error=error))
    assert screen.getvalue().splitlines()[1:] == [
        "spcs-worker-tui: [1/2] failed in 0 s: no.",
        "  Correct it.",
    ]


def test_bytes_are_said_now_and_then_where_nothing_is_overwritten(show: Show):
    steps, screen = show(False, 1)
    for count in range(12):
        steps(running(PUSH, f"{count} of 12", "layer", count, 12))
    steps(running(PUSH, "12 of 12", "layer", 12, 12))
    assert screen.getvalue().splitlines() == [
        "[2/2] Push worker:1",
        "      layer: 0 of 12",
        "      layer: 5 of 12",
        "      layer: 10 of 12",
        "      layer: 12 of 12",
    ]


def test_at_a_terminal_one_line_counts_and_makes_room(show: Show):
    steps, screen = show(True, 1)
    steps(running(PUSH, "1 of 9", "layer", 1, 9))
    steps(running(PUSH, "1 of 20", ALL_LAYERS, 1, 20))
    steps(running(PUSH, "9 of 20", ALL_LAYERS, 9, 20))
    steps(running(PUSH, "9 of 9", "layer", 9, 9))
    assert screen.getvalue() == (
        "[2/2] Push worker:1\n"
        "\r\x1b[2K      all layers: 1 of 20\r\x1b[2K      all layers: 9 of 20"
        "\r\x1b[2K      layer: 9 of 9\n"
    )


def test_text_from_outside_moves_no_cursor(show: Show):
    steps, screen = show(True, 1)
    steps(running(PUSH, "\x1b[2J1 of 9\n\n", ALL_LAYERS, 1, 9))
    assert "\x1b[2J" not in screen.getvalue()
    assert screen.getvalue().endswith("all layers: 1 of 9")


def test_a_line_that_is_written_over_does_not_wrap(show: Show, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "20")
    steps, screen = show(True, 1)
    steps(running(PUSH, "x" * 100, ALL_LAYERS, 1, 9))
    assert len(screen.getvalue().rpartition("\x1b[2K")[2]) == 19


def test_layers_that_wait_are_not_worth_a_line(show: Show):
    steps, screen = show(False, 1)
    steps(running(PUSH, "Preparing", "layer"))
    steps(running(PUSH, "Layer already exists", "layer"))
    assert screen.getvalue().splitlines()[1:] == ["      layer: Layer already exists"]
