"""The headless check: the roll-up, patterns, waiting and resuming."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    PrivilegeError,
    SignInRefusedError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import ConnectionSnapshot, ConnectionState, ServiceSnapshot
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.verdict import Health, JudgedFleet, Verdict
from spcs_worker_tui.operations.apply import Engine
from spcs_worker_tui.operations.check import (
    CheckOptions,
    CheckReport,
    assess,
    check,
)
from spcs_worker_tui.operations.choose import choose, matches, wanted
from spcs_worker_tui.operations.lifecycle import Lifecycle
from spcs_worker_tui.operations.resume_late import SUSPENDED_WHILE_RUNS_WAIT, ResumeLate
from support import fleet as build
from support.audit import MemoryAudit
from support.scripted import ScriptedSession
from support.virtual_time import VirtualClock

H = Health


def judged(*healths: Health, connections: Sequence[ConnectionSnapshot] = ()) -> JudgedFleet:
    """A fleet with one service for each of these verdicts."""
    services = [build.service(f"S{number}") for number in range(len(healths))]
    fleet = build.fleet(*services, connections=connections)
    rules = {H.SUSPENDED: 5}
    verdicts = {
        service.key: Verdict(health, rules.get(health, 32), "because")
        for service, health in zip(services, healths, strict=True)
    }
    return JudgedFleet(fleet, verdicts)


def failed(name: str, state: ConnectionState) -> ConnectionSnapshot:
    error = SignInRefusedError("no") if state is ConnectionState.REFUSED else None
    return ConnectionSnapshot(name, state, error=error or SnowflakeUnreachableError("no route"))


@pytest.mark.parametrize(
    ("healths", "expected"),
    [
        ([H.HEALTHY, H.HEALTHY], H.HEALTHY),
        ([H.HEALTHY, H.SUSPENDED], H.HEALTHY),
        ([H.SUSPENDED], H.HEALTHY),
        ([H.HEALTHY, H.DEGRADED], H.DEGRADED),
        ([H.DEGRADED, H.UNKNOWN], H.UNKNOWN),
        ([H.UNKNOWN, H.BROKEN, H.DEGRADED], H.BROKEN),
    ],
)
def test_the_worst_verdict_counts(healths: list[Health], expected: Health) -> None:
    assert assess(judged(*healths), CheckOptions()).health is expected


def test_a_suspended_service_is_broken_where_it_is_required_to_run() -> None:
    report = assess(judged(H.HEALTHY, H.SUSPENDED), CheckOptions(require_running=True))
    assert report.health is H.BROKEN


def test_a_connection_that_failed_makes_it_unknown_but_hides_nothing_broken() -> None:
    bad = failed("prod", ConnectionState.UNREACHABLE)
    report = assess(judged(H.HEALTHY, connections=[bad]), CheckOptions())
    assert (report.health, report.failed_connections) == (H.UNKNOWN, (bad,))
    report = assess(judged(H.BROKEN, connections=[bad]), CheckOptions())
    assert report.health is H.BROKEN


def test_an_empty_account_is_no_good_news() -> None:
    fleet = build.fleet(connections=[build.connection("dev")])
    report = assess(JudgedFleet(fleet), CheckOptions())
    assert report.health is H.UNKNOWN
    assert "No service is visible to role OPERATOR" in report.remarks[0]


def test_a_pattern_that_means_nothing_is_said_so() -> None:
    report = assess(judged(H.HEALTHY), CheckOptions(patterns=("S0", "GONE*")))
    assert report.health is H.UNKNOWN
    assert len(report.remarks) == 1
    assert "'GONE*'" in report.remarks[0]


def test_the_worst_services_come_first() -> None:
    report = assess(judged(H.HEALTHY, H.BROKEN, H.SUSPENDED, H.BROKEN), CheckOptions())
    assert [service.key.name for service, _ in report.services] == ["S1", "S3", "S0", "S2"]


# Waiting.


class Looks:
    """Answers one picture after the other; the last one again and again."""

    def __init__(self, *pictures: JudgedFleet) -> None:
        self.pictures = list(pictures)
        self.count = 0

    async def __call__(self) -> JudgedFleet:
        self.count += 1
        return self.pictures.pop(0) if len(self.pictures) > 1 else self.pictures[0]


class HurryingClock(VirtualClock):
    async def sleep(self, seconds: float) -> None:
        self.skip(seconds)


async def run(looks: Looks, options: CheckOptions) -> tuple[CheckReport, list[CheckReport]]:
    said: list[CheckReport] = []
    report = await check(looks, HurryingClock(), options, said.append)
    return report, said


async def test_without_waiting_one_look_is_enough() -> None:
    looks = Looks(judged(H.BROKEN))
    report, said = await run(looks, CheckOptions())
    assert (report.health, said, looks.count) == (H.BROKEN, [], 1)


async def test_waits_until_all_is_well() -> None:
    looks = Looks(judged(H.BROKEN), judged(H.DEGRADED), judged(H.HEALTHY))
    report, said = await run(looks, CheckOptions(wait=True))
    assert report.health is H.HEALTHY
    assert [one.health for one in said] == [H.BROKEN, H.DEGRADED]


async def test_waits_no_longer_than_asked() -> None:
    looks = Looks(judged(H.DEGRADED))
    report, _ = await run(looks, CheckOptions(wait=True, seconds=60, interval=5))
    assert (report.health, looks.count) == (H.DEGRADED, 13)


async def test_waits_for_a_connection_that_may_come_back() -> None:
    looks = Looks(
        judged(H.HEALTHY, connections=[failed("prod", ConnectionState.UNREACHABLE)]),
        judged(H.HEALTHY),
    )
    report, _ = await run(looks, CheckOptions(wait=True))
    assert report.health is H.HEALTHY


async def test_does_not_wait_for_what_only_a_person_can_mend() -> None:
    looks = Looks(judged(H.HEALTHY, connections=[failed("prod", ConnectionState.REFUSED)]))
    report, _ = await run(looks, CheckOptions(wait=True))
    assert (report.health, looks.count) == (H.UNKNOWN, 1)


# Resuming.


class Account(ScriptedSession):
    """Rows with their real status, which RESUME changes."""

    async def resume_service(self, key: object) -> str:
        self.services = {k: build.service(k.name, status="PENDING") for k in self.services}
        return await super().resume_service(key)  # type: ignore[arg-type]


class Trap:
    """One suspended service, with runs that wait, on an account that can be changed."""

    def __init__(self, service: ServiceSnapshot, late: int = 2) -> None:
        self.account = Account(services=[service])
        self.late = late
        self.clock = HurryingClock()

    def fleet(self) -> JudgedFleet:
        runs = [build.late_run(600, id=str(n)) for n in range(self.late)]
        pool = build.work_pool(workers=[], late=runs)
        snapshot = build.fleet(*self.account.services.values(), work_pools=[pool])
        return Judge().judge(snapshot, build.NOW)

    async def check(self, *, resume: bool = True) -> CheckReport:
        async def look() -> JudgedFleet:
            return self.fleet()

        def lifecycle(fleet: JudgedFleet) -> Lifecycle:
            engine = Engine(self.clock, MemoryAudit(), lambda _: self.account)
            return Lifecycle(lambda _: self.account, lambda: fleet.snapshot, engine)

        late = ResumeLate(lifecycle) if resume else None
        return await check(look, self.clock, CheckOptions(), resume=late)


async def test_resumes_what_runs_wait_for() -> None:
    trap = Trap(build.service(status="SUSPENDED"))
    (verdict,) = trap.fleet().verdicts.values()
    assert (verdict.rule, verdict.health) == (SUSPENDED_WHILE_RUNS_WAIT, H.BROKEN)
    report = await trap.check()
    assert trap.account.calls["resume_service"] == 1
    assert [(done.service.name, done.error) for done in report.resumptions] == [("INGEST", None)]
    assert report.health is H.DEGRADED  # starting


async def test_resumes_nothing_without_being_asked() -> None:
    trap = Trap(build.service(status="SUSPENDED"))
    report = await trap.check(resume=False)
    assert (report.health, report.resumptions) == (H.BROKEN, ())
    assert trap.account.calls["resume_service"] == 0


async def test_resumes_nothing_that_nobody_waits_for() -> None:
    trap = Trap(build.service(status="SUSPENDED"), late=0)
    report = await trap.check()
    assert (report.health, trap.account.calls["resume_service"]) == (H.HEALTHY, 0)


async def test_a_resume_that_is_refused_is_reported() -> None:
    trap = Trap(build.service(status="SUSPENDED"))
    error = PrivilegeError("Insufficient privileges.", errno=3001)
    trap.account.failures["resume_service"] = error
    report = await trap.check()
    assert report.health is H.BROKEN
    assert [done.error for done in report.resumptions] == [error]


# Names and patterns.


@pytest.mark.parametrize(
    "pattern",
    [
        "INGEST",
        "ingest",
        "prefect.ingest",
        "Analytics.Prefect.Ingest",
        "dev:ingest",
        "DEV:analytics.*",
        "*",
        "in?est",
        "*:*gest",
    ],
)
def test_patterns_that_match(pattern: str) -> None:
    assert matches(pattern, build.key())


@pytest.mark.parametrize("pattern", ["", "INGES", "prod:INGEST", "OTHER.INGEST", "dev:", "dev"])
def test_patterns_that_do_not(pattern: str) -> None:
    assert not matches(pattern, build.key())


def test_no_pattern_means_all() -> None:
    assert wanted(())(build.key())
    assert not wanted(("X",))(build.key())


def test_choosing_one() -> None:
    keys = [build.key(), build.key(connection="prod"), build.key("EXPORT")]
    assert choose("export", keys) == keys[2]
    assert choose("prod:ingest", keys) == keys[1]
    with pytest.raises(ConfigurationError, match="means 2 services") as several:
        choose("INGEST", keys)
    assert "dev:ANALYTICS.PREFECT.INGEST, prod:ANALYTICS.PREFECT.INGEST" in several.value.next_step
    with pytest.raises(ConfigurationError, match="no service 'EXPROT'") as none:
        choose("EXPROT", keys)
    assert "dev:ANALYTICS.PREFECT.EXPORT" in none.value.next_step
    with pytest.raises(ConfigurationError) as nothing:
        choose("X", [])
    assert "No service is visible" in nothing.value.next_step
