"""A set-up in this process: a living sandbox, a real session on it, a Prefect that is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.project_folder import TemplateFolder
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.adapters.template import sql_files
from spcs_worker_tui.domain.errors import PrefectNotFoundError
from spcs_worker_tui.domain.plan import StepProgress
from spcs_worker_tui.domain.ports import Change
from spcs_worker_tui.domain.prefect import ActiveRun, WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.domain.setup import Answers, Survey
from spcs_worker_tui.operations.build_tools import ImageTools
from spcs_worker_tui.operations.setup import Setup, SetupTools, Teardown
from support.catalogue import Lab
from support.deploying import PretendEngine, PretendSource
from support.prefect_writer import ScriptedWriter
from support.saved_connections import save
from support.updating import API_URL, PulsePrefect, UpdateBench, update_bench

USER = "OPERATOR"
SYSTEM = ("ACCOUNTADMIN", "SECURITYADMIN", "SYSADMIN", "USERADMIN")


class NewPrefect(PulsePrefect):
    """Has no work pool until one is created."""

    def __init__(self, lab: Lab, writer: ScriptedWriter) -> None:
        super().__init__(lab)
        self._writer = writer
        self.type = "process"

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        found = await super().work_pool(key)
        if key not in self._writer.created:
            raise PrefectNotFoundError(f"work pool {key.name} not found")
        return replace(found, type=self.type)


@dataclass
class SettingUp:
    """Somebody with an account, a Prefect API and an empty folder."""

    bench: UpdateBench
    folder: Path
    writer: ScriptedWriter
    prefect: NewPrefect
    engine: PretendEngine
    answers: Answers
    source: PretendSource = field(default_factory=PretendSource)

    @property
    def lab(self) -> Lab:
        return self.bench.lab

    @property
    def tools(self) -> SetupTools:
        """New each time, as every run of the program has it."""
        updates = replace(self.bench.tools, prefect=self.prefect)
        session = self.bench.session
        return SetupTools(
            session=session,
            prefect=self.prefect,
            writer=self.writer,
            engine=updates.engine,
            images=ImageTools(
                self.engine, self.source, {"dev": session}.__getitem__, updates.engine
            ),
            updates=updates,
            folder=TemplateFolder(),
            scripts=sql_files,
        )

    @property
    def setup(self) -> Setup:
        return Setup(self.tools)

    @property
    def teardown(self) -> Teardown:
        return Teardown(self.tools)

    async def survey(self, **changes: Any) -> Survey:
        return await self.setup.survey(replace(self.answers, **changes))

    def only(self, *roles: str) -> None:
        """The user has these roles, and no other."""
        for role in self.lab.account.roles.values():
            (role.users.add if role.name in roles else role.users.discard)(USER)

    def as_role(self, role: str, **changes: str) -> ConnectorSession:
        """Another session, whose connection has that role; whoever asks closes it."""
        none: dict[str, Any] = {"enable_server_session_keep_alive_auto_detection": None}
        save(self.bench.home, {"dev": self.bench.sandbox.connection(**none, role=role, **changes)})
        return ConnectorSession(read_connections().select(["dev"])[0])

    async def admin(self, statements: Sequence[str]) -> None:
        """An administrator runs what was asked for."""
        for statement in statements:
            await self.lab.sql(statement, role="ACCOUNTADMIN")

    async def rows(self, statement: str) -> list[dict[str, Any]]:
        return await self.lab.asked(statement, role="ACCOUNTADMIN")


async def applied(change: Change) -> list[StepProgress]:
    return [progress async for progress in change.apply()]


@asynccontextmanager
async def setting_up(home: Path, *, role: str = "ACCOUNTADMIN") -> AsyncIterator[SettingUp]:
    """SNOWFLAKE_HOME has to be `home`."""
    async with update_bench(home, role=role) as bench:
        writer = ScriptedWriter(SystemClock())
        writer.runs = (ActiveRun("run-1", "busy-bee", "COMPLETED", "Completed"),)
        folder = home / "project"
        yield SettingUp(
            bench,
            folder,
            writer,
            NewPrefect(bench.lab, writer),
            PretendEngine(bench.lab),
            Answers("dev", "dev", API_URL, folder),
        )
