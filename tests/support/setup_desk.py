"""A `SetupDesk` that answers what a test wants, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from spcs_worker_tui.domain.account import InstanceFamily, Standing
from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.fleet import ImageSnapshot
from spcs_worker_tui.domain.keys import KeyKind, Secret
from spcs_worker_tui.domain.new_connection import NewConnection
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress, StepState
from spcs_worker_tui.domain.prefect_places import (
    ActiveProfile,
    PoolChoice,
    PrefectAccess,
    PrefectProof,
    Workspace,
)
from spcs_worker_tui.domain.settings import Project
from spcs_worker_tui.domain.setup import Answers, Piece, PieceState, Survey
from spcs_worker_tui.domain.wizard import SavedConnection

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STANDING = Standing("ORG-DEV", "ADA", "SYSADMIN", frozenset({"SYSADMIN", "PUBLIC"}))
PIECES = (
    Piece("role", "Role PREFECT_OPERATOR", PieceState.MADE),
    Piece("database", "Database and schema PREFECT.WORKERS", PieceState.THERE),
    Piece("repository", "Image repository PREFECT.WORKERS.IMAGES", PieceState.MADE),
    Piece("pool", "Compute pool WORKER_POOL", PieceState.MADE, costs="0.06 credits an hour"),
    Piece("rule", "Network rule PREFECT.WORKERS.PREFECT_API", PieceState.CHANGED),
    Piece("integration", "External access integration PREFECT_ACCESS", PieceState.MADE),
    Piece("secret", "Secret PREFECT.WORKERS.PREFECT_API_KEY", PieceState.MADE),
    Piece("service", "Service PREFECT.WORKERS.WORKER", PieceState.MADE),
    Piece("work-pool", "Work pool spcs", PieceState.MADE),
)
LACKING = Piece(
    "pool",
    "Compute pool WORKER_POOL",
    PieceState.LACKING,
    "is missing, and SYSADMIN may not make it",
    asks=("GRANT CREATE COMPUTE POOL ON ACCOUNT TO ROLE SYSADMIN",),
)
STEPS = (
    Step("save", "Save connection default in connections.toml"),
    Step("keep", "Keep the password of connection default in the keyring"),
    Step("pool", "Make compute pool WORKER_POOL", "CREATE COMPUTE POOL IF NOT EXISTS WORKER_POOL"),
    Step("service", "Create the service", "CREATE SERVICE IF NOT EXISTS PREFECT.WORKERS.WORKER"),
    Step("smoke", "Follow the run to its end"),
)
FAMILIES = (InstanceFamily("CPU_X64_XS", 1, 6), InstanceFamily("CPU_X64_S", 3, 13))


class ScriptedDesk:
    """Everything works, unless a test says otherwise by `refused`.

    Attributes:
        refused: By method: raised once, then forgotten.
        held: By method: waited for.
    """

    def __init__(
        self,
        saved: Sequence[SavedConnection] = (),
        remembered: Mapping[str, str] | None = None,
        profile: ActiveProfile | None = None,
    ) -> None:
        self.saved = saved
        self.kept = dict(remembered or {})
        self.settings: Project | None = None
        self.profile = profile
        self.pieces: tuple[Piece, ...] = PIECES
        self.refused: dict[str, Exception] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.kind: KeyKind | None = None
        self.pools = [PoolChoice("default", "process", "READY"), PoolChoice("k8s", "kubernetes")]
        self.found_images: Sequence[ImageSnapshot] = ()
        self.asked: list[str] = []
        self.signed_in: list[tuple[str | NewConnection, Secret | None]] = []
        self.prefect: list[PrefectAccess] = []
        self.answers: list[Answers] = []
        self.applied: list[Plan] = []
        self.is_closed = False

    @property
    def folder(self) -> PurePath:
        return PurePath("project")

    async def open(self) -> ScriptedDesk:
        """What the app is given as `open_desk`."""
        return self

    async def _ask(self, method: str) -> None:
        self.asked.append(method)
        if method in self.held:
            await self.held[method].wait()
        if method in self.refused:
            raise self.refused.pop(method)

    async def project(self) -> Project | None:
        await self._ask("project")
        return self.settings

    def remembered(self) -> Mapping[str, str]:
        return self.kept

    def remember(self, answers: Mapping[str, str]) -> None:
        self.kept = dict(answers)

    async def connections(self) -> Sequence[SavedConnection]:
        await self._ask("connections")
        return self.saved

    async def sign_in(self, connection: str | NewConnection, secret: Secret | None) -> Standing:
        self.signed_in.append((connection, secret))
        await self._ask("sign_in")
        return STANDING

    async def active_profile(self) -> ActiveProfile | None:
        return self.profile

    async def workspaces(self, key: Secret) -> Sequence[Workspace]:
        await self._ask("workspaces")
        return [
            Workspace(f"acme/{name}", f"https://api.prefect.cloud/api/accounts/a/workspaces/{name}")
            for name in ("dev", "prod")
        ]

    async def use_prefect(self, access: PrefectAccess) -> PrefectProof:
        self.prefect.append(access)
        await self._ask("use_prefect")
        kind = access.kind if access.secret is not None else self.kind
        return PrefectProof("takes the key from what was typed", kind)

    async def work_pools(self) -> Sequence[PoolChoice]:
        await self._ask("work_pools")
        return self.pools

    async def survey(self, answers: Answers) -> Survey:
        self.answers.append(answers)
        await self._ask("survey")
        return Survey(answers, STANDING, self.pieces)

    async def families(self) -> Sequence[InstanceFamily]:
        await self._ask("families")
        return FAMILIES

    async def images(self, answers: Answers) -> Sequence[ImageSnapshot]:
        await self._ask("images")
        return self.found_images

    async def plan(self, answers: Answers) -> Plan:
        self.answers.append(answers)
        await self._ask("plan")
        warnings = ("The compute pool costs 0.06 credits an hour while it is up.",)
        return Plan("Set up default", answers.key, STEPS, NOW, warnings=warnings)

    async def apply(self, plan: Plan) -> AsyncIterator[StepProgress]:
        self.applied.append(plan)
        for step in plan.steps:
            yield StepProgress(step, StepState.RUNNING)
            try:
                await self._ask(step.id)
            except FleetError as error:
                yield StepProgress(step, StepState.FAILED, str(error), error=error)
                return
            yield StepProgress(step, StepState.DONE, "done", timedelta(seconds=2))

    async def close(self) -> None:
        self.is_closed = True
