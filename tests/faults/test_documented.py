"""What the page says of each fault is what these tests see."""

from __future__ import annotations

import pytest

from support.documents import ROOT
from support.fault_cases import CASES, Case

PAGE = ROOT / "docs" / "performance.md"
SIDES = {"snowflake": "Snowflake", "prefect": "Prefect", "worker": "Workers and containers"}


def row(case: Case) -> str:
    """The row of the table that is about it."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = iter(lines[lines.index(f"| **{SIDES[case.at]}** | | |") :])
    return next(line for line in rows if f"`{case.kind}`" in line.split("|")[1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_page_says_what_is_seen(case: Case) -> None:
    _, _, screen, check, _ = row(case).split("|")
    assert case.screen in screen
    if case.health is not None and "same" not in check:
        assert str(case.health) in check
    if case.check:
        assert "same" in check or case.check in check
