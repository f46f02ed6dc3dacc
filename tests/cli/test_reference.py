"""The pages that are made from the program are what it would make of them now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import spcs_worker_tui
from support.reference import MADE_BY, VARIABLES, pages

SOURCE = Path(spcs_worker_tui.__file__).parent


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_a_made_page_is_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pages()[path], f"run {MADE_BY.strip('`')}"


def test_every_variable_of_ours_is_on_the_page_and_the_reverse() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py")))
    read = set(re.findall(r'"(SPCS_WORKER_TUI_[A-Z_]*[A-Z])"', code))
    assert read == {name for name in VARIABLES if name.startswith("SPCS_WORKER_TUI_")}
    assembled = {"SNOWFLAKE_CONNECTIONS_NAME_PASSWORD"}
    assert all(name in code for name in VARIABLES if name not in assembled)
