"""Plans, past specs and audit entries that no system ever made."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import PurePath

from spcs_worker_tui.domain.audit import AuditEntry, AuditResult
from spcs_worker_tui.domain.doctor import (
    Fix,
    MakePrivate,
    SendStatements,
    SpecFix,
)
from spcs_worker_tui.domain.environment import EditEnvironment
from spcs_worker_tui.domain.fleet import (
    ServiceKey,
)
from spcs_worker_tui.domain.history import HistoryEntry, HistoryKind, HistoryState, PastSpec
from spcs_worker_tui.domain.plan import Plan, Step
from spcs_worker_tui.domain.settings import Environment, Project
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
from support.pictures import NOW


def plan_for(wish: Fix) -> Plan:
    """A plan for whatever was wished or found, by hand."""
    return _mending(wish) if isinstance(wish, _FOUND) else _wished(wish)


def _wished(wish: Wish) -> Plan:
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


_FOUND = SendStatements | MakePrivate | SpecFix


def _mending(fix: SendStatements | MakePrivate | SpecFix) -> Plan:
    if isinstance(fix, SendStatements):
        steps = tuple(Step(text, fix.title, text) for text in fix.statements)
        return Plan(fix.title, None, steps, NOW, connection=fix.connection, subject="grants")
    if not isinstance(fix, MakePrivate):
        return plan(fix.service, "UPDATE", warnings=())
    step = Step("private", "Let nobody else read it", f"chmod 600 {fix.path}")
    return Plan(step.title, None, (step,), NOW, subject=fix.path)


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
