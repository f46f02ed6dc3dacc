"""Tests side by side: what shares something dear stays together, what is timed runs alone."""

from __future__ import annotations

import fcntl
import gc
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

TOGETHER = {
    "docker": "docker",
    "faults": "faults",
    "sandbox/snow": "snow",
    "sql": "snow",
    "worker": "worker",
}
"""Folders whose tests share a Docker engine, a `snow` process or a Prefect server."""

LONGEST = (
    "docker",
    "worker",
    "end_to_end/test_changes.py",
    "cli/test_actions.py",
    "end_to_end/test_dashboard.py",
    "snow",
)
"""What would otherwise still run when all others have nothing left to do."""

PLACE = "SPCS_WORKER_TUI_TESTS_PLACE"
"""Names the folder in which the processes of one run wait for each other."""


def group_of(item: pytest.Item) -> str:
    """Tests of one group run in one process, one after the other."""
    if "docker_engine" in getattr(item, "fixturenames", ()):
        return "docker"
    path = item.path.relative_to(Path(__file__).parents[1])
    return TOGETHER.get(path.parent.as_posix(), path.as_posix())


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Among the processes of one run: with the others, or with nobody.

    Whoever wants to be alone holds the gate while waiting for the others to finish, so that
    they do not start anew before.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    place = Path(os.environ[PLACE]) / "turn"
    with ExitStack() as held:
        gate = held.enter_context(place.with_suffix(".gate").open("a"))
        room = held.enter_context(place.with_suffix(".room").open("a"))
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Say what the mark means; make the place to wait at, for all processes of this run."""
    config.addinivalue_line("markers", "alone: has to be quick enough, so nothing runs beside it")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        place = tempfile.TemporaryDirectory(prefix="spcs-worker-tui-tests-")
        os.environ[PLACE] = place.name
        config.add_cleanup(place.cleanup)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its group, and let what takes longest begin.

    First of all: a process of pytest-xdist reads the marks in the same hook.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    group = group_of(item)
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Wait for the turn before any clock of the test runs."""
    with turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Let a process end quickly once it has said that it is through with its tests.

    pytest collects garbage several times then, seconds each with all that was imported. After five
    of them execnet interrupts the process, and a KeyboardInterrupt comes up wherever it was.
    """
    gc.collect()
    gc.freeze()
