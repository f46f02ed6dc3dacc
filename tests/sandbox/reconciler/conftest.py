"""The account that most tests here start from."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.small_account import SmallAccount


@pytest.fixture
async def small() -> AsyncIterator[SmallAccount]:
    """A small account whose reconciler runs."""
    small = SmallAccount()
    small.reconciler.start()
    yield small
    await small.reconciler.stop(0)
