"""A service that is suspended, resumed and scaled by a script, and the real lifecycle on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from spcs_worker_tui.domain.fleet import (
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.plan import Plan, StepProgress
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.apply.engine import PlannedChange
from spcs_worker_tui.operations.lifecycle import Lifecycle
from support import fleet as build
from support.audit import MemoryAudit
from support.scripted import ScriptedSession
from support.virtual_time import VirtualClock


def says(plan: Plan, text: str) -> bool:
    return any(text in warning for warning in plan.warnings)


def ids(plan: Plan) -> list[str]:
    return [step.id for step in plan.steps]


class Account(ScriptedSession):
    """Suspends and resumes what it shows; `turns` are what later looks find, one each."""

    def __init__(self, service: ServiceSnapshot) -> None:
        super().__init__(services=[service])
        self.turns: list[Callable[[], None]] = []

    def become(self, status: str, **fields: object) -> None:
        ((key, service),) = self.services.items()
        self.services[key] = replace(service, status=ServiceStatus(status), **fields)  # type: ignore[arg-type]

    async def show_services(self) -> tuple[ServiceSnapshot, ...]:
        if self.calls["suspend_service"] + self.calls["resume_service"] and self.turns:
            self.turns.pop(0)()
        rows = await super().show_services()
        return tuple(replace(row, min_ready_instances=1) for row in rows)

    async def suspend_service(self, key: object) -> str:
        self.become("SUSPENDING")
        return await super().suspend_service(key)  # type: ignore[arg-type]

    async def resume_service(self, key: object) -> str:
        self.become("PENDING")
        return await super().resume_service(key)  # type: ignore[arg-type]


class HurryingClock(VirtualClock):
    """Waiting takes no time, but passes it."""

    async def sleep(self, seconds: float) -> None:
        self.skip(seconds)


class Bench:
    def __init__(self, service: ServiceSnapshot) -> None:
        self.account = Account(service)
        self.clock = HurryingClock()
        fleet = build.fleet(service)
        self.audit = MemoryAudit()
        engine = Engine(self.clock, self.audit, lambda _: self.account)
        self.lifecycle = Lifecycle(lambda _: self.account, lambda: fleet, engine)
        self.key = service.key

    async def apply(self, change: PlannedChange) -> list[StepProgress]:
        return [progress async for progress in change.apply()]
