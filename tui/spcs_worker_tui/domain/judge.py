"""The verdicts on a whole fleet, from picture to picture: history, steadiness and the roll-up."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import (
    ConnectionSnapshot,
    FleetSnapshot,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.rules import first_match
from spcs_worker_tui.domain.rules_facts import Facts, Kind, Thresholds
from spcs_worker_tui.domain.rules_gather import (
    enough_ready,
    gather,
    is_warming_up,
    joined_workers,
    newest,
    prefect_facts,
    snowflake_facts,
)
from spcs_worker_tui.domain.rules_history import ServiceHistory
from spcs_worker_tui.domain.rules_pool import PoolView, lost_together
from spcs_worker_tui.domain.rules_row import Rule, Side
from spcs_worker_tui.domain.rules_show import show_facts
from spcs_worker_tui.domain.sync import (
    Images,
    SyncWord,
    is_altered,
    repositories,
    repository_key,
    sync_word,
    without_containers,
)
from spcs_worker_tui.domain.verdict import Fact, FactsOnDemand, Health, JudgedFleet, Verdict

if TYPE_CHECKING:
    from spcs_worker_tui.domain.join import JoinedWorkers
    from spcs_worker_tui.domain.prefect import WorkPoolKey

DEFAULT_THRESHOLDS = Thresholds()

NO_VIEWS: Mapping[WorkPoolKey, PoolView] = MappingProxyType({})

_REFRESH = timedelta(seconds=5)
_SLOW_REFRESH = timedelta(minutes=1)
"""The ages in a reason are at most this much behind while nothing new is observed; the second is
for suspended services, of which there may be many and whose ages are long."""
_STEADY = frozenset({Health.HEALTHY, Health.DEGRADED, Health.BROKEN})
"""Between these a verdict hesitates. Suspended is somebody's will, unknown is no state."""
_BLIND_RULES = frozenset({1, 2, 15})


@dataclass(frozen=True, slots=True)
class RollUp:
    """The fleet in one word, and how many services have which."""

    worst: Health
    counts: Mapping[Health, int]

    @property
    def total(self) -> int:
        """How many services were judged."""
        return sum(self.counts.values())


