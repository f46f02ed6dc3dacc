"""All that a front end can see and do, in one place: implements the port `DashboardConsole`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from spcs_worker_tui.domain.doctor import (
    AddHost,
    ChangeProbe,
    DropEndpoint,
    Finding,
    Fix,
    HideVariable,
    MakePrivate,
    SendStatements,
)
from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.plan import Plan, StepProgress, StepState
from spcs_worker_tui.domain.ports import Change
from spcs_worker_tui.domain.wishes import RollBack

if TYPE_CHECKING:
    from spcs_worker_tui.domain.audit import AuditEntry
    from spcs_worker_tui.domain.dotenv import DotenvEntry
    from spcs_worker_tui.domain.environment import ServiceEnvironment
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.history import PastSpec
    from spcs_worker_tui.domain.keys import KeyName, Secret
    from spcs_worker_tui.domain.log import LogEvent
    from spcs_worker_tui.domain.read_only import ReadOnly
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.operations.apply import Engine
    from spcs_worker_tui.operations.doctor import Doctor
    from spcs_worker_tui.operations.keys import KeyDesk
    from spcs_worker_tui.operations.planner import Planner
    from spcs_worker_tui.operations.tail.follower import LogFollower
    from spcs_worker_tui.operations.watch.watcher import FleetWatcher

_KEPT = 50
"""Plans that were made and may still be approved."""


@runtime_checkable
class _RollsOut(Change, Protocol):
    """A change that gives a service another specification."""

    @property
    def can_roll_back(self) -> bool:
        """Whether it was applied, the service did not come up, and there was something before."""


@dataclass(frozen=True, slots=True)
class Files:
    """Reads what users write.

    Attributes:
        read_project: The settings of the project that we are in; may take a while.
        read_variables: KEY=VALUE lines and where they are from, for messages.
    """

    read_project: Callable[[], Project]
    read_variables: Callable[[str, str], Sequence[DotenvEntry]]


class Console:
    """Hands each wish to the operation that fulfils it.

    Args:
        watcher: What is seen; closed with the console.
        follower: The logs.
        planner: Makes the changes that are asked for.
        keys: Keeps keys, and hands them over.
        engine: Applies the changes, and knows what was applied.
        files: What the front end reads of files and pasted text.
        doctor: Looks for what is wrong, and plans what mends it.
    """

    def __init__(
        self,
        watcher: FleetWatcher,
        follower: LogFollower,
        planner: Planner,
        keys: KeyDesk,
        engine: Engine,
        files: Files,
        doctor: Doctor,
    ) -> None:
        self._watcher = watcher
        self._follower = follower
        self._planner = planner
        self._keys = keys
        self._engine = engine
        self._files = files
        self._doctor = doctor
        self._changes: dict[str, Change] = {}

    def watch(self) -> AsyncIterator[JudgedFleet]:
        """Every new picture of the fleet; see the port."""
        return self._watcher.watch()

    def refresh(self) -> None:
        """Poll everything now, without waiting for the interval."""
        self._keys.retry()
        self._watcher.refresh()

    def select(self, key: ServiceKey | None) -> None:
        """Watch this service more closely than the others."""
        self._watcher.select(key)

    def follow_log(self, key: ServiceKey) -> AsyncIterator[Sequence[LogEvent]]:
        """The service's log from the last few hundred lines on, all containers merged."""
        return self._follower.follow(key)

    async def sign_in(self, connection: str) -> None:
        """A person asked for the interactive sign-in of that connection."""
        await self._watcher.sign_in(connection)

    async def give_key(self, key: KeyName, secret: Secret, *, keep: bool) -> None:
        """A person typed a key that is lacking: use it; see the port."""
        if keep:
            self._keys.retry()
            await self._keys.keep(key, secret)
        else:
            self._keys.hand_over(key, secret)
        if key.kind.is_prefect:
            self._watcher.refresh()
        else:
            await self.sign_in(key.owner)

    async def environment(self, key: ServiceKey) -> ServiceEnvironment:
        """Its deployed environment variables; see the port."""
        return await self._planner.environments.read(key)

    def read_variables(self, text: str, source: str) -> Sequence[DotenvEntry]:
        """KEY=VALUE lines; see the port."""
        return self._files.read_variables(text, source)

    def examine(self) -> AsyncIterator[Finding]:
        """Every finding as it is made; see the port."""
        return self._doctor.examine()

    async def plan(self, wish: Fix) -> Plan:
        """What fulfilling it would do; the change is kept until it is applied or too old."""
        change: Change
        match wish:
            case SendStatements() | AddHost() | MakePrivate():
                change = await self._doctor.plan(wish)
            case HideVariable() | ChangeProbe() | DropEndpoint():
                change = await self._doctor.plan(wish)
            case _:
                change = await self._planner.change(wish)
        self._changes[change.plan.id] = change
        while len(self._changes) > _KEPT:
            self._changes.pop(next(iter(self._changes)))
        return change.plan

    @property
    def read_only(self) -> ReadOnly:
        """Where nothing may be changed."""
        return self._engine.read_only

    async def audit_entries(self) -> Sequence[AuditEntry]:
        """What was applied from this machine by this user, the oldest first; see the port."""
        return await asyncio.to_thread(self._engine.recorded)

    async def past_specs(self, key: ServiceKey) -> Sequence[PastSpec]:
        """What was deployed to a service, the newest first; see the port."""
        return await self._planner.updates.past_specs(key)

    async def project(self) -> Project:
        """The settings of the project that we are in; see the port."""
        return await asyncio.to_thread(self._files.read_project)

    async def apply(self, plan: Plan) -> AsyncIterator[StepProgress]:
        """Do it, step by step, and look again after each; see the port."""
        change = self._changes.get(plan.id)
        if change is None:
            raise PlanRefusedError("this plan is too old", next_step="Make it again.")
        async with aclosing(change.apply()) as events:
            async for progress in events:
                if progress.state is not StepState.RUNNING:
                    self._watcher.refresh(plan.connection or None)
                yield progress

    def way_back(self, plan: Plan) -> RollBack | None:
        """What to ask for after a plan that did not come up; see the port."""
        change = self._changes.get(plan.id)
        if plan.service is None or not isinstance(change, _RollsOut) or not change.can_roll_back:
            return None
        return RollBack(plan.service, why=f"it did not come up: {plan.title}")

    async def close(self) -> None:
        """Stop everything that was started; never raises."""
        await self._watcher.close()
