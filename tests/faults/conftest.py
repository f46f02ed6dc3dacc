from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.faults import Bench, running_bench


@pytest.fixture(scope="session")
def running() -> Iterator[Bench]:
    """One for all: it is well again after each test."""
    yield from running_bench()


@pytest.fixture
def bench(running: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("SNOWFLAKE_HOME", str(running.sandbox.home))
    yield running
    running.clear()
    running.wait_for_prefect()
