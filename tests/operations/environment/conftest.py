"""A living sandbox to change variables in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.updating import UpdateBench, update_bench


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[UpdateBench]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    async with update_bench(tmp_path) as made:
        yield made
