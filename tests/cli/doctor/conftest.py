"""This process has the home of the program that is tested."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def home(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The world, with this process in its home."""
    place = world.program.home
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("SNOWFLAKE_HOME", str(place))
    monkeypatch.setenv("SPCS_WORKER_TUI_STATE_DIR", str(place / "state"))
    monkeypatch.chdir(place)
    return world