def roll_up(verdicts: Iterable[Verdict]) -> RollUp:
    """The worst verdict among the services that are not suspended; SUSPENDED if all are.

    An empty fleet is UNKNOWN: nothing was looked at.
    """
    counts = dict.fromkeys(Health, 0)
    for verdict in verdicts:
        counts[verdict.health] += 1
    present = [health for health in Health if counts[health]]
    worst = max(present, key=lambda health: health.severity, default=Health.UNKNOWN)
    return RollUp(worst, counts)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a verdict was made from; compared by identity, since snapshots never change."""

    service: ServiceSnapshot
    view: PoolView | None
    images: tuple[Images | None, ...]
    is_warming_up: bool
    is_lost: bool
    is_blind: bool

    def same_as(self, other: _Inputs) -> bool:
        return (
            self.service is other.service
            and self.view is other.view
            and len(self.images) == len(other.images)
            and all(map(operator.is_, self.images, other.images))
            and self.is_warming_up == other.is_warming_up
            and self.is_lost == other.is_lost
            and self.is_blind == other.is_blind
        )


@dataclass(frozen=True, slots=True)
class _Polls:
    """When each side was last asked with success: a new value is a new poll."""

    snowflake: datetime | None
    prefect: datetime | None

    def count_since(self, other: _Polls, sides: frozenset[Side]) -> bool:
        """Whether one of these sides answered anew."""
        return (Side.SNOWFLAKE in sides and self.snowflake != other.snowflake) or (
            Side.PREFECT in sides and self.prefect != other.prefect
        )


@dataclass(slots=True)
class _Candidate:
    """A change that was seen but not yet believed."""

    health: Health
    seen: int
    polls: _Polls


class _Case:
    """One service under judgement."""

    def __init__(self, limits: Thresholds) -> None:
        self.history = ServiceHistory(limits)
        self.inputs: _Inputs | None = None
        self._judged: tuple[Facts, datetime] | None = None
        self._valid_until: datetime | None = None
        self.verdict: Verdict | None = None
        self.rule: Rule | None = None
        self.candidate: _Candidate | None = None
        self._sync: SyncWord | None = None
        self._deployed: tuple[object, object] = (None, None)
        self._repositories: tuple[str, ...] = ()

    def is_current(self, inputs: _Inputs, now: datetime) -> bool:
        """Whether the last verdict still stands: nothing new, and no age crossed a limit."""
        return (
            self.inputs is not None
            and self.candidate is None
            and self.inputs.same_as(inputs)
            and now < self._valid_to()
        )

    def judged(self, facts: Facts, now: datetime) -> None:
        """Remember what the verdict was made from, for when the next picture comes, if one does."""
        self._judged, self._valid_until = (facts, now), None

    def _valid_to(self) -> datetime:
        """When the verdict may change although nothing new is observed."""
        if self._valid_until is None:
            assert self._judged is not None
            facts, at = self._judged
            left = [span for span in _spans_left(facts) if span >= timedelta()]
            ends = [at + min(left, default=timedelta(hours=1))]
            if (change := self.history.next_change(at)) is not None:
                ends.append(change)
            self._valid_until = min(ends) + timedelta(microseconds=1)
        return self._valid_until

    def images(
        self, service: ServiceSnapshot, connection: str, snapshot: FleetSnapshot
    ) -> tuple[Images | None, ...]:
        """What is known of the repositories that the service's containers come from."""
        deployed = (service.containers, service.spec)
        if not all(map(operator.is_, self._deployed, deployed)):
            self._deployed = deployed
            self._repositories = repositories(service)
        return tuple(
            snapshot.images.get(repository_key(connection, name)) for name in self._repositories
        )

    def sync_word(self, inputs: _Inputs) -> SyncWord:
        """The sync word; compared anew only when containers or images were read again."""
        before, service = self.inputs, inputs.service
        if service.containers_unread:
            return without_containers(service)
        if (
            self._sync is None
            or before is None
            or before.service.containers is not service.containers
            or before.service.spec is not service.spec
            or before.service.is_upgrading != service.is_upgrading
            or before.service.differing_fields != service.differing_fields
            or is_altered(before.service) != is_altered(service)
            or not all(map(operator.is_, before.images, inputs.images))
        ):
            known = dict(zip(self._repositories, inputs.images, strict=True))
            self._sync = sync_word(service, known.get)
        return self._sync

    def settle(self, rule: Rule, verdict: Verdict, polls: _Polls, steady_polls: int) -> Verdict:
        """Believe the new verdict, or keep the old one until another poll agrees."""
        old, old_rule = self.verdict, self.rule
        if old is None or old_rule is None or not self._hesitates(rule, verdict):
            self.candidate = None
            return verdict
        sides = frozenset({rule.side, old_rule.side})
        candidate = self.candidate
        if candidate is None or candidate.health is not verdict.health:
            candidate = self.candidate = _Candidate(verdict.health, 1, polls)
        elif polls.count_since(candidate.polls, sides):
            candidate.seen += 1
            candidate.polls = polls
        if candidate.seen >= steady_polls:
            self.candidate = None
            return verdict
        pending = Fact("next", f"{verdict.health} (rule {rule.number}) if the next poll agrees")
        return replace(
            verdict,
            health=old.health,
            rule=old.rule,
            reason=old.reason,
            next_step=old.next_step,
            remedy=old.remedy,
            facts=(*verdict.facts, pending),
        )

    def _hesitates(self, rule: Rule, verdict: Verdict) -> bool:
        assert self.verdict is not None
        before, after = self.verdict.health, verdict.health
        if before is after or not {before, after} <= _STEADY or rule.number in _BLIND_RULES:
            return False
        return rule.settles if after.severity > before.severity else True


