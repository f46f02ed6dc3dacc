"""A living sandbox, a real session on it, and everything that updates are made of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.history import HistoryFiles
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.adapters.spec_yaml import read_spec
from spcs_worker_tui.domain.creation import ServiceCreation
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.plan import StepProgress, StepState
from spcs_worker_tui.domain.prefect import WorkerSnapshot, WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.domain.spec_document import SpecDocument, written_document
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.rollback import Rollbacks
from spcs_worker_tui.operations.update import PlannedUpdate, Tools, Updates, UpdateTiming, Wish
from spcs_worker_tui.sandbox.catalogue.executor import Executor
from spcs_worker_tui.sandbox.catalogue.model import Image, Service
from spcs_worker_tui.sandbox.clock import WallClock
from spcs_worker_tui.sandbox.reconciler.delays import INSTANT
from spcs_worker_tui.sandbox.reconciler.reconciler import Reconciler
from spcs_worker_tui.sandbox.runtimes.choice import RuntimeChoice
from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour, SimulatedRuntime
from support.audit import MemoryAudit
from support.catalogue import Lab, new_lab
from support.sandbox import RunningSandbox, running_sandbox
from support.saved_connections import save

API_URL = "http://127.0.0.1:4200/api"
KEY = ServiceKey("dev", "D", "S", "WORKER")
FIRST, SECOND, BAD, SLOW = (f"sha256:{digit * 64}" for digit in "1234")
SPEC = f"""\
spec:
  containers:
  - name: worker
    image: /d/s/repo/worker:1.0
    env:
      PREFECT_API_URL: {API_URL}
      PREFECT_WORK_POOL: spcs
      LEVEL: INFO
"""
PROBE = "    readinessProbe: {port: 8080, path: /health}\n"

BEHAVIOURS = {
    "good": Behaviour(first_lines=("{service}/{instance_id} started",)),
    "slow": Behaviour(
        first_lines=("{service}/{instance_id} started",),
        lines=("line {count}",),
        seconds_per_line=0.2,
        ready_after=2.5,
    ),
    "crash": Behaviour(
        first_lines=("starting",),
        last_lines=("RuntimeError: boom",),
        ready_after=None,
        exit_after=0.05,
        exit_code=3,
    ),
}


class PulsePrefect:
    """A Prefect whose workers beat as long as their containers are READY."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.silent = False
        self.failure: FleetError | None = None

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        if self.failure is not None:
            raise self.failure
        rows = [] if self.silent else [self._row(name) for name in self._names()]
        return WorkPoolSnapshot(key, "process", "READY", workers=tuple(rows))

    def _names(self) -> list[str]:
        return [
            ".".join([*service.key, str(instance.instance_id)]).lower()
            for service in self._lab.account.services.values()
            for instance in service.instances
            if all(container.status == "READY" for container in instance.containers)
        ]

    def _row(self, name: str) -> WorkerSnapshot:
        return WorkerSnapshot(name, "ONLINE", datetime.now(UTC), 5)

    async def close(self) -> None:
        return


def document(text: str = SPEC) -> SpecDocument:
    return written_document(read_spec(text), "spec.yaml")


def wish(text: str = SPEC, *, image: str = "", **fields: object) -> Wish:
    creation = ServiceCreation("P")
    return Wish(KEY, document(text), image, creation=creation, **fields)  # type: ignore[arg-type]


@dataclass
class UpdateBench:
    """One account, one connection `dev`, and whoever operates it."""

    sandbox: RunningSandbox
    lab: Lab
    reconciler: Reconciler
    session: ConnectorSession
    prefect: PulsePrefect
    history: HistoryFiles
    audit: MemoryAudit
    home: Path
    timing: UpdateTiming = field(
        default_factory=lambda: UpdateTiming(poll=0.05, ready_within=20, beating_within=20)
    )

    @property
    def tools(self) -> Tools:
        engine = Engine(SystemClock(), self.audit, lambda _: self.session)
        return Tools(
            lambda _: self.session, self.prefect, self.history, read_spec, engine, self.timing
        )

    @property
    def updates(self) -> Updates:
        return Updates(self.tools)

    @property
    def rollbacks(self) -> Rollbacks:
        return Rollbacks(self.tools, self.updates)

    @property
    def service(self) -> Service:
        return self.lab.service("WORKER")

    @property
    def running(self) -> dict[str, str]:
        """Container to the digest of its image, of all instances that are READY."""
        return {
            f"{container.name}/{instance.instance_id}": container.image_digest
            for instance in self.service.instances
            for container in instance.containers
            if container.status == "READY"
        }

    async def create(self, text: str = SPEC, options: str = "") -> None:
        """As somebody else would have, and wait until it runs."""
        body = f"CREATE SERVICE WORKER IN COMPUTE POOL P FROM SPECIFICATION $${text}$$ {options}"
        await self.lab.sql(body)
        assert await self.reconciler.reached(self.service, ["RUNNING"], 20)

    async def alter(self, text: str) -> None:
        """As somebody else would."""
        await self.lab.sql(f"ALTER SERVICE WORKER FROM SPECIFICATION $${text}$$")

    async def update(self, wanted: Wish) -> list[StepProgress]:
        return await applied(await self.updates.plan(wanted))

    def states(self) -> list[str]:
        entries = self.history.entries(self.lab.account.identifier, KEY)
        return [f"{entry.kind} {entry.state}" for entry in entries]


async def applied(planned: PlannedUpdate) -> list[StepProgress]:
    return [progress async for progress in planned.apply()]


def ends(events: list[StepProgress]) -> list[str]:
    """How each step ended."""
    return [f"{e.step.id} {e.state}" for e in events if e.state is not StepState.RUNNING]


def said(events: list[StepProgress]) -> str:
    return "\n".join(f"{event.part}: {event.detail}" for event in events)


@asynccontextmanager
async def update_bench(home: Path, *, role: str = "DEPLOYER") -> AsyncIterator[UpdateBench]:
    """SNOWFLAKE_HOME has to be `home`."""
    lab, clock = new_lab(), WallClock()
    simulated = SimulatedRuntime(clock, BEHAVIOURS)
    reconciler = Reconciler(lab.account, clock, RuntimeChoice((), simulated, simulated), INSTANT)
    lab.executor = Executor(lab.account, reconciler)
    created = datetime.now(UTC) - timedelta(days=1)
    lab.account.image_repositories["D", "S", "REPO"].images[:] = [
        Image("worker", {"1.0", "latest"}, FIRST, created, command="good"),
        Image("worker", {"2.0"}, SECOND, created, command="good"),
        Image("worker", {"slow"}, SLOW, created, command="slow"),
        Image("worker", {"bad"}, BAD, created, command="crash"),
    ]
    await lab.sql("CREATE SECRET KEY TYPE = GENERIC_STRING SECRET_STRING = 'pnu_secret'")
    reconciler.start()
    try:
        async with running_sandbox(lab) as sandbox:
            table = sandbox.connection(
                enable_server_session_keep_alive_auto_detection=None, role=role
            )
            save(home, {"dev": table})
            session = ConnectorSession(read_connections().select(["dev"])[0])
            try:
                yield UpdateBench(
                    sandbox,
                    lab,
                    reconciler,
                    session,
                    PulsePrefect(lab),
                    HistoryFiles(home / "history"),
                    MemoryAudit(),
                    home,
                )
            finally:
                await session.close()
    finally:
        await reconciler.stop(0)
        await simulated.close()
