"""Applies a plan: step by step, telling what goes on, leaving a trace, cleaning up behind it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.audit import AuditEntry, AuditResult
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress, StepState
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.text import masked
from spcs_worker_tui.operations.apply.action import Action, Outcome, Said, Telling

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import AuditLog, Clock, Identity, SnowflakeSession

CLEAN_UP_SECONDS = 30.0
"""What taking back may take once the plan was interrupted."""

_ENDED = (StepState.DONE, StepState.SKIPPED, StepState.FAILED)

Check = Callable[[], Awaitable[None]]


async def _still_fits() -> None:
    """For plans that rest on nothing that could have changed."""


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """Implements the port `Change`.

    `check` raises `PlanRefusedError` where the plan no longer fits what is there. What `secrets`
    holds is masked in everything that is told or recorded.
    """

    plan: Plan
    actions: tuple[Action, ...]
    engine: Engine
    check: Check = _still_fits
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def apply(self) -> AsyncGenerator[StepProgress, None]:
        """Do it, step by step; see `Engine.apply`."""
        return self.engine.apply(self)


class Engine:
    """Applies changes, one at a time or several side by side.

    Args:
        clock: Time.
        audit: Where every applied step is recorded.
        sessions: The session of a saved connection, by its name: for who is signed in.
        read_only: What may not be changed at all.
    """

    def __init__(
        self,
        clock: Clock,
        audit: AuditLog,
        sessions: Callable[[str], SnowflakeSession],
        read_only: ReadOnly | None = None,
    ) -> None:
        self.clock = clock
        self._audit = audit
        self._sessions = sessions
        self.read_only = read_only or ReadOnly()

    def change(
        self,
        plan: Plan,
        actions: Sequence[Action],
        check: Check = _still_fits,
        secrets: Sequence[str] = (),
    ) -> PlannedChange:
        """A change that this engine applies; the arguments are those of `PlannedChange`.

        The plan's steps are the actions', whatever it came with.
        """
        steps = tuple(action.step for action in actions)
        return PlannedChange(
            replace(plan, steps=steps), tuple(actions), self, check, tuple(filter(None, secrets))
        )

    async def apply(self, change: PlannedChange) -> AsyncGenerator[StepProgress, None]:
        """Do it, step by step; ends after a step that failed, and what that leaves to undo.

        Closing or cancelling it stops the running step and still does the steps that undo.

        Raises:
            PlanRefusedError: The plan is out of date, or changes are not allowed here.
            FleetError: Whether it is out of date cannot be seen now.
        """
        plan = change.plan
        if plan.is_empty:
            return
        self.read_only.refuse(plan)
        await change.check()
        run = _Run(self, change, await self._identity(plan))
        try:
            async with aclosing(run.steps()) as events:
                async for progress in events:
                    yield progress
        finally:
            await run.clean_up()

    async def _identity(self, plan: Plan) -> Identity | None:
        return await self._sessions(plan.connection).open() if plan.connection else None

    def recorded(self) -> Sequence[AuditEntry]:
        """What was applied so far, by any run of the program, the oldest first; see `AuditLog`."""
        return self._audit.entries()

    def record(self, entry: AuditEntry) -> str:
        """Write it down; returns why it could not be, the first time."""
        return self._audit.record(entry)


class _Run:
    """One application of one change."""

    def __init__(self, engine: Engine, change: PlannedChange, identity: Identity | None) -> None:
        self._engine = engine
        self._change = change
        self._identity = identity
        self._left = deque(change.actions)
        self._begun: set[str] = set()
        self._failed = False

    async def steps(self) -> AsyncGenerator[StepProgress, None]:
        """The steps in their turn, after a failure only those that undo."""
        while self._left:
            action = self._left[0]
            if not self._is_due(action):
                self._left.popleft()
                continue
            self._begun.add(action.step.id)
            async with aclosing(self._step(action)) as events:
                async for progress in events:
                    if progress.state in _ENDED:
                        self._left.popleft()
                    if progress.state is StepState.FAILED:
                        self._failed = True
                    yield progress

    def _is_due(self, action: Action) -> bool:
        if undoes := action.step.undoes:
            return undoes in self._begun
        return not self._failed

    async def clean_up(self) -> None:
        """Undo what an interruption left behind; does nothing after the normal end.

        Runs as a task of its own, so that a second interruption does not stop it half-way.
        """
        due = [a for a in self._left if a.step.undoes and a.step.undoes in self._begun]
        if not due:
            return
        task = asyncio.create_task(self._undo(due))
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def _undo(self, actions: Sequence[Action]) -> None:
        """Best effort, recorded: whoever listened has gone."""
        for action in actions:
            try:
                async with (
                    asyncio.timeout(CLEAN_UP_SECONDS),
                    aclosing(self._step(action)) as events,
                ):
                    async for _ in events:
                        pass
            except TimeoutError:
                continue

    async def _step(self, action: Action) -> AsyncGenerator[StepProgress, None]:
        step, began = action.step, self._engine.clock.now()
        task: asyncio.Task[Outcome] | None = None
        end: tuple[StepProgress, ...] = ()
        try:
            if why := await action.is_done():
                yield StepProgress(step, StepState.SKIPPED, self._masked(why))
                return
            yield StepProgress(step, StepState.RUNNING)
            telling = Telling()
            task = asyncio.create_task(_as_coroutine(action.do(telling)))
            async with aclosing(telling.until_done(task)) as sayings:
                async for said in sayings:
                    yield self._running(step, said, self._elapsed(began))
            end = self._ended(action, task.result(), self._elapsed(began))
        except FleetError as error:
            end = self._not_done(action, error, self._elapsed(began))
        finally:
            if task is not None and not end:
                await self._stopped(action, task, began)
        for progress in end:
            yield progress

    def _running(self, step: Step, said: Said, elapsed: timedelta) -> StepProgress:
        return StepProgress(
            step,
            StepState.RUNNING,
            self._masked(said.text),
            elapsed,
            part=said.part,
            done=said.done,
            total=said.total,
        )

    async def _stopped(self, action: Action, task: asyncio.Task[Outcome], began: datetime) -> None:
        """Closed or cancelled while the step ran, or right after it had ended: record which."""
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        elapsed = self._elapsed(began)
        if task.cancelled():
            self._record(action, AuditResult.INTERRUPTED, Outcome(), elapsed)
        elif (error := task.exception()) is not None:
            self._record(action, AuditResult.FAILED, Outcome(str(error)), elapsed)
        else:
            self._record(action, AuditResult.DONE, task.result(), elapsed)

    def _ended(
        self, action: Action, outcome: Outcome, elapsed: timedelta
    ) -> tuple[StepProgress, ...]:
        trouble = self._record(action, AuditResult.DONE, outcome, elapsed)
        detail = outcome.detail or (f"query {outcome.query_id}" if outcome.query_id else "")
        end = StepProgress(action.step, StepState.DONE, self._masked(detail), elapsed)
        return (*self._aside(action, trouble), end)

    def _not_done(
        self, action: Action, error: FleetError, elapsed: timedelta
    ) -> tuple[StepProgress, ...]:
        text = self._masked(str(error))
        if text != str(error) or error.next_step != self._masked(error.next_step):
            error = FleetError(text, next_step=self._masked(error.next_step))
        outcome = Outcome(text, str(getattr(error, "query_id", "")))
        trouble = self._record(action, AuditResult.FAILED, outcome, elapsed)
        end = StepProgress(action.step, StepState.FAILED, text, elapsed, error)
        return (*self._aside(action, trouble), end)

    def _aside(self, action: Action, trouble: str) -> tuple[StepProgress, ...]:
        return (StepProgress(action.step, StepState.RUNNING, trouble),) if trouble else ()

    def _record(
        self, action: Action, result: AuditResult, outcome: Outcome, elapsed: timedelta
    ) -> str:
        plan, who = self._change.plan, self._identity
        return self._engine.record(
            AuditEntry(
                time=self._engine.clock.now(),
                plan_id=plan.id,
                plan=plan.title,
                step=action.step.title,
                result=result,
                subject=plan.subject,
                connection=plan.connection,
                account=who.account if who else "",
                snowflake_user=who.user if who else "",
                role=who.role if who else "",
                statement=self._masked(action.step.statement),
                detail=self._masked(outcome.detail),
                query_id=outcome.query_id,
                elapsed=elapsed,
            )
        )

    def _masked(self, text: str) -> str:
        return masked(text, self._change.secrets)

    def _elapsed(self, began: datetime) -> timedelta:
        return self._engine.clock.now() - began


async def _as_coroutine(work: Awaitable[Outcome]) -> Outcome:
    return await work
