"""Fixtures that every part of the suite may use."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from support.engine import DockerEngine

# Where Python may not keep what it compiled, each of the hundreds of programs that the tests start
# would compile all of its libraries anew: two to four seconds of CPU every time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Whoever starts the tests in the background hands these on as ignored (a shell's `&`, `nohup`): so
# would the tests, to the programs that they interrupt.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(
            _number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL
        )

# `--import-mode=importlib` leaves sys.path alone; the helpers under tests/support are shared.
sys.path.insert(0, str(Path(__file__).parent))

# How long an example takes says more about what else the machine does.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")

pytest_plugins = ["support.parallel"]


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> None:
    """What one test found out is not known to another, nor what the user's own runs did."""
    nowhere = tmp_path_factory.getbasetemp() / f"memory-{uuid4().hex}"
    monkeypatch.setenv("SPCS_WORKER_TUI_CACHE_DIR", str(nowhere))


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    """One Docker engine for the whole run, for whoever asks."""
    # Imports the Docker SDK: only for them.
    from support.engine import running_engine

    with running_engine() as engine:
        yield engine