class Judge:
    """Turns picture after picture of one fleet into verdicts.

    Keeps what one picture cannot show (`ServiceHistory`) and makes verdicts steady: they get
    worse at once, or after two polls where a rule rests on an age or a missing row; they get
    better after two polls. A poll is a new answer of the system that the rule rests on, not
    merely another picture. A verdict is worked out again only when something that it was made
    from changed, or an age may have crossed a limit.
    """

    def __init__(self, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> None:
        self._limits = thresholds
        self._cases: dict[ServiceKey, _Case] = {}
        self._views: dict[WorkPoolKey, PoolView] = {}
        self._lost: frozenset[str] = frozenset()

    def judge(
        self,
        snapshot: FleetSnapshot,
        now: datetime,
        views: Mapping[WorkPoolKey, PoolView] = NO_VIEWS,
    ) -> JudgedFleet:
        """The verdict on every service of the snapshot.

        Args:
            snapshot: The newest picture.
            now: Our own clock.
            views: Of work pools of the picture that somebody looked at already.
        """
        self._look_at_pools(snapshot, views)
        cases, self._cases = self._cases, {}
        verdicts: dict[ServiceKey, Verdict] = {}
        for connection in snapshot.connections:
            for service in connection.services:
                case = cases.get(service.key) or _Case(self._limits)
                self._cases[service.key] = case
                verdicts[service.key] = self._judge(case, service, connection, snapshot, now)
        return JudgedFleet(snapshot, verdicts)

    def _look_at_pools(
        self, snapshot: FleetSnapshot, known: Mapping[WorkPoolKey, PoolView]
    ) -> None:
        views, self._views = self._views, {}
        changed = len(views) != len(snapshot.work_pools)
        for key, observation in snapshot.work_pools.items():
            view = views.get(key)
            if view is None or view.observation is not observation:
                view = known.get(key)
                if view is None or view.observation is not observation:
                    view = PoolView(observation, self._limits)
                changed = True
            self._views[key] = view
        if changed:
            self._lost = lost_together(self._views.values(), self._limits)

    def _judge(
        self,
        case: _Case,
        service: ServiceSnapshot,
        connection: ConnectionSnapshot,
        snapshot: FleetSnapshot,
        now: datetime,
    ) -> Verdict:
        binding = service.binding
        view = self._views.get(binding.pool) if binding is not None else None
        seen_at = connection.observed_at or service.observed_at
        inputs = _Inputs(
            service,
            view,
            case.images(service, connection.name, snapshot),
            is_warming_up(service, connection),
            binding is not None and binding.pool.api_url in self._lost,
            now - seen_at > self._limits.blind_after,
        )
        if case.verdict is not None and case.is_current(inputs, now):
            return case.verdict
        if case.inputs is None or case.inputs.service is not service:
            case.history.observe(service, enough_ready(service), now)
        joined = joined_workers(service, view)
        facts = gather(
            service,
            snowflake_facts(service, connection, case.history, now, self._limits),
            prefect_facts(service, view, joined, self._lost, now, self._limits),
            self._limits,
        )
        rule = first_match(facts)
        sync = case.sync_word(inputs)
        shown = FactsOnDemand(lambda: show_facts(facts, service, seen_at, view))
        verdict = _verdict(rule, facts, joined, sync, shown, now)
        polls = _Polls(seen_at, view.observed_at if view else None)
        settled = case.settle(rule, verdict, polls, self._limits.steady_polls)
        if settled is verdict:
            case.rule = rule
        case.verdict = _dated(settled, case.verdict)
        case.inputs = inputs
        case.judged(facts, now)
        return case.verdict


def _spans_left(facts: Facts) -> Iterator[timedelta]:
    """From the moment of the judgement: until an age crosses a limit, or reads otherwise."""
    limits, s, p = facts.limits, facts.snowflake, facts.prefect
    if s.status is ServiceStatus.SUSPENDED:
        yield _SLOW_REFRESH
    elif s.blind or p.blind or p.error or not s.is_up:
        yield _REFRESH
    if s.seen is not None:
        yield limits.blind_after - s.seen
    if p.seen is not None:
        yield limits.blind_after - p.seen
    if s.started_for is not None:
        yield limits.report_grace - s.started_for
    if s.is_upgrading:
        yield limits.upgrade_grace - s.upgrading_for


def _verdict(
    rule: Rule,
    facts: Facts,
    joined: JoinedWorkers,
    sync: SyncWord,
    shown: Sequence[Fact],
    now: datetime,
) -> Verdict:
    p = facts.prefect
    next_step, remedy = rule.advice(facts)
    counts = facts.kind is Kind.WORKER and p.asked
    return Verdict(
        health=rule.health,
        rule=rule.number,
        reason=rule.reason(facts),
        next_step=next_step,
        remedy=remedy,
        facts=shown,
        sync=sync.word,
        sync_detail=sync.detail,
        since=now,
        workers=tuple(row.name for row in joined.current),
        newest_worker=newest(joined.current),
        workers_online=p.fresh if counts else 0,
        workers_expected=p.expected if counts else 0,
    )


def _dated(verdict: Verdict, before: Verdict | None) -> Verdict:
    """The new verdict with the time of the last change and what it was before."""
    if before is None:
        return verdict
    if before.health is verdict.health:
        return replace(verdict, since=before.since, previous=before.previous)
    return replace(verdict, previous=before.health)
