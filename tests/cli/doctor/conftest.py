"""This process has the home of the program that is tested."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.patients import prepared


@pytest.fixture
def home(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The world, with this process in its home."""
    place = world.program.home
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("SNOWFLAKE_HOME", str(place))
    monkeypatch.setenv("SPCS_WORKER_TUI_STATE_DIR", str(place / "state"))
    monkeypatch.chdir(place)
    return world


@pytest.fixture
async def ward(home: Any, tmp_path: Path) -> AsyncIterator[Any]:
    """An account in which a worker would be well."""
    async with prepared(home, tmp_path) as hub:
        home.hub = hub
        yield home
