"""A console that plays a script: pictures, log events and plans that no system ever made."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from spcs_worker_tui.adapters.dotenv_lines import read_lines
from spcs_worker_tui.domain.audit import AuditEntry
from spcs_worker_tui.domain.doctor import Finding, Fix
from spcs_worker_tui.domain.dotenv import DotenvEntry
from spcs_worker_tui.domain.environment import EnvironmentRow, ServiceEnvironment
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.history import PastSpec
from spcs_worker_tui.domain.keys import KeyName, Secret
from spcs_worker_tui.domain.log import LogEvent, LogGap, LogLine, LogNotice, LogRestart, LogSource
from spcs_worker_tui.domain.plan import Plan, StepProgress, StepState
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.settings import Project
from spcs_worker_tui.domain.spec_document import Variable
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.domain.wishes import RollBack
from support.pictures import NOW, big, demo, shifted, verdict
from support.plans_by_hand import AUDIT, PAST, PROJECT, plan, plan_for

__all__ = ["NOW", "ScriptedConsole", "big", "demo", "plan", "shifted", "verdict"]
"""What a test of the dashboard mostly needs, from one place."""

LOG: tuple[LogEvent, ...] = (
    LogNotice("The last 6 lines of before"),
    *(
        LogLine(
            LogSource(number % 2, "worker"),
            1_795_435_200_000_000_000 - (9 - number) * 1_234_567_890,
            text,
        )
        for number, text in enumerate(
            (
                "spcs-worker 0.1.0: PREFECT_API_URL http://127.0.0.1:4200/api, work pool spcs",
                "INFO    | prefect.worker.process - Worker 'analytics.prefect.ingest.0' started!",
                "INFO    | Worker 'analytics.prefect.ingest.0' submitting flow run 'busy-beaver'",
                "WARNING | Rows without a key were skipped: 17 of 10482",
                "INFO    | Flow run 'busy-beaver' - Finished in state Completed()",
                "ERROR   | Connection to warehouse LOAD_WH was lost, trying again in 2 s",
            )
        )
    ),
    LogGap(LogSource(0, "worker"), 1_795_435_196_000_000_000, 1_795_435_198_000_000_000),
    LogRestart(LogSource(1, "worker"), 3, 137, NOW - timedelta(seconds=2)),
    LogLine(LogSource(1, "worker"), 1_795_435_199_100_000_000, "DEBUG   | warming up"),
)


class ScriptedConsole:
    """A `DashboardConsole` that plays what it was given and remembers what it was asked.

    Args:
        pictures: Given out one after the other; an error among them is raised.
        log: What every service's log says.
        clock: Makes plans' times.
        refused: Raised instead of applying a plan.
    """

    def __init__(
        self,
        *pictures: JudgedFleet | FleetError,
        log: Sequence[LogEvent] = LOG,
        refused: FleetError | None = None,
    ) -> None:
        self.pictures: asyncio.Queue[JudgedFleet | FleetError] = asyncio.Queue()
        for picture in pictures:
            self.pictures.put_nowait(picture)
        self.log = log
        self.more_log: asyncio.Queue[Sequence[LogEvent]] = asyncio.Queue()
        self.refused = refused
        self.selected: list[ServiceKey | None] = []
        self.signed_in: list[str] = []
        self.given: list[tuple[KeyName, Secret, bool]] = []
        self.wishes: list[Fix] = []
        self.read_only = ReadOnly()
        self.audit: Sequence[AuditEntry] = AUDIT
        self.past: Sequence[PastSpec] = PAST
        self.settings = PROJECT
        self.said: dict[str, Sequence[StepProgress]] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.failing: dict[str, FleetError] = {}
        self.findings: Sequence[Finding] = ()
        self.looking: asyncio.Event | None = None
        self.examined = 0
        self.back: RollBack | None = None
        self.applied: list[Plan] = []
        self.variables: list[Variable] = [
            Variable("PREFECT_LOGGING_LEVEL", "INFO"),
            Variable("REGION", "eu-west-1"),
            Variable("OLD_TOKEN", "pnu_" + "1234567890" * 4),
            Variable("PREFECT_API_KEY", secret="D.S.KEY", secret_key="secret_string"),
        ]
        self.refreshes = 0
        self.is_closed = False

    async def open(self) -> ScriptedConsole:
        """What the app is given as `open_console`."""
        return self

    async def watch(self) -> AsyncIterator[JudgedFleet]:
        while True:
            picture = await self.pictures.get()
            if isinstance(picture, FleetError):
                raise picture
            yield picture

    def show(self, picture: JudgedFleet | FleetError) -> None:
        """Give that out next."""
        self.pictures.put_nowait(picture)

    def refresh(self) -> None:
        self.refreshes += 1

    def select(self, key: ServiceKey | None) -> None:
        self.selected.append(key)

    async def follow_log(self, key: ServiceKey) -> AsyncIterator[Sequence[LogEvent]]:
        yield self.log
        while True:
            yield await self.more_log.get()

    async def sign_in(self, connection: str) -> None:
        self.signed_in.append(connection)

    async def give_key(self, key: KeyName, secret: Secret, *, keep: bool) -> None:
        self.given.append((key, secret, keep))

    async def environment(self, key: ServiceKey) -> ServiceEnvironment:
        """What the test put into `variables`, all in container `worker`."""
        rows = tuple(EnvironmentRow("worker", variable) for variable in self.variables)
        return ServiceEnvironment(key, "digest-1", ("worker",), rows)

    async def examine(self) -> AsyncIterator[Finding]:
        """The findings, then, once `looking` is set if there is one, the end."""
        self.examined += 1
        for finding in self.findings:
            yield finding
        if self.looking is not None:
            await self.looking.wait()

    async def plan(self, wish: Fix) -> Plan:
        self.wishes.append(wish)
        return plan_for(wish)

    def read_variables(self, text: str, source: str) -> Sequence[DotenvEntry]:
        return read_lines(text, source)

    async def audit_entries(self) -> Sequence[AuditEntry]:
        return self.audit

    async def past_specs(self, key: ServiceKey) -> Sequence[PastSpec]:
        return self.past

    async def project(self) -> Project:
        return self.settings

    async def apply(self, plan: Plan) -> AsyncIterator[StepProgress]:
        self.applied.append(plan)
        if self.refused:
            raise self.refused
        for step in plan.steps:
            yield StepProgress(step, StepState.RUNNING)
            for said in self.said.get(step.id, ()):
                yield dataclasses.replace(said, step=step)
            if step.id in self.held:
                await self.held[step.id].wait()
            if step.id in self.failing:
                yield StepProgress(step, StepState.FAILED, error=self.failing[step.id])
                return
            yield StepProgress(step, StepState.DONE, "Statement 01b2 took 0.3 s")

    def way_back(self, plan: Plan) -> RollBack | None:
        return self.back if any(step.id in self.failing for step in plan.steps) else None

    async def close(self) -> None:
        self.is_closed = True
