"""docs/troubleshooting.md has an entry for every check, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spcs_worker_tui.domain.doctor import Area, Check
from spcs_worker_tui.domain.doctor_registry import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ENTRIES = {
    entry.partition("\n")[0]: entry.partition("\n")[2].split("\n## ")[0]
    for entry in PAGE.split("\n### ")[1:]
}


def test_every_check_has_an_entry_and_every_entry_is_a_check() -> None:
    assert list(ENTRIES) == [check.id for check in CHECKS]


def test_the_entries_stand_under_their_areas() -> None:
    for area in Area:
        section = PAGE.split(f"\n## {area}\n")[1].split("\n## ")[0]
        there = re.findall(r"^### (.+)$", section, re.MULTILINE)
        assert there == [check.id for check in CHECKS if check.area is area]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_entry_says_what_it_looks_like_why_it_is_and_what_helps(check: Check) -> None:
    entry = ENTRIES[check.id]
    assert entry.startswith(f"\n**{check.title}.**\n")
    for label in ("- Looks like: ", "- Why: ", "- What helps: "):
        assert f"\n{label}" in entry


def test_ids_are_names_of_one_thing_each() -> None:
    ids = [check.id for check in CHECKS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", one) for one in ids)
