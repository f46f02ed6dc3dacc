"""A service on a sandbox whose containers write what a script says, and what became of it.

Numbered lines in bursts, lines of 64 KB, equal time stamps, clocks that are set, restarts in
between. Every answer of the server is noted, so that a check knows what a tail was told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from spcs_worker_tui.domain.log import LogSource
from spcs_worker_tui.sandbox.catalogue.executor import Executor
from spcs_worker_tui.sandbox.catalogue.model import Service, Stage
from spcs_worker_tui.sandbox.catalogue.platform import LogRecord
from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.clock import Clock, ManualClock
from spcs_worker_tui.sandbox.reconciler.delays import INSTANT
from spcs_worker_tui.sandbox.reconciler.logs import ContainerLog, nanoseconds
from spcs_worker_tui.sandbox.reconciler.reconciler import Reconciler
from spcs_worker_tui.sandbox.results import Table
from spcs_worker_tui.sandbox.runtimes.choice import RuntimeChoice
from spcs_worker_tui.sandbox.runtimes.simulated import (
    Behaviour,
    SimulatedContainer,
    SimulatedRuntime,
)
from spcs_worker_tui.sandbox.sql.ast import StagePath, Statement
from spcs_worker_tui.sandbox.wire.tenants import StatementExecutor
from support.catalogue import new_lab
from support.sandbox import RunningSandbox, running_sandbox

TICK = 0.05
"""Seconds; what falls into one is written at once."""
BURST = 5_000
"""Lines a second."""
LONG_LINE = 64 * 1024
SECOND = 1_000_000_000
SERVICE = "CHATTY"
CONTAINER = "worker"

Line = tuple[int | None, str]


@dataclass(frozen=True, slots=True)
class Write:
    """So many lines at once; `alike` of them share a time stamp."""

    count: int
    size: int = 60
    alike: int = 1


@dataclass(frozen=True, slots=True)
class SetClock:
    """The node's clock is set by so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Crash:
    """The container ends, and is started again a second later."""


Act = Write | SetClock | Crash
Script = Sequence[tuple[float, Act]]
"""Seconds to wait, and what happens then."""


def nasty(lines: int, seed: int, apart: float = 0.0) -> Script:
    """At least so many lines, in every manner that makes a tail stumble.

    Args:
        lines: Of one container.
        seed: The same script for the same seed.
        apart: Seconds that a container lives at least.
    """
    random = Random(seed)
    script: list[tuple[float, Act]] = []
    left = lines
    while left > 0:
        part = random.choice(_PHASES)(random)
        if random.random() < 0.3:
            part += _crashes(random, apart)
        left -= sum(act.count for _, act in part if isinstance(act, Write))
        script += part
    return script


Part = list[tuple[float, Act]]


def _burst(random: Random) -> Part:
    size = random.choice([0, 20, 60, 200])
    return [(TICK, Write(int(BURST * TICK), size))] * random.randint(2, 16)


def _steady(random: Random) -> Part:
    rate = random.choice([20, 100, 300, 1000])
    write = Write(max(1, int(rate * TICK)), random.choice([20, 60, 120]))
    return [(TICK, write)] * random.randint(20, 60)


def _quiet(random: Random) -> Part:
    return [(random.uniform(1, 9), Write(random.randint(1, 3)))]


def _long(random: Random) -> Part:
    return [
        (random.uniform(0, 3), Write(random.randint(1, 3), LONG_LINE)),
        (random.uniform(0, 3), Write(random.randint(1, 5))),
    ]


def _alike(random: Random) -> Part:
    times = range(random.randint(1, 6))
    return [(random.uniform(0, 0.5), Write(random.randint(30, 300), 20, 40)) for _ in times]


def _clock(random: Random) -> Part:
    return [
        (TICK, SetClock(random.choice([-3600, -30, -0.5, 0.5, 30, 3600]))),
        (TICK, Write(random.randint(1, 100))),
    ]


def _crashes(random: Random, apart: float) -> Part:
    part: Part = []
    for _ in range(random.choice([1, 1, 2])):
        part.append((apart + random.uniform(0, 2), Write(random.randint(1, 40))))
        part.append((0, Crash()))
    return part


_PHASES = (_burst, _burst, _burst, _steady, _quiet, _long, _alike, _clock)


@dataclass
class Writer:
    """One container: what it will write, and what it wrote."""

    source: LogSource
    script: list[tuple[float, Act]]
    due: datetime
    ahead_ns: int = 0
    written: list[Line | str] = field(default_factory=list)
    """Every line, with `restart` between two lives."""
    told: set[int] = field(default_factory=set)
    """The numbers of lines that stood in an answer."""
    answers: list[tuple[int, int]] = field(default_factory=list)
    """The first and the last number in each answer."""
    count: int = 0
    asked: int = 0

    def write(self, log: ContainerLog, now: datetime, act: Write) -> None:
        """Put these lines into the server's log."""
        base = nanoseconds(now) + self.ahead_ns
        for index in range(act.count):
            self.count += 1
            stamp = base + index // act.alike * 1_000
            text = f"{self.count:07d} {'x' * act.size}"
            # Not through `write`, which gives each line a later time stamp than the one before.
            log.current.append(stamp, text)
            self.written.append((stamp, text))

    @property
    def lines(self) -> list[Line]:
        """What it wrote, without the restarts."""
        return [line for line in self.written if not isinstance(line, str)]


