"""An account with a service in it, and a platform that does nothing, for tests of statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from spcs_worker_tui.sandbox.catalogue.bootstrap import new_account, new_database
from spcs_worker_tui.sandbox.catalogue.executor import Executor
from spcs_worker_tui.sandbox.catalogue.model import (
    Account,
    ComputePool,
    Grants,
    Image,
    ImageRepository,
    Role,
    Service,
)
from spcs_worker_tui.sandbox.catalogue.platform import LogRecord
from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.results import SqlError, Table, Value
from spcs_worker_tui.sandbox.sql.ast import Name, Statement
from spcs_worker_tui.sandbox.sql.parser import parse

START = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = "sha256:" + "1" * 64


@dataclass
class FakePlatform:
    """Counts wake-ups, and answers with what the test put here."""

    clock: ManualClock = field(default_factory=ManualClock)
    wakes: int = 0
    log: str = "a line"
    records: list[LogRecord] = field(default_factory=list)
    log_requests: list[dict[str, object]] = field(default_factory=list)
    reaches: str | None = None
    waits: list[tuple[Service, frozenset[str], float | None]] = field(default_factory=list)

    def wake(self) -> None:
        self.wakes += 1

    async def reached(
        self, service: Service, statuses: Collection[str], within: float | None
    ) -> bool:
        self.waits.append((service, frozenset(statuses), within))
        if self.reaches is not None:
            service.status = self.reaches
        return service.status in statuses

    def read_log(
        self, service: Service, instance_id: int, container: str, **options: object
    ) -> str:
        self.log_requests.append(
            {"service": service.key, "instance": instance_id, "container": container, **options}
        )
        return self.log

    def log_records(self, service: Service, start: datetime, end: datetime) -> Sequence[LogRecord]:
        del service, start, end
        return self.records


@dataclass
class Lab:
    """Everything one test needs; `run` executes in the session, as its role."""

    account: Account
    platform: FakePlatform
    session: SessionContext
    executor: Executor

    async def run(self, statement: Statement, *, role: str | None = None) -> Table:
        kept = self.session.role
        self.session.role = role or kept
        try:
            return await self.executor.execute(statement, self.session)
        finally:
            if role is not None:
                self.session.role = kept

    async def rows(
        self, statement: Statement, *, role: str | None = None
    ) -> list[dict[str, Value]]:
        table = await self.run(statement, role=role)
        names = [column.name for column in table.columns]
        return [dict(zip(names, row, strict=True)) for row in table.rows]

    async def sql(self, text: str, *, role: str | None = None) -> Table:
        """Run the statements of a text; the answer of the last."""
        answers = [await self.run(statement, role=role) for statement in parse(text)]
        return answers[-1]

    async def asked(self, text: str, *, role: str | None = None) -> list[dict[str, Value]]:
        """The rows that the last statement of a text answers."""
        table = await self.sql(text, role=role)
        names = [column.name for column in table.columns]
        return [dict(zip(names, row, strict=True)) for row in table.rows]

    async def refusal(self, text: str, *, role: str | None = None) -> SqlError:
        """The error with which the statement is refused."""
        with pytest.raises(SqlError) as refused:
            await self.sql(text, role=role)
        return refused.value

    def service(self, name: str = "SVC") -> Service:
        """A service of D.S."""
        return self.account.services["D", "S", name]

    def allow(self, role: str, *places: Grants, privilege: str = "USAGE") -> None:
        """Give a role a privilege on objects."""
        for grants in places:
            grants.privileges.setdefault(role, set()).add(privilege)

    def open_schema(self, role: str) -> None:
        """Let a role into D.S."""
        database = self.account.databases["D"]
        self.allow(role, database.grants, database.schemas["S"].grants)


def new_lab() -> Lab:
    """Database D with schema S, role DEPLOYER that may do everything in it, and a pool P."""
    account = new_account("ACME", "MAIN_SITE", "AB12345", now=START, password="swordfish")
    for role in ("DEPLOYER", "WATCHER", "OUTSIDER"):
        account.roles[role] = Role(role, START, granted_to={"SYSADMIN"}, users={"OPERATOR"})
    account.databases["D"] = new_database("D", owner="DEPLOYER", now=START)
    account.databases["D"].schemas["S"] = account.databases["D"].schemas.pop("PUBLIC")
    account.databases["D"].schemas["S"].name = "S"
    account.compute_pools["P"] = ComputePool(
        "P", "CPU_X64_S", 1, 2, START, Grants("DEPLOYER"), state="ACTIVE", target_nodes=1
    )
    account.image_repositories["D", "S", "REPO"] = ImageRepository(
        ("D", "S", "REPO"),
        START,
        Grants("DEPLOYER"),
        images=[Image("worker", {"1.0", "latest"}, DIGEST, START)],
    )
    platform = FakePlatform()
    session = SessionContext(account, 1, "OPERATOR", "DEPLOYER", START, "D", "S", "COMPUTE_WH")
    return Lab(account, platform, session, Executor(account, platform))


def add_service(lab: Lab, name: str = "SVC", **fields: object) -> Service:
    """A service of DEPLOYER in D.S and P, as a statement would have left it."""
    service = Service(
        ("D", "S", name),
        "P",
        {"spec": {"containers": [{"name": "worker", "image": "acme/d/s/repo/worker:1.0"}]}},
        "d" * 64,
        {"worker": DIGEST},
        START,
        Grants("DEPLOYER"),
        updated_on=START,
        ingress_hash="feed",
    )
    for attribute, value in fields.items():
        setattr(service, attribute, value)
    lab.account.services[service.key] = service
    return service


def name(text: str) -> Name:
    """A name as the parser gives it, from `A.B.C`."""
    return Name(tuple(text.split(".")))
