"""A console that plays a script: pictures, log events and plans that no system ever made.

Run it to look at the dashboard without anything behind it::

    PYTHONPATH=tests python -m support.console --services 1000 --log-rate 200
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePath

from spcs_worker_tui.adapters.dotenv_lines import read_lines
from spcs_worker_tui.domain.audit import AuditEntry, AuditResult
from spcs_worker_tui.domain.dotenv import DotenvEntry
from spcs_worker_tui.domain.environment import EditEnvironment, EnvironmentRow, ServiceEnvironment
from spcs_worker_tui.domain.errors import FleetError, SignInNeededError
from spcs_worker_tui.domain.fleet import (
    ConnectionState,
    FleetSnapshot,
    Observation,
    ServiceKey,
    ServiceStatus,
)
from spcs_worker_tui.domain.history import HistoryEntry, HistoryKind, HistoryState, PastSpec
from spcs_worker_tui.domain.keys import KeyName, Secret
from spcs_worker_tui.domain.log import LogEvent, LogGap, LogLine, LogNotice, LogRestart, LogSource
from spcs_worker_tui.domain.plan import Plan, Step, StepProgress, StepState
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.domain.settings import Environment, Project
from spcs_worker_tui.domain.spec_document import Variable
from spcs_worker_tui.domain.verdict import Fact, Health, JudgedFleet, Sync, Verdict
from spcs_worker_tui.domain.wishes import (
    Build,
    CreateWorkPool,
    Deploy,
    Drain,
    Drop,
    PruneWorkers,
    Push,
    Restart,
    Resume,
    RollBack,
    Scale,
    Suspend,
    Update,
    Wish,
)
from support import fleet as build

NOW = build.NOW


def verdict(health: Health = Health.HEALTHY, reason: str = "", **fields: object) -> Verdict:
    """A verdict with facts; `fields` replace its own."""
    values: dict[str, object] = {
        "rule": 32,
        "reason": reason or "Beating every 30 s, last 12 s ago; last run 4 min ago",
        "sync": Sync.IN_SYNC,
        "since": NOW - timedelta(minutes=7),
        "workers_online": 1,
        "workers_expected": 1,
        "facts": (
            Fact("service status", "RUNNING", build.ago(1), "Snowflake"),
            Fact("instances ready", "1 of 1", build.ago(1), "Snowflake"),
            Fact("last heartbeat", "12 s ago", build.ago(4), "Prefect"),
        ),
    }
    return Verdict(health=health, **(values | fields))  # type: ignore[arg-type]


def demo(now: datetime = NOW) -> JudgedFleet:
    """One of everything, judged by hand, with every age as at `NOW`."""
    snapshot = build.demo_fleet()
    by_name = {service.key.name: service.key for service in snapshot.services}
    trouble = build.connection(
        "lab",
        state=ConnectionState.SIGN_IN_NEEDED,
        error=SignInNeededError("lab signs in with a browser", next_step="It opens one here."),
    )
    snapshot = dataclasses.replace(snapshot, connections=(*snapshot.connections, trouble))
    verdicts = {
        by_name["INGEST"]: verdict(workers=("analytics.prefect.ingest.0",)),
        by_name["REPORTS"]: verdict(
            workers=("analytics.prefect.reports.0", "analytics.prefect.reports.1"),
            workers_online=2,
            workers_expected=2,
            sync=Sync.IMAGE_BEHIND,
            sync_detail="1.4.0 was pushed again 10 min ago and is not rolled out",
        ),
        by_name["NIGHTLY"]: verdict(
            Health.BROKEN,
            "Suspended while 2 runs wait, the oldest for 15 min. Nothing resumes it by itself",
            rule=6,
            next_step="Press z to resume it",
            workers_online=0,
            previous=Health.SUSPENDED,
        ),
        by_name["CRASHING"]: verdict(
            Health.BROKEN,
            "Restart loop: 7 restarts in 10 min, exit code 64",
            rule=9,
            next_step="Read the log: l. The exit code means: PREFECT_API_URL is not set",
            workers_online=0,
        ),
        by_name["PULLING"]: verdict(
            Health.BROKEN,
            "Cannot start: Failed to pull image",
            rule=10,
            next_step="Check the image's name and the role's READ on the image repository",
            workers_online=0,
        ),
        by_name["API"]: verdict(
            Health.HEALTHY, "Runs; it is no Prefect worker", workers_online=0, workers_expected=0
        ),
    }
    return shifted(JudgedFleet(snapshot, verdicts), now)


def shifted(judged: JudgedFleet, now: datetime) -> JudgedFleet:
    """The same picture with every age as at `now`, as far as the dashboard shows it."""
    by = now - judged.snapshot.observed_at

    def worker_later(worker):
        beat = worker.last_heartbeat_time
        return dataclasses.replace(worker, last_heartbeat_time=beat + by if beat else None)

    pools = {
        key: Observation(
            dataclasses.replace(o.value, workers=tuple(map(worker_later, o.value.workers))),
            o.observed_at + by if o.observed_at else None,
            o.error,
        )
        for key, o in judged.snapshot.work_pools.items()
    }
    connections = tuple(
        dataclasses.replace(
            c,
            services=tuple(
                dataclasses.replace(s, observed_at=s.observed_at + by) for s in c.services
            ),
        )
        for c in judged.snapshot.connections
    )
    snapshot = FleetSnapshot(now, connections, pools, judged.snapshot.images)
    return JudgedFleet(snapshot, judged.verdicts)


def big(count: int, now: datetime = NOW) -> JudgedFleet:
    """Many services on twenty connections, a few of them in trouble."""
    dice = random.Random(count)
    rows, verdicts, pools = [], {}, []
    for number in range(count):
        pool = f"pool-{number % 50}"
        row = build.service(
            f"WORKER_{number:04d}",
            connection=f"account-{number % 20:02d}",
            binding=build.binding(pool),
        )
        rows.append(row)
        health = dice.choices([*Health], [90, 4, 2, 3, 1])[0]
        if health is Health.SUSPENDED:
            rows[-1] = dataclasses.replace(row, status=ServiceStatus.SUSPENDED)
        verdicts[row.key] = verdict(health, workers=(f"w-{number}",))
    for number in range(50):
        workers = [build.worker(f"w-{i}", age=dice.random() * 30) for i in range(number, count, 50)]
        pools.append(build.work_pool(f"pool-{number}", workers=workers))
    return shifted(JudgedFleet(build.fleet(*rows, work_pools=pools), verdicts), now)


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
    """A `FleetConsole` that plays what it was given and remembers what it was asked.

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
        self.wishes: list[Wish] = []
        self.read_only = ReadOnly()
        self.audit: Sequence[AuditEntry] = AUDIT
        self.past: Sequence[PastSpec] = PAST
        self.settings = PROJECT
        self.said: dict[str, Sequence[StepProgress]] = {}
        self.held: dict[str, asyncio.Event] = {}
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

    async def plan(self, wish: Wish) -> Plan:
        self.wishes.append(wish)
        return plan_for(wish)

    async def plan_suspend(self, key: ServiceKey) -> Plan:
        return await self.plan(Suspend(key))

    async def plan_resume(self, key: ServiceKey) -> Plan:
        return await self.plan(Resume(key))

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
            yield StepProgress(step, StepState.DONE, "Statement 01b2 took 0.3 s")

    async def close(self) -> None:
        self.is_closed = True


