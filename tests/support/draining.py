"""A service of which flow runs go on while it is drained, and the real lifecycle on it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceStatus
from spcs_worker_tui.domain.plan import StepProgress
from spcs_worker_tui.domain.prefect import ActiveRun, PauseState, WorkPoolKey, WorkQueueKey
from spcs_worker_tui.domain.wishes import Drain, Suspend
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.apply.engine import PlannedChange
from spcs_worker_tui.operations.drain import DrainTiming
from spcs_worker_tui.operations.lifecycle import Lifecycle
from support import fleet as build
from support.audit import MemoryAudit
from support.prefect_writer import ScriptedWriter
from support.scripted import ScriptedSession
from support.virtual_time import VirtualClock

POOL = WorkPoolKey(build.API_URL, build.POOL)
WHOLE = WorkQueueKey(POOL)
FAST = WorkQueueKey(POOL, "fast")
OWN = "analytics.prefect.ingest.0"


class HurryingClock(VirtualClock):
    """Waiting takes no time, but passes it."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.skip(seconds)


class Account(ScriptedSession):
    """Suspends and resumes at once what it shows."""

    def become(self, status: str, **fields: object) -> None:
        ((key, service),) = self.services.items()
        self.services[key] = replace(service, status=ServiceStatus(status), **fields)  # type: ignore[arg-type]

    async def suspend_service(self, key: object) -> str:
        self.become("SUSPENDED")
        return await super().suspend_service(key)  # type: ignore[arg-type]

    async def resume_service(self, key: object) -> str:
        self.become("RUNNING")
        return await super().resume_service(key)  # type: ignore[arg-type]


class Bench:
    """One service that serves all queues of its pool, or those that are given."""

    def __init__(self, *queues: str, fleet: FleetSnapshot | None = None) -> None:
        self.clock = HurryingClock(build.NOW)
        self.service = build.service(binding=build.binding(work_queues=queues))
        self.account = Account(services=[self.service])
        self.writer = ScriptedWriter(self.clock)
        self.writer.states = {WHOLE: PauseState(False, "ours"), FAST: PauseState(False, "")}
        self.audit = MemoryAudit()
        self._fleet = fleet
        self.engine = Engine(self.clock, self.audit, lambda _: self.account)
        self.lifecycle = Lifecycle(
            lambda _: self.account,
            self.fleet,
            self.engine,
            self.writer,
            drain_timing=DrainTiming(poll=2, settle=5, unpause_within=30),
        )

    def fleet(self) -> FleetSnapshot:
        """The account and Prefect as they are now."""
        if self._fleet is not None:
            return self._fleet
        (service,) = self.account.services.values()
        pool = replace(build.work_pool(), description=self.writer.states[WHOLE].description)
        queue = build.queue("fast", description=self.writer.states[FAST].description)
        return build.fleet(service, work_pools=[replace(pool, queues=(queue,))])

    def suspend(self, within: float = 60, *, anyway: bool = False) -> PlannedChange:
        return self.lifecycle.change(Suspend(self.service.key, Drain(within, anyway)))

    @property
    def is_down(self) -> bool:
        (service,) = self.account.services.values()
        return service.status is ServiceStatus.SUSPENDED

    @property
    def is_paused(self) -> bool:
        return any(state.is_paused for state in self.writer.states.values())


def run(name: str = "busy-beaver", worker: str = OWN, **fields: object) -> ActiveRun:
    values: dict[str, object] = {
        "id": name,
        "name": name,
        "state_type": "RUNNING",
        "state_name": "Running",
        "work_queue_name": "default",
        "worker_name": worker,
        "start_time": build.ago(30),
        "state_time": build.ago(30),
    }
    return ActiveRun(**{**values, **fields})  # type: ignore[arg-type]


async def apply(change: PlannedChange) -> list[StepProgress]:
    async with aclosing(change.apply()) as stream:
        return [progress async for progress in stream]


def ids(change: PlannedChange) -> list[str]:
    return [step.id for step in change.plan.steps]


def said(change: PlannedChange, text: str) -> bool:
    return any(text in warning for warning in change.plan.warnings)
