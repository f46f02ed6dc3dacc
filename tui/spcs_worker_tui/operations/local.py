"""A rehearsal of the service on this machine: its container, in the Docker engine that is here.

The container gets what Snowflake would give it: the environment of the specification as
`spcs-worker.toml` fills it in, the limits, the readiness probe, SIGTERM and 30 s. It registers in
Prefect under a name of its own, so that nobody takes it for the service, and is not started again
when it ends, so that its last words can be read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    EngineError,
    FleetError,
    PrefectNotFoundError,
)
from spcs_worker_tui.domain.local import (
    STOP_SECONDS,
    LocalContainer,
    LocalEngine,
)
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkQueueKey
from spcs_worker_tui.domain.wishes import Smoke
from spcs_worker_tui.operations.apply import Action, Engine, Outcome, PlannedChange, Tell
from spcs_worker_tui.operations.apply.waiting import Look, wait_until
from spcs_worker_tui.operations.build import refuse_platform
from spcs_worker_tui.operations.local_trial import Trial, docker_command
from spcs_worker_tui.operations.smoke import SmokeRun

if TYPE_CHECKING:
    from spcs_worker_tui.domain.building import ImageEngine
    from spcs_worker_tui.domain.keys import Secret
    from spcs_worker_tui.domain.ports import PrefectReader, PrefectWriter

READY_SECONDS = 180.0
_POLL = 1.0
_LAST_WORDS = 20
_FRESH_INTERVALS = 2


@dataclass(frozen=True, slots=True)
class LocalTools:
    """Ports, and the engine that applies the plans.

    Attributes:
        images: The Docker engine as what builds images.
        containers: The same one as what runs a trial.
    """

    images: ImageEngine
    containers: LocalEngine
    reader: PrefectReader
    writer: PrefectWriter
    engine: Engine


class Trials:
    """Plans trials.

    Args:
        tools: What they need from outside.
        within: Seconds in which a container has to be ready, and its worker to beat.
    """

    def __init__(self, tools: LocalTools, *, within: float = READY_SECONDS) -> None:
        self._tools = tools
        self._within = within

    async def up(self, trial: Trial, secrets: Mapping[str, Secret]) -> PlannedChange:
        """The plan that ends when the container is ready and its worker beats.

        Raises:
            ConfigurationError: The image is not there.
            EngineError: There is no engine, or the image could not run in Snowflake.
        """
        await self._refuse_image(trial)
        run = _TrialRun(self._tools, trial, secrets, self._within)
        return self._planned(
            f"Try {trial.container.image} on this machine",
            trial,
            [run.start(), run.ready(), *run.beats()],
            _hidden(secrets),
        )

    async def test(self, trial: Trial, secrets: Mapping[str, Secret]) -> PlannedChange:
        """As `up`, then a smoke flow on it; it is stopped whatever comes of that.

        Raises:
            ConfigurationError: As `up`, or no Prefect work pool is named.
            EngineError: As `up`.
        """
        if trial.pool is None:
            raise ConfigurationError(
                "the specification names no Prefect API or no work pool to test the worker on",
                next_step="Set prefect_api_url and work_pool in spcs-worker.toml.",
            )
        await self._refuse_image(trial)
        run = _TrialRun(self._tools, trial, secrets, self._within)
        smoke = _OwnSmoke(trial, trial.pool, self._tools)
        actions = [run.start(), run.ready(), *run.beats(), *smoke.actions(), run.end()]
        title = f"Test {trial.container.image} on this machine"
        return self._planned(title, trial, actions, _hidden(secrets))

    def stop(self, name: str) -> PlannedChange:
        """The plan that ends a trial and removes its container."""
        action = _stopping(self._tools.containers, name, undoes="")
        plan = Plan(
            title=f"Stop {name}",
            service=None,
            steps=(),
            made_at=self._tools.engine.clock.now(),
            subject=name,
        )
        return self._tools.engine.change(plan, [action])

    async def _refuse_image(self, trial: Trial) -> None:
        image = await self._tools.images.image(trial.container.image)
        if image is None:
            raise ConfigurationError(
                f"the Docker engine has no image {trial.container.image}",
                next_step="Build it with `spcs-worker-tui build`, or name another one with --tag.",
            )
        refuse_platform(image, trial.container.image)

    def _planned(
        self, title: str, trial: Trial, actions: Sequence[Action], secrets: Sequence[str]
    ) -> PlannedChange:
        warnings = list(trial.notes)
        if trial.pool is not None:
            warnings.append(
                f"It takes flow runs of work pool {trial.pool.name}, as the service does: "
                "--work-pool names another one."
            )
        plan = Plan(
            title=title,
            service=None,
            steps=(),
            made_at=self._tools.engine.clock.now(),
            warnings=tuple(warnings),
            subject=trial.container.name,
        )
        return self._tools.engine.change(plan, actions, secrets=secrets)


def _hidden(secrets: Mapping[str, Secret]) -> tuple[str, ...]:
    return tuple(secret.reveal() for secret in secrets.values())


class _TrialRun:
    """One container from its start to its end."""

    def __init__(
        self, tools: LocalTools, trial: Trial, secrets: Mapping[str, Secret], within: float
    ) -> None:
        self._tools = tools
        self._trial = trial
        self._secrets = secrets
        self._within = within
        self._started: datetime | None = None

    @property
    def _name(self) -> str:
        return self._trial.container.name

    def start(self) -> Action:
        container = self._trial.container
        step = Step(
            "start",
            f"Start {container.image} as {container.name}",
            docker_command(self._trial),
            verification="the engine says that it runs",
        )
        return Action(step, self._start)

    async def _start(self, tell: Tell) -> Outcome:
        containers = self._tools.containers
        before = await containers.state(self._name)
        if before is not None and before.is_running:
            tell("the trial before this one ends first, and may finish its runs")
            await containers.stop(self._name)
        self._started = self._tools.engine.clock.now()
        container = replace(self._trial.container, secrets=self._secrets)
        await containers.start(container)
        return Outcome(_limits(container))

    def ready(self) -> Action:
        probe = self._trial.probe
        title = "Wait until it runs"
        if probe is not None:
            title = f"Wait until its readiness probe answers: GET :{probe.port}{probe.path}"
        step = Step("ready", title, verification="as Snowflake decides on READY")
        return Action(step, self._until(self._look_ready))

    def beats(self) -> list[Action]:
        if self._trial.pool is None:
            return []
        name = self._trial.container.hostname
        step = Step(
            "beats",
            f"Wait until worker {name} beats in work pool {self._trial.pool.name}",
            verification="Prefect has a heartbeat of it since the start",
        )
        return [Action(step, self._until(self._look_beats))]

    def end(self) -> Action:
        return _stopping(self._tools.containers, self._name, undoes="start")

    def _until(self, look: Look) -> Callable[[Tell], Awaitable[Outcome]]:
        async def do(tell: Tell) -> Outcome:
            try:
                return await wait_until(
                    look,
                    tell,
                    self._tools.engine.clock,
                    within=self._within,
                    poll=_POLL,
                    next_step="Read `spcs-worker-tui local logs`; --timeout allows it more time.",
                )
            except FleetError:
                with suppress(EngineError):  # what went wrong first is what is said
                    words = self._tools.containers.log
                    await words(self._name, tell, follow=False, last=_LAST_WORDS)
                raise

        return do

    async def _look_ready(self) -> tuple[bool, str]:
        await self._refuse_ended()
        if self._trial.probe is None:
            return True, "it runs; the specification has no readiness probe"
        answer = await self._tools.containers.probe(self._name, self._trial.probe)
        return answer.is_ready, answer.detail

    async def _look_beats(self) -> tuple[bool, str]:
        assert self._trial.pool is not None
        await self._refuse_ended()
        try:
            pool = await self._tools.reader.work_pool(self._trial.pool)
        except PrefectNotFoundError:
            # The worker may be about to create it; if it may not, it ends and says so.
            return False, f"no work pool {self._trial.pool.name} there yet"
        name = self._trial.container.hostname
        row = next((worker for worker in pool.workers if worker.name == name), None)
        if row is None:
            return False, f"no worker {name} there yet"
        age = pool.heartbeat_age(row, self._tools.engine.clock.now())
        since = None if self._started is None else self._started + pool.clock_skew
        beat = row.last_heartbeat_time
        is_new = since is None or (beat is not None and beat >= since)
        if age is None or not is_new or age > _FRESH_INTERVALS * row.interval:
            return False, f"worker {name} has not beaten since the start"
        return True, f"worker {name} beats"

    async def _refuse_ended(self) -> None:
        state = await self._tools.containers.state(self._name)
        if state is None:
            raise EngineError("the container is gone", next_step="Somebody removed it: try again.")
        if state.is_running:
            return
        why = ", it ran into its limit of memory" if state.oom_killed else ""
        raise EngineError(
            f"the container ended with exit code {state.exit_code}{why}",
            next_step="Its last words are above; docs/worker.md says what the exit codes mean.",
        )


class _OwnSmoke:
    """A smoke flow that has to run on the worker of the trial, and on no other."""

    def __init__(self, trial: Trial, pool: WorkPoolKey, tools: LocalTools) -> None:
        self._worker = trial.container.hostname
        self._run = SmokeRun(Smoke(WorkQueueKey(pool)), tools.writer, tools.engine.clock)

    def actions(self) -> list[Action]:
        ask, follow = self._run.actions()

        async def do(tell: Tell) -> Outcome:
            outcome = await follow.do(tell)
            if not outcome.detail.endswith(f" on {self._worker}"):
                raise FleetError(
                    f"another worker of the work pool took the run: {outcome.detail}",
                    next_step="Try it on a work pool of its own, with --work-pool.",
                )
            return outcome

        return [ask, replace(follow, do=do)]


def _stopping(containers: LocalEngine, name: str, *, undoes: str) -> Action:
    async def do(_: Tell) -> Outcome:
        code = await containers.stop(name)
        if code is None:
            return Outcome("there was none")
        return Outcome(f"it ended with exit code {code}, and is removed")

    step = Step(
        "stop",
        f"Stop {name}: SIGTERM, {STOP_SECONDS} s, SIGKILL",
        f"docker stop --time {STOP_SECONDS} {name}; docker rm {name}",
        undoes=undoes,
    )
    return Action(step, do)


def _limits(container: LocalContainer) -> str:
    memory = f"{container.memory_bytes / 2**20:g} MiB" if container.memory_bytes else "no limit"
    cpus = f"{container.cpus:g} vCPU" if container.cpus else "no limit of cpu"
    return f"memory {memory}, {cpus}"