def plan_for(wish: Wish) -> Plan:
    """A plan for whatever was wished, by hand."""
    verb = type(wish).__name__
    match wish:
        case Suspend():
            return plan(wish.service, warnings=(*RUN_WARNINGS, *_drain_warnings(wish.drain)))
        case Resume():
            return plan(wish.service, "RESUME", warnings=())
        case Update() | RollBack() | EditEnvironment():
            made = plan(wish.service, "UPDATE", warnings=("Instances are replaced one by one.",))
            steps = (
                Step("send", "Send the specification", UPDATE_STATEMENT),
                Step("wait", "Wait until every instance is READY on the new digest"),
                Step("beat", "Wait until its worker beats in Prefect"),
            )
            title = f"{verb} {wish.service.name}"
            return dataclasses.replace(made, title=title, steps=steps, differences=DIFFERENCES)
        case Build() | Push() | Deploy():
            name = (wish.build if isinstance(wish, Deploy) else wish).environment
            steps = tuple(Step(i, t) for i, t in DEPLOY_STEPS if verb == "Deploy" or i in t.lower())
            return Plan(f"{verb} {name}", None, steps, NOW, subject=f"environment {name}")
        case Restart() | Scale() | Drop():
            return plan(wish.service, verb.upper(), warnings=())
        case _:
            target = wish.pool if isinstance(wish, CreateWorkPool | PruneWorkers) else wish.target
            step = Step("send", f"{verb} in Prefect", f"PATCH {target}")
            return Plan(f"{verb} {target}", None, (step,), NOW, subject=str(target))


def _drain_warnings(drain: Drain | None) -> tuple[str, ...]:
    return (f"It waits {drain.within:.0f} s for flow runs.",) if drain else ()


