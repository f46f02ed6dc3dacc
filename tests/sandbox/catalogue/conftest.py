"""The account that most tests here start from."""

from __future__ import annotations

import pytest

from support.catalogue import Lab, new_lab


@pytest.fixture
def lab() -> Lab:
    """Database D, schema S, pool P, repository REPO, all owned by the session's role."""
    return new_lab()
