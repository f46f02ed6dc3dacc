from __future__ import annotations

import os

import pytest

from support.parallel import group_of


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process has no groups")
def test_a_test_stays_with_its_group(request: pytest.FixtureRequest):
    assert request.node.nodeid.endswith(f"@{group_of(request.node)}")