RUN_WARNINGS = (
    "1 run is running on this worker; it gets 30 s to end before it is killed.",
    "The compute pool goes on costing until it suspends itself after 1 h.",
)
DIFFERENCES = (
    "worker: image: worker:1.4.0 aaaaaaaaaaaa -> worker:1.5.0 bbbbbbbbbbbb",
    "worker: variable PREFECT_LOGGING_LEVEL: 'INFO' -> 'DEBUG'",
    "worker: variable REGION added: 'eu-west-1'",
    "worker: variable OLD_TOKEN removed (was (hidden))",
)
UPDATE_STATEMENT = """\
ALTER SERVICE ANALYTICS.PREFECT.INGEST FROM SPECIFICATION $$
spec:
  containers:
  - name: worker
    image: /analytics/prefect/images/worker:1.5.0
$$"""
DEPLOY_STEPS = (
    ("build", "Build the image for linux/amd64"),
    ("push", "Push spcs-worker:1.5.0-4f2a9c1 to the image repository"),
    ("digest", "Look whether the repository has that digest (after build and push)"),
    ("send", "ALTER the service"),
    ("wait", "Wait until every instance is READY on the new digest"),
    ("beat", "Wait until its worker beats in Prefect"),
)
AUDIT = (
    AuditEntry(
        NOW - timedelta(hours=3),
        "p1",
        "Update ANALYTICS.PREFECT.INGEST",
        "Send the specification",
        AuditResult.DONE,
        "ANALYTICS.PREFECT.INGEST",
        "dev",
        "ORG-DEV",
        "ADA",
        "OPERATOR",
        "ada",
        "ALTER SERVICE ANALYTICS.PREFECT.INGEST FROM SPECIFICATION $$ … $$",
        query_id="01b2c3d4-0000-1111-0000-000000000001",
        elapsed=timedelta(seconds=1.4),
    ),
    AuditEntry(
        NOW - timedelta(minutes=20),
        "p2",
        "Suspend ANALYTICS.PREFECT.NIGHTLY",
        "Suspend the service",
        AuditResult.FAILED,
        "ANALYTICS.PREFECT.NIGHTLY",
        "dev",
        statement="ALTER SERVICE ANALYTICS.PREFECT.NIGHTLY SUSPEND",
        detail="Insufficient privileges to operate on service 'NIGHTLY'",
        user="ada",
        elapsed=timedelta(seconds=0.3),
    ),
)


def _past(number: int, kind: HistoryKind, why: str, *differences: str) -> PastSpec:
    at = NOW - timedelta(days=10 - number)
    entry = HistoryEntry(
        at, kind, HistoryState.READY, "spec:\n", why=why, user="ada", number=number
    )
    return PastSpec(entry, differences)


PAST = (
    _past(4, HistoryKind.UPDATED, "release 1.4"),
    _past(3, HistoryKind.UPDATED, "more memory", *DIFFERENCES[:2]),
    _past(1, HistoryKind.FOUND, "", *DIFFERENCES),
)
PROJECT = Project(
    PurePath("spcs-worker.toml"),
    {
        name: Environment(
            name, name, "ANALYTICS", "PREFECT", "INGEST", "WORKERS", build.REPOSITORY,
            read_only=name == "prod",
        )
        for name in ("dev", "prod")
    },
    "dev",
)  # fmt: skip


def plan(key: ServiceKey, verb: str = "SUSPEND", warnings: tuple[str, ...] = RUN_WARNINGS) -> Plan:
    return Plan(
        title=f"{verb.title()} {key.name}",
        service=key,
        steps=(
            Step("send", f"{verb.title()} the service", f"ALTER SERVICE {key.qualified} {verb}"),
            Step("wait", "Wait until it says so"),
        ),
        made_at=NOW,
        warnings=warnings,
    )


class LiveConsole(ScriptedConsole):
    """Goes on for ever: new pictures every few seconds, log lines all the time."""

    def __init__(
        self, make: Callable[[datetime], JudgedFleet], *, every: float, rate: float
    ) -> None:
        super().__init__()
        self._make, self._every, self._rate = make, every, rate

    async def watch(self) -> AsyncIterator[JudgedFleet]:
        while True:
            yield self._make(datetime.now(UTC))
            await asyncio.sleep(self._every)

    async def follow_log(self, key: ServiceKey) -> AsyncIterator[Sequence[LogEvent]]:
        yield self.log
        for number in itertools.count():
            await asyncio.sleep(0.1)
            time_ns = int(datetime.now(UTC).timestamp() * 1e9)
            size = int(self._rate * 0.1 * (number + 1)) - int(self._rate * 0.1 * number)
            if size:
                yield [
                    LogLine(
                        LogSource(i % 3, "worker"),
                        time_ns,
                        f"INFO    | {key.name} line {number}.{i} did something worth a line",
                    )
                    for i in range(size)
                ]


def main() -> None:
    from spcs_worker_tui.ui.app import FleetApp

    parser = argparse.ArgumentParser()
    parser.add_argument("--services", type=int, default=0)
    parser.add_argument("--log-rate", type=float, default=2)
    parser.add_argument("--every", type=float, default=5)
    parser.add_argument("--theme", default="spcs-dark")
    options = parser.parse_args()
    makers: Mapping[bool, Callable[[datetime], JudgedFleet]] = {
        True: lambda now: big(options.services, now),
        False: demo,
    }
    console = LiveConsole(makers[options.services > 0], every=options.every, rate=options.log_rate)
    FleetApp(console.open, theme=options.theme).run()


if __name__ == "__main__":
    main()
