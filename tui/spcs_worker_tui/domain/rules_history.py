"""What one look at a service cannot show: how often it restarted, and since when it is not up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import (
    ContainerSnapshot,
    ContainerStatus,
    ServiceSnapshot,
    ServiceStatus,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.rules_facts import Thresholds

_LIVES_OF_LOOP = 2


@dataclass(slots=True)
class _ContainerHistory:
    """One container of one instance: its latest row, and how long it lived before."""

    restart_count: int
    start_time: datetime | None
    seen_at: datetime
    is_ready: bool
    lives: deque[timedelta] = field(default_factory=lambda: deque(maxlen=_LIVES_OF_LOOP))


class ServiceHistory:
    """What is remembered of one service from look to look."""

    def __init__(self, limits: Thresholds) -> None:
        self._limits = limits
        self._containers: dict[tuple[int, str], _ContainerHistory] = {}
        self._restarts: list[tuple[datetime, int]] = []
        self._was_seen = False
        self._exit_code: int | None = None
        self.not_up_since: datetime | None = None
        self.upgrading_since: datetime | None = None
        self.suspended_since: datetime | None = None

    def observe(self, service: ServiceSnapshot, is_up: bool, now: datetime) -> None:
        """Take in a row that differs from the previous one.

        Args:
            service: The new row.
            is_up: Whether enough of its instances are ready.
            now: Our own clock.
        """
        suspended = service.status is ServiceStatus.SUSPENDED
        if suspended:
            self._containers.clear()
            self._restarts.clear()
        self._observe_restarts(service)
        if is_up or suspended:
            self.not_up_since = None
        elif self.not_up_since is None:
            self.not_up_since = now if self._was_seen else _last_change(service, now)
        if not service.is_upgrading:
            self.upgrading_since = None
        elif self.upgrading_since is None:
            known = None if self._was_seen else service.updated_on
            self.upgrading_since = known or now
        if not suspended:
            self.suspended_since = None
        elif self.suspended_since is None:
            self.suspended_since = service.suspended_on or now
        self._was_seen = True

    def restarts(self, now: datetime) -> int:
        """Restarts of all containers within the window."""
        since = now - self._limits.restart_window
        return sum(number for at, number in self._restarts if at > since)

    def last_restart(self, now: datetime) -> datetime | None:
        """When a container last restarted, None when that was before the window."""
        since = now - self._limits.restart_window
        return max((at for at, _ in self._restarts if at > since), default=None)

    @property
    def exit_code(self) -> int | None:
        """Of the container that ended last, where Snowflake tells."""
        return self._exit_code

    def is_looping(self, now: datetime) -> bool:
        """Whether it restarts again and again: often, or each time soon after it started."""
        if self.restarts(now) >= self._limits.restarts_of_loop:
            return True
        return self.last_restart(now) is not None and any(
            self._lives_shortly(container, now) for container in self._containers.values()
        )

    def next_change(self, now: datetime) -> datetime | None:
        """When an answer above changes by the mere passing of time, None when never."""
        moments = [at + self._limits.restart_window for at, _ in self._restarts]
        moments += [
            container.start_time + self._limits.short_life
            for container in self._containers.values()
            if container.start_time is not None and container.lives
        ]
        return min((moment for moment in moments if moment > now), default=None)

    def _lives_shortly(self, container: _ContainerHistory, now: datetime) -> bool:
        short = self._limits.short_life
        if len(container.lives) < _LIVES_OF_LOOP or max(container.lives) >= short:
            return False
        start = container.start_time
        return not (container.is_ready and start is not None and now - start >= short)

    def _observe_restarts(self, service: ServiceSnapshot) -> None:
        seen_at = service.containers.observed_at
        if seen_at is None:
            return
        known, self._containers = self._containers, {}
        for row in service.containers.value:
            key = (row.instance_id, row.name)
            before = known.get(key)
            if before is None or row.restart_count < before.restart_count:
                container = self._first_look(service, row, seen_at)
            else:
                container = self._next_look(before, row, seen_at)
            self._containers[key] = container
        floor = seen_at - self._limits.restart_window
        self._restarts = [entry for entry in self._restarts if entry[0] > floor]

    def _first_look(
        self, service: ServiceSnapshot, row: ContainerSnapshot, seen_at: datetime
    ) -> _ContainerHistory:
        """Estimate from the row alone: its restarts were spread evenly over its instance's life."""
        at = row.last_restart_time
        if row.restart_count and at is not None:
            made = next(
                (
                    i.creation_time
                    for i in service.instances.value
                    if i.instance_id == row.instance_id
                ),
                None,
            )
            life = seen_at - (made or service.resumed_on or service.created_on or at)
            share = min(1.0, self._limits.restart_window / max(life, timedelta(seconds=1)))
            self._note_restarts(row, at, max(1, round(row.restart_count * share)))
        return _ContainerHistory(row.restart_count, row.start_time, seen_at, _is_ready(row))

    def _next_look(
        self, before: _ContainerHistory, row: ContainerSnapshot, seen_at: datetime
    ) -> _ContainerHistory:
        number = row.restart_count - before.restart_count
        if number:
            at = row.last_restart_time or seen_at
            self._note_restarts(row, at, number)
            life = (at - (before.start_time or before.seen_at)) / number
            before.lives.extend([life] * min(number, _LIVES_OF_LOOP))
        return _ContainerHistory(
            row.restart_count, row.start_time, seen_at, _is_ready(row), before.lives
        )

    def _note_restarts(self, row: ContainerSnapshot, at: datetime, number: int) -> None:
        self._restarts.append((at, number))
        self._exit_code = row.last_exit_code


def _is_ready(row: ContainerSnapshot) -> bool:
    return row.status is ContainerStatus.READY


def _last_change(service: ServiceSnapshot, now: datetime) -> datetime:
    """The youngest moment at which the service is known to have begun something new."""
    moments = [service.created_on, service.updated_on, service.resumed_on]
    moments += [instance.creation_time for instance in service.instances.value]
    moments += [container.start_time for container in service.containers.value]
    return max((moment for moment in moments if moment is not None and moment <= now), default=now)
