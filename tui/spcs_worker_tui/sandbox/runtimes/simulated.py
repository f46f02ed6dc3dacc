"""Containers without a process: what they do is a script. For fleets of thousands."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from spcs_worker_tui.sandbox.clock import Agenda, Clock
from spcs_worker_tui.sandbox.runtimes.base import Exit, ImageNotPulledError, Launch, LogSink

KILLED: Final = 137
TERMINATED: Final = 143
_OK: Final = 200
_UNAVAILABLE: Final = 503
_TICK: Final = timedelta(milliseconds=250)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A script. Durations are seconds of the sandbox's clock after the start.

    Lines may name `{service}`, `{instance_id}` and `{count}` (of lines so far).
    """

    first_lines: Sequence[str] = ()
    lines: Sequence[str] = ()
    """Written in turn, one every `seconds_per_line`."""
    seconds_per_line: float = 5.0
    last_lines: Sequence[str] = ()
    """Written when it ends by itself."""
    ready_after: float | None = 0.0
    """When the probe answers 200 instead of 503; None is never."""
    exit_after: float | None = None
    exit_code: int = 1
    oom_killed: bool = False
    obeys_sigterm: bool = True
    stop_seconds: float = 0.0
    """How long it takes to follow SIGTERM."""
    stop_code: int = 0
    can_pull: bool = True
    can_start: bool = True


IDLE: Final = Behaviour(first_lines=("{service}/{instance_id} started",))

BEHAVIOURS: Final[Mapping[str, Behaviour]] = {
    "sim-worker": Behaviour(
        first_lines=("Worker '{service}-{instance_id}' started!",),
        lines=("{count} | INFO    | prefect.flow_runs.worker - Worker '{service}' is waiting",),
        ready_after=2.0,
        stop_seconds=0.5,
    ),
    "sim-chatty": Behaviour(
        first_lines=("Worker '{service}-{instance_id}' started!",),
        lines=("{count} | INFO    | Task run 'load-{count}' - Finished in state Completed()",),
        seconds_per_line=0.005,
        ready_after=2.0,
        stop_seconds=0.5,
    ),
    "sim-crash": Behaviour(
        first_lines=("starting",),
        last_lines=("Traceback (most recent call last):", "RuntimeError: boom"),
        exit_after=3.0,
    ),
    "sim-oom": Behaviour(exit_after=5.0, exit_code=KILLED, oom_killed=True),
    "sim-never-ready": Behaviour(first_lines=("waiting for the database",), ready_after=None),
    "sim-stubborn": Behaviour(first_lines=("I do not stop",), obeys_sigterm=False),
    "sim-cannot-start": Behaviour(can_start=False),
    "sim-job": Behaviour(
        first_lines=("working",), last_lines=("done",), exit_after=2.0, exit_code=0
    ),
}
"""The scripts that come with the sandbox, by `Image.command`."""


class SimulatedRuntime:
    """Plays scripts.

    Args:
        clock: When things happen.
        behaviours: Scripts by `Image.command`.
        default: The script of every other image.
    """

    name = "simulated"

    def __init__(
        self,
        clock: Clock,
        behaviours: Mapping[str, Behaviour] = BEHAVIOURS,
        default: Behaviour = IDLE,
    ) -> None:
        self._clock = clock
        self._behaviours = behaviours
        self._default = default
        self._agenda = Agenda(clock)
        self._running: set[SimulatedContainer] = set()

    async def start(self, launch: Launch, log: LogSink) -> SimulatedContainer:
        """Start one life.

        Raises:
            ImageNotPulledError: The script says that its image cannot be pulled.
            OSError: The script says that it cannot be started.
        """
        behaviour = self._behaviours.get(launch.command_name, self._default)
        if not behaviour.can_pull:
            raise ImageNotPulledError(f"{launch.image} cannot be pulled")
        if not behaviour.can_start:
            raise OSError(f"{launch.image} cannot be started")
        container = SimulatedContainer(launch, behaviour, log, self._clock, self._agenda)
        self._running.add(container)
        container.ended.add_done_callback(lambda _: self._running.discard(container))
        return container

    async def close(self) -> None:
        """End everything that still runs."""
        for container in list(self._running):
            container.kill()
        self._agenda.close()


class SimulatedContainer:
    """One life of a script."""

    def __init__(
        self, launch: Launch, behaviour: Behaviour, log: LogSink, clock: Clock, agenda: Agenda
    ) -> None:
        self.launch = launch
        self.behaviour = behaviour
        self._log = log
        self._clock = clock
        self._agenda = agenda
        self._count = itertools.count(1)
        self._started = clock.now()
        self._terminated = False
        self._frozen = False
        self.files = dict(launch.files)
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._write(behaviour.first_lines)
        if behaviour.lines:
            self._write_later()
        if behaviour.exit_after is not None:
            agenda.at(self._started + timedelta(seconds=behaviour.exit_after), self._end_by_itself)

    async def wait(self) -> Exit:
        """Return when it has ended; may be awaited by several at once."""
        return await asyncio.shield(self.ended)

    def terminate(self) -> None:
        """SIGTERM."""
        if not self.behaviour.obeys_sigterm or self._terminated:
            return
        self._terminated = True
        due = self._clock.now() + timedelta(seconds=self.behaviour.stop_seconds)
        self._agenda.at(due, lambda: self._end(Exit(self.behaviour.stop_code)))

    def kill(self) -> None:
        """SIGKILL."""
        self._end(Exit(KILLED))

    async def probe(self, port: int, path: str) -> int | None:  # noqa: ARG002
        """Answer as the script says, on every port and path."""
        after = self.behaviour.ready_after
        if self.ended.done() or self._frozen:
            return None
        if after is None:
            return _UNAVAILABLE
        ready = self._clock.now() - self._started >= timedelta(seconds=after)
        return _OK if ready else _UNAVAILABLE

    def write_files(self, files: Mapping[str, str]) -> None:
        """Keep what the secrets are now."""
        self.files = dict(files)

    def crash(self, code: int = 1, *, oom_killed: bool = False) -> None:
        """End at once with that exit code, as if by itself."""
        self._end(Exit(code, oom_killed=oom_killed))

    def freeze(self) -> None:
        """Stop where it is: no probe is answered, no line written."""
        self._frozen = True

    def thaw(self) -> None:
        """Go on."""
        self._frozen = False

    def _end_by_itself(self) -> None:
        if not self.ended.done():
            self._write(self.behaviour.last_lines)
            self._end(Exit(self.behaviour.exit_code, self.behaviour.oom_killed))

    def _end(self, how: Exit) -> None:
        if not self.ended.done():
            self.ended.set_result(how)

    def _write_later(self) -> None:
        # Rounded up to a common tick: then one wake-up writes the lines of a whole fleet.
        due = self._clock.now() + timedelta(seconds=self.behaviour.seconds_per_line)
        self._agenda.at(_EPOCH - (_EPOCH - due) // _TICK * _TICK, self._write_next)

    def _write_next(self) -> None:
        if self.ended.done():
            return
        if self._frozen:
            self._write_later()
            return
        lines = self.behaviour.lines
        # As many as fall into one tick; most write fewer than that.
        for _ in range(max(1, round(_TICK.total_seconds() / self.behaviour.seconds_per_line))):
            count = next(self._count)
            self._log(self._clock.now(), self._filled(lines[(count - 1) % len(lines)], count))
        self._write_later()

    def _write(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._log(self._clock.now(), self._filled(line, 0))

    def _filled(self, line: str, count: int) -> str:
        launch = self.launch
        return line.format(service=launch.service, instance_id=launch.instance_id, count=count)
