from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from support.prefect_lab import Lab, lab


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prefect(tmp_path_factory) -> AsyncIterator[Lab]:
    """A real server that asks for credentials; the tests keep apart by their work pools."""
    root: Path = tmp_path_factory.mktemp("prefect-api")
    async with lab(root, auth_string="ops:wonder land") as made:
        yield made
