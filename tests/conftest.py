"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.engine import DockerEngine

# `--import-mode=importlib` leaves sys.path alone; the helpers under tests/support are shared.
sys.path.insert(0, str(Path(__file__).parent))

pytest_plugins = ["support.parallel"]


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """One Docker engine for the whole run, for whoever asks."""
    # Imports the Docker SDK: only for them.
    from support.engine import running_engine

    with running_engine() as engine:
        yield engine
