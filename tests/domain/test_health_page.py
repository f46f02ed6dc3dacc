"""docs/health.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from spcs_worker_tui.domain.rules import RULES
from spcs_worker_tui.domain.rules_facts import Thresholds
from spcs_worker_tui.domain.verdict import Health, Sync

PAGE = (Path(__file__).parents[2] / "docs" / "health.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def test_the_rules_stand_there_in_the_order_in_which_they_are_looked_at() -> None:
    expected = [
        [str(r.number), r.snowflake, r.prefect, str(r.health), r.next_step or "-"] for r in RULES
    ]
    assert table("The rules") == expected


def test_every_word_is_explained() -> None:
    assert [row[0] for row in table("Verdicts")] == [str(health) for health in Health]
    assert [row[0] for row in table("Sync words")] == [str(word) for word in Sync]


def test_the_rules_that_wait_for_a_second_poll_are_named() -> None:
    match = re.search(r"an age or a missing row \(([\d, ]+)\)", PAGE)
    assert match is not None
    settles = sorted(rule.number for rule in RULES if rule.settles)
    assert [int(number) for number in match[1].split(",")] == settles


def test_the_numbers_are_those_of_the_code() -> None:
    limits = Thresholds()
    assert limits.fresh_intervals == 1.5
    assert limits.slow_intervals == 3
    assert limits.blind_after.total_seconds() == 90
    assert limits.restarts_of_loop == 3
    assert limits.restart_window.total_seconds() == 600
    assert limits.short_life.total_seconds() == 120
    assert limits.report_grace.total_seconds() == 120
    assert limits.start_grace.total_seconds() == 300
    assert limits.cold_start_grace.total_seconds() == 1200
    assert limits.upgrade_grace.total_seconds() == 600
    assert limits.stop_grace.total_seconds() == 60
    assert limits.late_degraded.total_seconds() == 60
    assert limits.late_broken.total_seconds() == 300
    assert limits.steady_polls == 2
