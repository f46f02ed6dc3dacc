"""A trial's steps, with an engine and a Prefect that do what a test wants of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from spcs_worker_tui.domain.building import ImageEngine, LocalImage
from spcs_worker_tui.domain.errors import (
    BuildFailedError,
    ConfigurationError,
    EngineError,
    PrefectError,
    PrefectNotFoundError,
    PrefectUnauthorizedError,
)
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.local import HttpProbe, LocalContainer, LocalState, ProbeAnswer
from spcs_worker_tui.domain.plan import StepProgress, StepState
from spcs_worker_tui.domain.prefect import ActiveRun, WorkerSnapshot, WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.apply.engine import PlannedChange
from spcs_worker_tui.operations.local import LocalTools, Trials
from spcs_worker_tui.operations.local_trial import Trial
from support.audit import MemoryAudit
from support.scripted import ScriptedSession
from support.virtual_time import VirtualClock

KEY = Secret("pnu_which-nobody-sees")
POOL = WorkPoolKey("https://prefect.example.com/api", "spcs")
CONTAINER = LocalContainer("trial", "worker:1", "local-dev-laptop")
TRIAL = Trial(CONTAINER, ("PREFECT_API_KEY",), HttpProbe(8080, "/health"), POOL)


class Leaping(VirtualClock):
    """Whoever sleeps has slept."""

    async def sleep(self, seconds: float) -> None:
        self.skip(seconds)


@dataclass
class Place:
    """An image engine, a container engine and a Prefect in one."""

    clock: Leaping = field(default_factory=Leaping)
    platform: str = "amd64"
    started: LocalContainer | None = None
    stopped: int = 0
    state_of: LocalState = field(default_factory=lambda: LocalState("sha256:1", is_running=True))
    refusals: list[str] = field(default_factory=lambda: ["503 no heartbeat yet"])
    errors: list[PrefectError] = field(default_factory=list)
    log_error: EngineError | None = None
    runs_on: str = CONTAINER.hostname
    beat_before_start: bool = False
    is_left_over: bool = False

    async def image(self, name: str) -> LocalImage | None:
        return LocalImage("sha256:1", "linux", self.platform) if name == "worker:1" else None

    async def state(self, name: str) -> LocalState | None:
        return self.state_of if self.started or self.is_left_over else None

    async def start(self, container: LocalContainer) -> None:
        self.started = container

    async def probe(self, name: str, probe: HttpProbe) -> ProbeAnswer:
        if self.refusals:
            return ProbeAnswer(is_ready=False, detail=self.refusals.pop(0))
        return ProbeAnswer(is_ready=True, detail="200 ready")

    async def log(self, name: str, say: Callable[[str], None], *, follow: bool, last: int) -> None:
        if self.log_error is not None:
            raise self.log_error
        say(f"last words with {KEY.reveal()}")

    async def stop(self, name: str) -> int | None:
        self.stopped += 1
        return 0

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        if self.errors:
            raise self.errors.pop(0)
        ago = timedelta(seconds=20 if self.beat_before_start else 0)
        row = WorkerSnapshot(CONTAINER.hostname, "ONLINE", self.clock.now() - ago, 30)
        self.beat_before_start = False
        return WorkPoolSnapshot(key, "process", "READY", workers=(row,))

    async def create_run(self, key: WorkPoolKey, **_: str) -> ActiveRun:
        return self._run("SCHEDULED", "Scheduled")

    async def run(self, key: WorkPoolKey, run_id: str) -> ActiveRun:
        return self._run("COMPLETED", "Completed")

    def _run(self, kind: str, name: str) -> ActiveRun:
        return ActiveRun("1", "calm-otter", kind, name, worker_name=self.runs_on)

    def trials(self) -> Trials:
        session = ScriptedSession()
        engine = Engine(self.clock, MemoryAudit(), lambda _: session)
        own = cast("Any", self)
        return Trials(LocalTools(cast("ImageEngine", own), own, own, own, engine), within=30)


async def applied(change: PlannedChange) -> tuple[list[StepProgress], dict[str, StepState]]:
    events = [event async for event in change.apply()]
    ended = {e.step.id: e.state for e in events if e.state is not StepState.RUNNING}
    return events, ended


SECRETS = {"PREFECT_API_KEY": KEY}
DONE, FAILED = StepState.DONE, StepState.FAILED


async def test_up_ends_when_it_is_ready_and_beats() -> None:
    place = Place()
    change = await place.trials().up(TRIAL, SECRETS)
    assert "takes flow runs of work pool spcs" in " ".join(change.plan.warnings)
    events, ended = await applied(change)
    assert ended == {"start": DONE, "ready": DONE, "beats": DONE}
    assert any("503 no heartbeat yet" in event.detail for event in events)
    assert place.started is not None
    assert place.started.secrets == SECRETS
    assert place.stopped == 0


async def test_a_trial_that_still_runs_may_finish_its_runs_before_the_next() -> None:
    place = Place(is_left_over=True)
    _, ended = await applied(await place.trials().up(TRIAL, SECRETS))
    assert ended["start"] is DONE
    assert place.stopped == 1


async def test_a_work_pool_that_is_just_being_made_is_waited_for() -> None:
    place = Place(errors=[PrefectNotFoundError("no such pool")])
    _, ended = await applied(await place.trials().up(TRIAL, SECRETS))
    assert ended["beats"] is DONE


async def test_a_heartbeat_of_the_trial_before_is_none_of_this_one() -> None:
    place = Place(beat_before_start=True)
    events, ended = await applied(await place.trials().up(TRIAL, SECRETS))
    assert any("has not beaten since the start" in event.detail for event in events)
    assert ended["beats"] is DONE


@pytest.mark.parametrize(
    ("place", "step", "words"),
    [
        (Place(state_of=LocalState("i", False, 77)), "ready", "ended with exit code 77"),
        (Place(state_of=LocalState("i", False, 137, oom_killed=True)), "ready", "limit of memory"),
        (Place(refusals=["503"] * 99), "ready", "still 503"),
        (Place(errors=[PrefectUnauthorizedError("refused")]), "beats", "refused"),
        (
            Place(state_of=LocalState("i", False, 77), log_error=EngineError("it is gone")),
            "ready",
            "ended with exit code 77",
        ),
    ],
    ids=["ended", "memory", "not ready", "not let in", "no log either"],
)
async def test_what_does_not_come_up_says_why_with_its_last_words(
    place: Place, step: str, words: str
) -> None:
    events, ended = await applied(await place.trials().up(TRIAL, SECRETS))
    assert ended[step] is FAILED
    assert events[-1].error is not None
    assert words in str(events[-1].error)
    told = " ".join(event.detail for event in events)
    assert ("last words" in told) is (place.log_error is None)
    assert KEY.reveal() not in told
    assert place.stopped == 0  # it stays to be looked at


async def test_a_test_runs_a_flow_and_stops_it() -> None:
    place = Place()
    _, ended = await applied(await place.trials().test(TRIAL, SECRETS))
    assert list(ended) == ["start", "ready", "beats", "run", "follow", "stop"]
    assert set(ended.values()) == {DONE}
    assert place.stopped == 1


async def test_a_run_that_another_worker_took_proves_nothing() -> None:
    place = Place(runs_on="d.s.worker.0")
    events, ended = await applied(await place.trials().test(TRIAL, SECRETS))
    assert ended["follow"] is FAILED
    (error,) = [event.error for event in events if event.error is not None]
    assert "another worker of the work pool took the run" in str(error)
    assert "--work-pool" in error.next_step
    assert (ended["stop"], place.stopped) == (DONE, 1)


async def test_what_cannot_be_tried_is_refused_before_anything_starts() -> None:
    place = Place()
    other = Trial(LocalContainer("t", "other:1", "h"), (), None, POOL)
    with pytest.raises(ConfigurationError, match="has no image other:1"):
        await place.trials().up(other, {})
    nowhere = Trial(CONTAINER, (), None, None)
    with pytest.raises(ConfigurationError, match="names no Prefect API"):
        await place.trials().test(nowhere, {})
    with pytest.raises(BuildFailedError, match="is for linux/arm64"):
        await Place(platform="arm64").trials().up(TRIAL, {})
    assert place.started is None


async def test_without_probe_and_pool_it_only_has_to_run() -> None:
    bare = Trial(CONTAINER, (), None, None)
    _, ended = await applied(await Place().trials().up(bare, {}))
    assert ended == {"start": DONE, "ready": DONE}
