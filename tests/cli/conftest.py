"""A sandbox with life in it, and the program with saved connections to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.sandbox.catalogue.executor import Executor
from spcs_worker_tui.sandbox.catalogue.model import Image, Service
from spcs_worker_tui.sandbox.clock import WallClock
from spcs_worker_tui.sandbox.reconciler.delays import INSTANT
from spcs_worker_tui.sandbox.reconciler.reconciler import Reconciler
from spcs_worker_tui.sandbox.runtimes.base import Launch, LogSink
from spcs_worker_tui.sandbox.runtimes.choice import RuntimeChoice
from spcs_worker_tui.sandbox.runtimes.simulated import (
    Behaviour,
    SimulatedContainer,
    SimulatedRuntime,
)
from support.catalogue import Lab, new_lab
from support.program import Program
from support.sandbox import RunningSandbox, running_sandbox
from support.saved_connections import save

BEHAVIOURS = {
    "plain": Behaviour(first_lines=("{service}/{instance_id} started",)),
    "chatty": Behaviour(lines=("line {count}",), seconds_per_line=0.1),
    "crash": Behaviour(
        first_lines=("starting",), last_lines=("RuntimeError: boom",), exit_after=1.0, exit_code=3
    ),
}

SPEC = """
spec:
  containers:
  - name: main
    image: /d/s/repo/{image}:1.0
    env: {{{env}}}
    resources:
      requests: {{cpu: 0.01, memory: 16Mi}}
"""


class OpenRuntime(SimulatedRuntime):
    """Lets a test write into the containers' logs, too."""

    def __init__(self, clock: WallClock) -> None:
        super().__init__(clock, BEHAVIOURS)
        self.sinks: dict[str, LogSink] = {}

    async def start(self, launch: Launch, log: LogSink) -> SimulatedContainer:
        self.sinks[launch.service] = log
        return await super().start(launch, log)


@dataclass
class World:
    """A sandbox whose containers play scripts, and the program that operates it."""

    program: Program
    sandbox: RunningSandbox
    lab: Lab
    reconciler: Reconciler
    runtime: OpenRuntime

    def write(self, name: str, *lines: str) -> None:
        """The container of that service writes, all at once."""
        for line in lines:
            self.runtime.sinks[name](datetime.now(UTC), line)

    async def create(self, name: str, image: str = "plain", env: str = "") -> Service:
        """CREATE SERVICE, and wait until it runs."""
        spec = SPEC.format(image=image, env=env)
        await self.lab.sql(f"CREATE SERVICE {name} IN COMPUTE POOL P FROM SPECIFICATION $${spec}$$")
        service = self.lab.service(name)
        await self.reaches(name, "RUNNING")
        return service

    async def reaches(self, name: str, status: str) -> None:
        service = self.lab.service(name)
        assert await self.reconciler.reached(service, [status], 20), service.status

    def connections(self, **connections: dict[str, Any]) -> None:
        """Save these; each says how it differs from the good one, None is to leave out."""
        good = self.sandbox.connection(enable_server_session_keep_alive_auto_detection=None)
        saved = {name: good | changes for name, changes in connections.items()}
        save(
            self.program.home,
            {name: {k: v for k, v in c.items() if v is not None} for name, c in saved.items()},
        )


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


@pytest.fixture
async def world(program: Program) -> AsyncIterator[World]:
    """One connection, `dev`, to an account without services."""
    lab, clock = new_lab(), WallClock()
    simulated = OpenRuntime(clock)
    choice = RuntimeChoice((), simulated, simulated)
    # The lab's clock stands still and its platform does nothing; this one is alive.
    reconciler = Reconciler(lab.account, clock, choice, INSTANT)
    lab.executor = Executor(lab.account, reconciler)
    for number, command in enumerate(BEHAVIOURS):
        image = Image(command, {"1.0"}, f"sha256:{number:064}", clock.now(), command=command)
        lab.account.image_repositories["D", "S", "REPO"].images.append(image)
    reconciler.start()
    try:
        async with running_sandbox(lab) as sandbox:
            world = World(program, sandbox, lab, reconciler, simulated)
            world.connections(dev={})
            yield world
    finally:
        await reconciler.stop(0)
        await simulated.close()
