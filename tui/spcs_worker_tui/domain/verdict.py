"""Is this service doing its job? One word, the rule that said so, and why, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey
    from spcs_worker_tui.domain.prefect import WorkerSnapshot


class Health(StrEnum):
    """The five words; the order of `severity` is used for sorting and for the roll-up."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    BROKEN = "broken"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"

    @property
    def severity(self) -> int:
        """0 is the best; broken is worse than unknown, unknown worse than degraded."""
        return _SEVERITY[self]


_SEVERITY = {
    Health.SUSPENDED: 0,
    Health.HEALTHY: 1,
    Health.DEGRADED: 2,
    Health.UNKNOWN: 3,
    Health.BROKEN: 4,
}


class Sync(StrEnum):
    """Whether what runs is what was pushed and written; never mixed into the health."""

    IN_SYNC = "in sync"
    IMAGE_BEHIND = "image behind"
    IMAGE_GONE = "image gone"
    SPEC_DIFFERS = "spec differs"
    CHANGED_ELSEWHERE = "changed elsewhere"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Remedy(StrEnum):
    """What this program itself offers towards the next step.

    Each front end says it in its own words: the dashboard names a key, `--check` a command.
    """

    READ_LOG = "read the log"
    RESUME = "resume"
    RESTART = "read the log, then suspend and resume"
    LOOK_AGAIN = "look again"


@dataclass(frozen=True, slots=True)
class Fact:
    """One raw fact that the rule looked at."""

    name: str
    value: str
    observed_at: datetime | None = None
    source: str = ""
    """`Snowflake`, `Prefect` or empty."""


class FactsOnDemand(Sequence[Fact]):
    """Facts that are worked out when somebody looks, which is at few services of many.

    Args:
        work_out: Makes them; has to depend on nothing that changes.
    """

    def __init__(self, work_out: Callable[[], tuple[Fact, ...]]) -> None:
        self._work_out = work_out
        self._facts: tuple[Fact, ...] | None = None

    def _all(self) -> tuple[Fact, ...]:
        if self._facts is None:
            self._facts = self._work_out()
        return self._facts

    @overload
    def __getitem__(self, index: int) -> Fact: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Fact]: ...
    def __getitem__(self, index: int | slice) -> Fact | Sequence[Fact]:
        """The facts at that place."""
        return self._all()[index]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._all())

    def __iter__(self) -> Iterator[Fact]:
        """One after the other."""
        return iter(self._all())


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the table in docs/health.md says about one service."""

    health: Health
    rule: int
    reason: str
    next_step: str = ""
    remedy: Remedy | None = None
    facts: Sequence[Fact] = field(default=(), compare=False)
    sync: Sync = Sync.UNKNOWN
    sync_detail: str = ""
    since: datetime | None = None
    previous: Health | None = None
    workers: tuple[str, ...] = ()
    """Names of the worker rows that belong to this service."""
    newest_worker: WorkerSnapshot | None = None
    """That of these rows which beat last."""
    workers_online: int = 0
    workers_expected: int = 0


@dataclass(frozen=True, slots=True)
class JudgedFleet:
    """A snapshot together with the verdict on each of its services."""

    snapshot: FleetSnapshot
    verdicts: Mapping[ServiceKey, Verdict] = field(default_factory=dict)

    def verdict(self, key: ServiceKey) -> Verdict | None:
        """The verdict on that service, or None before the first judgement."""
        return self.verdicts.get(key)
