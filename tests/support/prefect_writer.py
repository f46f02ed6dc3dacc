"""A Prefect that a test scripts, at the port `PrefectWriter`; nothing here does I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from spcs_worker_tui.domain.errors import FleetError, PrefectNotFoundError
from spcs_worker_tui.domain.ports import Clock
from spcs_worker_tui.domain.prefect import ActiveRun, PauseState, WorkPoolKey, WorkQueueKey


class ScriptedWriter:
    """Remembers what it was told; `turns` are what later looks at the runs find, one each."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.states: dict[WorkQueueKey, PauseState] = {}
        self.limits: dict[WorkQueueKey, int | None] = {}
        self.created: list[WorkPoolKey] = []
        self.deleted: list[str] = []
        self.runs: tuple[ActiveRun, ...] = ()
        self.turns: list[Callable[[], None]] = []
        self.failures: dict[str, FleetError] = {}
        self.history: list[str] = []

    async def _ask(self, kind: str) -> None:
        await asyncio.sleep(0)
        if (failure := self.failures.get(kind)) is not None:
            raise failure

    async def pause_state(self, key: WorkQueueKey) -> PauseState:
        await self._ask("pause_state")
        if key not in self.states:
            raise PrefectNotFoundError(f"{key.label} not found")
        return self.states[key]

    async def set_paused(
        self, key: WorkQueueKey, *, paused: bool, description: str | None = None
    ) -> None:
        await self._ask("set_paused")
        text = self.states[key].description if description is None else description
        self.states[key] = PauseState(paused, text)
        self.history.append(f"{'pause' if paused else 'unpause'} {key.name or key.pool.name}")

    async def set_concurrency_limit(self, key: WorkQueueKey, limit: int | None) -> None:
        await self._ask("set_concurrency_limit")
        self.limits[key] = limit

    async def create_work_pool(self, key: WorkPoolKey, limit: int | None = None) -> None:
        await self._ask("create_work_pool")
        self.created.append(key)
        self.states[WorkQueueKey(key)] = PauseState(False)

    async def delete_worker(self, key: WorkPoolKey, worker_name: str) -> None:
        await self._ask("delete_worker")
        self.deleted.append(worker_name)

    async def active_runs(self, key: WorkPoolKey) -> tuple[ActiveRun, ...]:
        await self._ask("active_runs")
        if self.turns:
            self.turns.pop(0)()
        return self.runs

    async def now(self, key: WorkPoolKey) -> datetime:
        await self._ask("now")
        return self.clock.now()

    async def create_run(
        self, key: WorkPoolKey, *, flow: str, entrypoint: str, queue: str = ""
    ) -> ActiveRun:
        await self._ask("create_run")
        return ActiveRun("run-1", "busy-bee", "SCHEDULED", "Scheduled", queue)

    async def run(self, key: WorkPoolKey, run_id: str) -> ActiveRun:
        await self._ask("run")
        if self.turns:
            self.turns.pop(0)()
        return self.runs[0]

    async def close(self) -> None:
        return
