"""Pause, resume, limit and create work pools, prune worker rows, run a smoke flow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from spcs_worker_tui.domain.errors import FleetError, PlanRefusedError, PrefectNotFoundError
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkPoolSnapshot, WorkQueueKey
from spcs_worker_tui.domain.wishes import (
    CreateWorkPool,
    LimitWork,
    PauseWork,
    PruneWorkers,
    ResumeWork,
    Smoke,
    WorkWish,
)
from spcs_worker_tui.operations.apply.action import Action, Outcome, Tell
from spcs_worker_tui.operations.drain import path_of
from spcs_worker_tui.operations.drain_marks import marks, without_marks
from spcs_worker_tui.operations.smoke import SmokeRun
from spcs_worker_tui.operations.worker_rows import beats, gone_rows

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import FleetSnapshot
    from spcs_worker_tui.domain.ports import PrefectReader, PrefectWriter
    from spcs_worker_tui.operations.apply.engine import Engine, PlannedChange

_NAME = re.compile(r"[^/%&><]+")
_RESERVED = "prefect"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class WorkPoolChanges:
    """Plans changes in Prefect.

    Args:
        fleet: The newest picture.
        engine: Applies the plans.
        reader: Prefect, to look again right before something is deleted.
        writer: Prefect, to change something.
    """

    fleet: Callable[[], FleetSnapshot]
    engine: Engine
    reader: PrefectReader
    writer: PrefectWriter

    def change(self, wish: WorkWish) -> PlannedChange:
        """What doing that would do.

        Raises:
            PlanRefusedError: It cannot be.
        """
        match wish:
            case PauseWork():
                return self._pause(wish.target)
            case ResumeWork():
                return self._resume(wish.target)
            case LimitWork():
                return self._limit(wish.target, wish.limit)
            case CreateWorkPool():
                return self._create(wish.pool, wish.limit)
            case PruneWorkers():
                return self._prune(wish.pool)
            case Smoke():
                return self._smoke(wish)

    def _pause(self, target: WorkQueueKey) -> PlannedChange:
        async def is_done() -> str:
            state = await self.writer.pause_state(target)
            return "it is paused already" if state.is_paused else ""

        async def do(_: Tell) -> Outcome:
            await self.writer.set_paused(target, paused=True)
            if not (await self.writer.pause_state(target)).is_paused:
                raise FleetError(f"{target.label} is not paused although Prefect said yes")
            return Outcome("it is paused; workers go on beating and get nothing")

        step = Step("pause", f"Pause {target.label}", f"{path_of(target)} is_paused=true")
        served = self._served_by(target.pool)
        warning = f"No worker gets runs from it until it is resumed{served}; what runs goes on."
        return self._planned(target, step.title, [Action(step, do, is_done)], (warning,))

    def _resume(self, target: WorkQueueKey) -> PlannedChange:
        async def is_done() -> str:
            state = await self.writer.pause_state(target)
            return "" if state.is_paused or marks(state.description) else "it is not paused"

        async def do(_: Tell) -> Outcome:
            text = without_marks((await self.writer.pause_state(target)).description)
            await self.writer.set_paused(target, paused=False, description=text)
            return Outcome("it goes on")

        step = Step("resume", f"Resume {target.label}", f"{path_of(target)} is_paused=false")
        warnings = tuple(
            f"{who} drains since {since}: its workers get runs again with this."
            for who, since in marks(self._description(target)).items()
        )
        return self._planned(target, step.title, [Action(step, do, is_done)], warnings)

    def _limit(self, target: WorkQueueKey, limit: int | None) -> PlannedChange:
        if limit is not None and limit < 0:
            raise PlanRefusedError(f"a limit of {limit} runs cannot be: 0 or more")

        async def do(_: Tell) -> Outcome:
            await self.writer.set_concurrency_limit(target, limit)
            return Outcome("it is set")

        what = "no limit" if limit is None else f"{limit} flow run{'' if limit == 1 else 's'}"
        value = "null" if limit is None else str(limit)
        step = Step(
            "limit",
            f"Limit {target.label} to {what} at a time" if limit is not None else
            f"Take the limit of {target.label} away",
            f"{path_of(target)} concurrency_limit={value}",
        )  # fmt: skip
        warnings = ("With a limit of 0 nothing runs at all.",) if limit == 0 else ()
        return self._planned(target, step.title, [Action(step, do)], warnings)

    def _create(self, key: WorkPoolKey, limit: int | None) -> PlannedChange:
        target = WorkQueueKey(key)
        if not _NAME.fullmatch(key.name) or key.name.lower().startswith(_RESERVED):
            raise PlanRefusedError(
                f"no work pool can be called {key.name!r}: a name is not empty, holds none of "
                f"/ % & < > and does not begin with {_RESERVED}"
            )

        async def is_done() -> str:
            try:
                await self.writer.pause_state(target)
            except PrefectNotFoundError:
                return ""
            return "it is there already, and stays as it is"

        async def do(_: Tell) -> Outcome:
            await self.writer.create_work_pool(key, limit)
            return Outcome("it is created; its first worker fills in the job template")

        body = f"POST /work_pools/ name={key.name} type=process concurrency_limit={limit or 'null'}"
        step = Step("create", f"Create work pool {key.name}", body, "there is none of that name")
        return self._planned(target, step.title, [Action(step, do, is_done)])

    def _prune(self, key: WorkPoolKey) -> PlannedChange:
        target, fleet = WorkQueueKey(key), self.fleet()
        found = gone_rows(self._pool(key), fleet)
        title = f"Delete worker rows of work pool {key.name} whose containers are gone"
        if not found:
            return self._planned(target, title, [], ("There is none.",))

        async def do(tell: Tell) -> Outcome:
            fresh, now = await self.reader.work_pool(key), self.engine.clock.now()
            rows = {worker.name: worker for worker in fresh.workers}
            deleted = 0
            for name in found:
                row = rows.get(name)
                if row is not None and beats(fresh, row, now):
                    tell("it beats again, and stays", part=name)
                elif row is not None:
                    await self.writer.delete_worker(key, name)
                    deleted += 1
                    tell("deleted", part=name)
            return Outcome(f"{deleted} deleted")

        count = f"{len(found)} rows" if len(found) != 1 else "1 row"
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        step = Step(
            "prune",
            f"Delete {count}: {', '.join(found[:_SHOWN])}{more}",
            "; ".join(f"DELETE /work_pools/{key.name}/workers/{name}" for name in found),
            "none of them beats",
        )
        warning = "A worker that is alive after all comes back with its next heartbeat."
        return self._planned(target, title, [Action(step, do)], (warning,))

    def _smoke(self, wish: Smoke) -> PlannedChange:
        run = SmokeRun(wish, self.writer, self.engine.clock)
        title = f"Run a smoke flow on {wish.target.label}"
        seen = self.fleet().work_pools.get(wish.target.pool)
        return self._planned(
            wish.target, title, run.actions(), run.warnings(seen.value if seen else None)
        )

    def _planned(
        self,
        target: WorkQueueKey,
        title: str,
        actions: list[Action],
        warnings: tuple[str, ...] = (),
    ) -> PlannedChange:
        host = urlsplit(target.pool.api_url).hostname or "nowhere"
        plan = Plan(
            title=title,
            service=None,
            steps=(),
            made_at=self.fleet().observed_at,
            warnings=warnings,
            subject=f"{target.label} at {host}",
        )

        async def check() -> None:
            self._refuse_read_only(target)

        return self.engine.change(plan, actions, check)

    def _refuse_read_only(self, target: WorkQueueKey) -> None:
        """Where every connection that has to do with the pool is read-only."""
        names = {
            service.key.connection
            for service in self.fleet().services
            if service.binding is not None and service.binding.pool == target.pool
        }
        if names and all(self.engine.read_only.covers(name) for name in names):
            raise PlanRefusedError(
                f"{target.label} belongs to connection {', '.join(sorted(names))}, which is "
                "read-only, so nothing is changed"
            )

    def _pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        seen = self.fleet().work_pools.get(key)
        if seen is None or seen.error is not None or seen.observed_at is None:
            why = f": {seen.error}" if seen is not None and seen.error else ""
            raise PlanRefusedError(f"work pool {key.name} cannot be seen{why}")
        return seen.value

    def _description(self, target: WorkQueueKey) -> str:
        seen = self.fleet().work_pools.get(target.pool)
        if seen is None:
            return ""
        queues = {queue.name: queue.description for queue in seen.value.queues}
        return queues.get(target.name, "") if target.name else seen.value.description

    def _served_by(self, key: WorkPoolKey) -> str:
        served = sorted(
            service.key.name
            for service in self.fleet().services
            if service.binding is not None and service.binding.pool == key
        )
        more = f" and {len(served) - _SHOWN} more" if len(served) > _SHOWN else ""
        return f" ({', '.join(served[:_SHOWN])}{more})" if served else ""
