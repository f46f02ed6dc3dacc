"""One deliberately broken set-up for each check at least: none was forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from spcs_worker_tui.domain.doctor_registry import CHECKS

TRIED = "\n".join(
    path.read_text() for path in sorted(Path(__file__).parent.glob("test_broken_*.py"))
)
NAMED = frozenset(re.findall(r'"([a-z]+(?:-[a-z]+)*)"', TRIED))


def test_there_are_thirty() -> None:
    assert len(CHECKS) >= 30


@pytest.mark.parametrize("check", [check.id for check in CHECKS])
def test_each_check_has_its_own(check: str) -> None:
    assert check in NAMED
