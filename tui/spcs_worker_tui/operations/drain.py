"""Drain: hand a service's workers no new flow runs, wait for those that run, act, go on again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.errors import FleetError, PlanRefusedError, StatementRefusedError
from spcs_worker_tui.domain.plan import Step
from spcs_worker_tui.domain.prefect import ActiveRun, WorkPoolKey, WorkPoolSnapshot, WorkQueueKey
from spcs_worker_tui.domain.wishes import Drain
from spcs_worker_tui.operations.apply.action import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.waiting import GaveUpError, wait_until
from spcs_worker_tui.operations.drain_marks import drainer, left_behind, marked, marks, unmarked
from spcs_worker_tui.operations.drain_runs import OwnRuns

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceSnapshot
    from spcs_worker_tui.domain.ports import Clock, PrefectWriter, SnowflakeSession

PAUSE, DRAINED, UNPAUSE = "pause", "drained", "unpause"
"""The ids of the steps."""

_NAMED = 3


@dataclass(frozen=True, slots=True)
class DrainTiming:
    """Seconds.

    A worker may have fetched runs right before the pause that it takes a moment later: none may
    be seen for as long as `settle`.
    """

    poll: float = 2.0
    settle: float = 5.0
    unpause_within: float = 120.0


@dataclass(slots=True)
class Drainage:
    """The steps that drain one service, and what does them.

    Args:
        service: As the plan saw it.
        session: Of its connection, for when its containers started.
        writer: Prefect.
        clock: Time.
        targets: What is paused: the narrowest that keeps runs from this service's workers.
        who: As the marks call the service.
        wish: For how long to wait.
        own: Tells which runs are its own; None where only an earlier drain is finished.
        timing: How often to look.
    """

    service: ServiceSnapshot
    session: SnowflakeSession
    writer: PrefectWriter
    clock: Clock
    targets: tuple[WorkQueueKey, ...]
    who: str
    wish: Drain = field(default_factory=Drain)
    own: OwnRuns | None = None
    timing: DrainTiming = field(default_factory=DrainTiming)
    _quiet_since: datetime | None = None

    def before(self) -> list[Action]:
        """Pause, and wait."""
        names = _labels(self.targets)
        pause = Step(
            PAUSE,
            f"Pause {names}",
            _requests(self.targets, paused=True),
            "it is not paused already",
            "Prefect says that it is paused",
        )
        limit = humanise(timedelta(seconds=self.wish.within))
        after = "then go on anyway" if self.wish.act_anyway else "then give up"
        wait = Step(
            DRAINED,
            f"Wait until no flow run is in the hands of its workers, {limit} at most, {after}",
            verification="no run in Prefect carries a worker's name of this service",
        )
        return [Action(pause, self._pause), Action(wait, self._wait)]

    def after(self) -> Action:
        """Go on, whatever happened in between."""
        return self._unpause_action(PAUSE)

    def finish(self) -> Action:
        """Take back what an earlier drain left paused."""
        return self._unpause_action("")

    def _unpause_action(self, undoes: str) -> Action:
        step = Step(
            UNPAUSE,
            f"Unpause {_labels(self.targets)}",
            _requests(self.targets, paused=False),
            "this paused it",
            "Prefect says that it is not paused",
            undoes=undoes,
        )
        return Action(step, self._unpause, self._is_unpaused)

    async def _pause(self, tell: Tell) -> Outcome:
        said = []
        for target in self.targets:
            said.append(await self._pause_one(target))
            tell(said[-1])
        return Outcome("; ".join(said))

    async def _pause_one(self, target: WorkQueueKey) -> str:
        state = await self.writer.pause_state(target)
        known = marks(state.description)
        if state.is_paused and not known:
            return f"{target.label} was paused before, and is left so"
        if not (state.is_paused and self.who in known):
            text = marked(state.description, self.who, self.clock.now())
            await self.writer.set_paused(target, paused=True, description=text)
        if not (await self.writer.pause_state(target)).is_paused:
            raise FleetError(
                f"{target.label} is not paused although Prefect said yes",
                next_step="Somebody else may have unpaused it at that moment. Try again.",
            )
        return f"{target.label} is paused"

    async def _wait(self, tell: Tell) -> Outcome:
        self._quiet_since = None
        try:
            return await wait_until(
                self._look,
                tell,
                self.clock,
                within=self.wish.within,
                poll=self.timing.poll,
                next_step="Wait longer with --drain-timeout, or add --act-anyway: what still runs "
                "then gets SIGTERM and 30 s.",
            )
        except GaveUpError as error:
            if not self.wish.act_anyway:
                raise
            return Outcome(f"{error}; going on anyway")

    async def _look(self) -> tuple[bool, str]:
        assert self.own is not None
        pool = self.targets[0].pool
        runs, now = await self.writer.active_runs(pool), await self.writer.now(pool)
        try:
            containers = await self.session.show_service_containers(self.service.key)
        except StatementRefusedError:
            containers = None  # without MONITOR nobody knows which runs are dead: all count
        own, dead = self.own.among(runs, now, containers, self.service.instances.value)
        aside = f"; not waiting for {_runs(dead)}: its container has restarted" if dead else ""
        if own:
            self._quiet_since = None
            return False, f"{_runs(own)}{aside}"
        self._quiet_since = self._quiet_since or self.clock.now()
        quiet = (self.clock.now() - self._quiet_since).total_seconds()
        if quiet < self.timing.settle:
            return False, f"no flow run is left, making sure{aside}"
        return True, f"no flow run is left{aside}"

    async def _is_unpaused(self) -> str:
        try:
            for target in self.targets:
                if self.who in marks((await self.writer.pause_state(target)).description):
                    return ""
        except FleetError:
            return ""  # not known: trying tells
        return "nothing is paused by this"

    async def _unpause(self, tell: Tell) -> Outcome:
        return await wait_until(
            self._try_unpause,
            tell,
            self.clock,
            within=self.timing.unpause_within,
            poll=self.timing.poll,
            next_step=f"Unpause {_labels(self.targets)} with `pool resume`, or plan anything for "
            "this service again, which finds it.",
        )

    async def _try_unpause(self) -> tuple[bool, str]:
        said = [await self._unpause_one(target) for target in self.targets]
        return True, "; ".join(said)

    async def _unpause_one(self, target: WorkQueueKey) -> str:
        state = await self.writer.pause_state(target)
        known = marks(state.description)
        if self.who not in known:
            return f"{target.label} is left as it is: this did not pause it"
        others = sorted(known.keys() - {self.who})
        rest = unmarked(state.description, self.who)
        await self.writer.set_paused(target, paused=bool(others), description=rest)
        if others:
            return f"{target.label} stays paused: {', '.join(others)} drains, too"
        return f"{target.label} goes on"


def drainage(
    service: ServiceSnapshot,
    fleet: FleetSnapshot,
    wish: Drain,
    session: SnowflakeSession,
    writer: PrefectWriter,
    clock: Clock,
    timing: DrainTiming,
) -> Drainage:
    """How to drain that service.

    Raises:
        PlanRefusedError: Nobody can tell which flow runs are its own.
    """
    pool, name = known_pool(service, fleet), service.key.qualified
    if service.binding is None:
        raise PlanRefusedError(
            f"{name} cannot be drained: it is no Prefect worker", next_step="Leave --drain out."
        )
    if pool is None:
        raise PlanRefusedError(
            f"{name} cannot be drained: which flow runs are its own is not known, since its "
            "Prefect API does not answer or its spec names none",
            next_step="Look at the reasons on the service's page, or leave --drain out.",
        )
    queues = service.binding.work_queues
    targets = tuple(WorkQueueKey(pool.key, queue) for queue in queues) or (WorkQueueKey(pool.key),)
    who, own = drainer(service.key), OwnRuns.of(service, pool)
    return Drainage(service, session, writer, clock, targets, who, wish, own, timing)


def interrupted_drainage(
    service: ServiceSnapshot,
    fleet: FleetSnapshot,
    session: SnowflakeSession,
    writer: PrefectWriter,
    clock: Clock,
    timing: DrainTiming,
) -> tuple[Drainage, str] | None:
    """What an earlier drain of the service left paused and how to take it back, in words, too."""
    who = drainer(service.key)
    left = left_behind(known_pool(service, fleet), who)
    if not left:
        return None
    targets = tuple(left)
    text = (
        f"A drain of this service that began at {min(left.values())} was interrupted, or somebody "
        f"else is at it now: {_labels(targets)} is paused by it. This unpauses it."
    )
    found = Drainage(service, session, writer, clock, targets, who, timing=timing)
    return found, text


def known_pool(service: ServiceSnapshot, fleet: FleetSnapshot) -> WorkPoolSnapshot | None:
    """What Prefect says of the service's pool, or None when it does not answer."""
    seen = fleet.work_pool(service)
    if seen is None or seen.error is not None or seen.observed_at is None:
        return None
    return seen.value


