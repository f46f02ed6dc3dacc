"""An account in which nothing is set up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.setting_up import SettingUp, setting_up


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SettingUp]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    async with setting_up(tmp_path) as found:
        yield found


@pytest.fixture
async def plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SettingUp]:
    """For somebody who is no administrator."""
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    async with setting_up(tmp_path, role="OUTSIDER") as found:
        found.only("OUTSIDER")
        yield found
