"""What the dashboard remembers between pictures: heartbeat intervals and verdict changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.prefect import WorkPoolKey
    from spcs_worker_tui.domain.verdict import Health, JudgedFleet

BEATS = 16
CHANGES = 20


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict became another."""

    at: datetime
    before: Health | None
    after: Health
    reason: str


class History:
    """Fed with every picture; bounded, and forgets what is no longer in the fleet."""

    def __init__(self) -> None:
        self._last: dict[tuple[WorkPoolKey, str], datetime] = {}
        self._intervals: dict[tuple[WorkPoolKey, str], deque[float]] = {}
        self._changes: dict[ServiceKey, deque[Change]] = {}

    def observe(self, judged: JudgedFleet) -> None:
        """Take what is new in that picture."""
        self._observe_heartbeats(judged)
        for key in self._changes.keys() - judged.verdicts.keys():
            del self._changes[key]
        for key, verdict in judged.verdicts.items():
            changes = self._changes.get(key)
            if changes is None:
                changes = self._changes[key] = deque(maxlen=CHANGES)
            if not changes or changes[-1].after is not verdict.health:
                before = changes[-1].after if changes else verdict.previous
                at = verdict.since or judged.snapshot.observed_at
                changes.append(Change(at, before, verdict.health, verdict.reason))

    def _observe_heartbeats(self, judged: JudgedFleet) -> None:
        present = set()
        for pool, observation in judged.snapshot.work_pools.items():
            for worker in observation.value.workers:
                if (beat := worker.last_heartbeat_time) is None:
                    continue
                name = (pool, worker.name)
                present.add(name)
                last = self._last.get(name)
                if last is not None and beat > last:
                    intervals = self._intervals.setdefault(name, deque(maxlen=BEATS))
                    intervals.append((beat - last).total_seconds())
                self._last[name] = beat
        for gone in self._last.keys() - present:
            del self._last[gone]
            self._intervals.pop(gone, None)

    def intervals(self, pool: WorkPoolKey, worker: str) -> Sequence[float]:
        """The latest intervals between heartbeats in seconds, oldest first."""
        return tuple(self._intervals.get((pool, worker), ()))

    def changes(self, key: ServiceKey) -> Sequence[Change]:
        """The latest verdicts of that service, oldest first."""
        return tuple(self._changes.get(key, ()))