def also_stopped(drain: Drainage, fleet: FleetSnapshot) -> str:
    """What else gets no runs while this is paused, in one sentence."""
    others = _others(drain, fleet, drain.targets[0].pool)
    which = ", ".join(others[:_NAMED])
    which += f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    which = f", also not {which}" if which else ""
    names = _labels(drain.targets)
    if drain.targets[0].name:
        return (
            f"While {names} is paused no worker gets runs from it{which}; workers of this pool "
            "that serve other queues go on."
        )
    return (
        f"While {names} is paused none of its workers gets runs{which}: this service serves every "
        "queue, so nothing narrower keeps runs from it."
    )


def _others(drain: Drainage, fleet: FleetSnapshot, pool: WorkPoolKey) -> list[str]:
    """Workers that beat, or services that serve the same, other than the drained one."""
    assert drain.own is not None
    queues = {target.name for target in drain.targets if target.name}
    services = [
        other.key.qualified
        for other in fleet.services
        if other.binding is not None
        and other.key != drain.service.key
        and other.binding.pool == pool
        and (not queues or not other.binding.work_queues or queues & set(other.binding.work_queues))
    ]
    seen = fleet.work_pools.get(pool)
    own = drain.own
    workers = [
        worker.name
        for worker in (seen.value.workers if seen else ())
        if worker.status == "ONLINE"
        and not worker.name.startswith(own.prefix)
        and worker.name != own.worker_name
        and not queues
    ]
    return sorted(services) or sorted(workers)


def _labels(targets: Iterable[WorkQueueKey]) -> str:
    keys = list(targets)
    if len(keys) == 1:
        return keys[0].label
    return f"work queues {', '.join(key.name for key in keys)} of work pool {keys[0].pool.name}"


def _requests(targets: Iterable[WorkQueueKey], *, paused: bool) -> str:
    """As REST calls: what `PrefectClient` sends."""
    return "; ".join(f"{path_of(key)} is_paused={str(paused).lower()}" for key in targets)


def path_of(key: WorkQueueKey) -> str:
    """`PATCH /work_pools/spcs`, for a plan to show."""
    queue = f"/queues/{key.name}" if key.name else ""
    return f"PATCH /work_pools/{key.pool.name}{queue}"


def _runs(runs: list[ActiveRun]) -> str:
    """`2 flow runs: busy-beaver (Running), …`, without ages: it is said again when it changes."""
    count = f"{len(runs)} flow runs" if len(runs) != 1 else "1 flow run"
    shown = ", ".join(f"{run.name} ({run.state_name})" for run in runs[:_NAMED])
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"{count}: {shown}{more}"
