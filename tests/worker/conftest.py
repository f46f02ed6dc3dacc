from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from support.prefect_lab import Lab, lab


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def prefect(tmp_path_factory) -> AsyncIterator[Lab]:
    """One server for all tests here, which keep apart by their work pools."""
    root: Path = tmp_path_factory.mktemp("prefect")
    async with lab(root) as made:
        yield made