class LoadedService:
    """The service, and the hand that plays the scripts.

    Args:
        scripts: One for each instance.
        clock: The sandbox's time.
    """

    def __init__(self, scripts: Sequence[Script], clock: Clock) -> None:
        self.clock = clock
        self.lab = new_lab()
        self.runtime = SimulatedRuntime(clock, {}, Behaviour())
        runtimes = RuntimeChoice((), self.runtime, self.runtime)
        self.reconciler = Reconciler(self.lab.account, clock, runtimes, INSTANT)
        self.writers = [
            Writer(LogSource(number, CONTAINER), list(script), clock.now())
            for number, script in enumerate(scripts)
        ]
        self.plays = False
        self._moving = asyncio.Lock()

    @property
    def service(self) -> Service:
        """As the sandbox has it."""
        return self.lab.account.services["D", "S", SERVICE]

    @property
    def is_over(self) -> bool:
        """Whether everything was written."""
        return not any(writer.script for writer in self.writers)

    async def create(self) -> None:
        """By statement; it runs when this returns."""
        number = len(self.writers)
        await self.lab.sql(
            f"CREATE SERVICE D.S.{SERVICE} IN COMPUTE POOL P FROM SPECIFICATION "
            f"$${{spec: {{containers: [{{name: {CONTAINER}, image: /d/s/repo/worker:1.0}}]}}}}$$ "
            f"MIN_INSTANCES = {number} MAX_INSTANCES = {number}"
        )
        while len(self.containers()) < number:
            await self.clock.sleep(0) if not isinstance(self.clock, ManualClock) else (
                await self.clock.advance(TICK)
            )

    def begin(self) -> None:
        """The scripts are played from now on."""
        self.plays = True
        for writer in self.writers:
            writer.due = self.clock.now()

    def containers(self) -> dict[int, SimulatedContainer]:
        """Those that run, by instance."""
        return {c.launch.instance_id: c for c in self.runtime._running if not c.ended.done()}

    def log(self, writer: Writer) -> ContainerLog:
        """The server's log of that container."""
        source = writer.source
        logs = self.reconciler._shared.logs._logs[id(self.service)]
        return logs[source.instance_id, source.container]

    def play(self) -> None:
        """Do what is due; a container that is down does it later."""
        if not self.plays:
            return
        running, now = self.containers(), self.clock.now()
        for writer in self.writers:
            while writer.script and writer.due <= now:
                container = running.get(writer.source.instance_id)
                if container is None:
                    writer.due = now
                    break
                _, act = writer.script.pop(0)
                self._do(writer, container, act)
                if isinstance(act, Crash):
                    del running[writer.source.instance_id]
                if writer.script:
                    writer.due += timedelta(seconds=writer.script[0][0])

    def _do(self, writer: Writer, container: SimulatedContainer, act: Act) -> None:
        if isinstance(act, Write):
            writer.write(self.log(writer), self.clock.now(), act)
        elif isinstance(act, SetClock):
            writer.ahead_ns += int(act.seconds * SECOND)
        else:
            writer.written.append("restart")
            container.crash()

    async def pass_time(self, seconds: float) -> None:
        """Move a clock that stands still, playing meanwhile."""
        assert isinstance(self.clock, ManualClock)
        async with self._moving:
            while seconds > 1e-9:
                step = min(TICK, seconds)
                await self.clock.advance(step)
                self.play()
                seconds -= step

    def note(self, instance_id: int, text: str, *, previous: bool) -> None:
        """Remember what the server said."""
        writer = self.writers[instance_id]
        writer.asked += 1
        log = self.log(writer)
        run = log.previous if previous else log.current
        assert run is not None
        if text:
            count = text.count("\n") + 1
            first = int(run.lines[-count][1][:7])
            writer.answers.append((first, first + count - 1))
            writer.told |= set(range(first, first + count))


class Noting:
    """The platform, with an ear at its logs."""

    def __init__(self, load: LoadedService) -> None:
        self._load = load

    def __getattr__(self, name: str) -> Any:
        return getattr(self._load.reconciler, name)

    def wake(self) -> None:
        self._load.reconciler.wake()

    async def reached(
        self, service: Service, statuses: Collection[str], within: float | None
    ) -> bool:
        return await self._load.reconciler.reached(service, statuses, within)

    def read_log(self, service: Service, instance_id: int, container: str, **how: Any) -> str:
        text = self._load.reconciler.read_log(service, instance_id, container, **how)
        self._load.note(instance_id, text, previous=bool(how.get("previous")))
        return text

    def log_records(self, service: Service, start: datetime, end: datetime) -> Sequence[LogRecord]:
        return self._load.reconciler.log_records(service, start, end)


class Slow:
    """An executor whose answers take time, while the containers go on writing."""

    def __init__(self, executor: StatementExecutor, load: LoadedService, seconds: float) -> None:
        self._executor = executor
        self._load = load
        self._seconds = seconds

    async def execute(self, statement: Statement, session: SessionContext) -> Table:
        if self._seconds:
            await self._load.pass_time(self._seconds / 2)
        answer = await self._executor.execute(statement, session)
        if self._seconds:
            await self._load.pass_time(self._seconds / 2)
        return answer

    def resolve_stage(self, session: SessionContext, path: StagePath, privilege: str) -> Stage:
        return self._executor.resolve_stage(session, path, privilege)


@asynccontextmanager
async def loaded(load: LoadedService, answer_seconds: float = 0.0) -> AsyncIterator[RunningSandbox]:
    """Serve it on a socket; its containers run.

    Args:
        load: Nothing of its scripts was played before.
        answer_seconds: How long each statement takes by a clock that stands still.
    """
    lab = load.lab
    lab.executor = Executor(lab.account, Noting(load))
    load.reconciler.start()
    try:
        await load.create()
        async with running_sandbox(
            lab, executor=lambda lab: Slow(lab.executor, load, answer_seconds)
        ) as sandbox:
            yield sandbox
    finally:
        await load.reconciler.stop(0)
        await load.runtime.close()
