"""Services and jobs: how many instances there are, which specification they have, and the status.

Contract 1.8, 2.1 and 2.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from spcs_worker_tui.sandbox.reconciler.events import property_event, service_event
from spcs_worker_tui.sandbox.reconciler.instances import InstanceController

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Service
    from spcs_worker_tui.sandbox.reconciler.compute_pools import PoolController
    from spcs_worker_tui.sandbox.reconciler.context import Shared
    from spcs_worker_tui.sandbox.runtimes.base import RunningContainer

ENDED_JOB: Final = frozenset({"DONE", "FAILED", "CANCELLED"})
_PROPERTIES: Final = (
    "min_instances",
    "max_instances",
    "min_ready_instances",
    "auto_resume",
    "auto_suspend_secs",
    "external_access_integrations",
    "query_warehouse",
    "log_level",
    "comment",
)

_statement_fields = attrgetter(
    *(name for name in _PROPERTIES if name != "external_access_integrations"),
    "suspended",
    "dropped",
    "cancelled",
    "spec_digest",
    "suspended_on",
    "resumed_on",
)


class ServiceController:
    """Makes one service what its statements asked for.

    `step` is called whenever a statement or a container may have changed something.
    """

    def __init__(self, shared: Shared, service: Service) -> None:
        self._shared = shared
        self.service = service
        self._instances: dict[int, InstanceController] = {}
        self._load = 0
        self._replacing: int | None = None
        self._unused_since: datetime | None = None
        self._suspension_due: datetime | None = None
        self._properties = _properties(service)
        self._was_suspended = service.suspended
        self.asks_for_pool = not service.suspended
        """It was created or resumed since its pool looked last: a suspended pool may resume."""
        self.gone = False
        if not service.suspended:
            service_event(service, "PENDING", shared.now)

    @property
    def in_use(self) -> bool:
        """Whether it keeps its pool from suspending itself."""
        service = self.service
        wanted = not (service.suspended or service.dropped or self._job_ended)
        return wanted or bool(self._live())

    def changed_by_statement(self) -> tuple[Any, ...]:
        """Everything that statements write, for a cheap comparison."""
        service = self.service
        return (
            *_statement_fields(service),
            tuple(service.digests.values()),
            tuple(service.external_access_integrations),
        )

    def ask_for_instances(self, count: int) -> None:
        """What autoscaling would want under the present load; kept between MIN and MAX."""
        self._load = count

    def replace_instances(self) -> None:
        """End all instances; as many as the service wants are made anew."""
        self._end_upgrade()
        for instance in self._instances.values():
            instance.end()

    def suspend_with_pool(self) -> None:
        """SUSPEND of a compute pool suspends its services; jobs are left to end."""
        if not (self.service.is_job or self.service.suspended or self.asks_for_pool):
            self._suspend()

    def notice_resume(self) -> None:
        """Look whether a statement resumed it, before the pools are looked at."""
        if self._was_suspended and not self.service.suspended:
            self.asks_for_pool = True
            service_event(self.service, "RESUMING", self._shared.now)
        self._was_suspended = self.service.suspended

    def running(self, instance_id: int, container: str) -> RunningContainer | None:
        """What runs there now."""
        instance = self._instances.get(instance_id)
        return instance.running(container) if instance else None

    def step(self, pool: PoolController | None) -> None:
        """Bring instances and status up to date."""
        self._notice_statements()
        self._forget_the_gone()
        for instance in self._instances.values():
            instance.refresh_status()
        service = self.service
        if service.dropped:
            self._end_all()
        elif not self._job_ended:
            if service.suspended or self._aborted(pool):
                self._end_all()
            else:
                self._run(pool)
        self._set_status(self._status(pool))
        self._auto_suspend()

    async def close(self, grace_seconds: float) -> None:
        """End all instances; `grace_seconds` of real time are between SIGTERM and SIGKILL."""
        for instance in self._instances.values():
            instance.end(grace_seconds)
        for instance in list(self._instances.values()):
            await instance.gone()

    def refresh_secrets(self) -> None:
        """A statement may have changed a secret that is mounted as a file."""
        for instance in self._instances.values():
            instance.refresh_secrets()

    def _notice_statements(self) -> None:
        service, now = self.service, self._shared.now
        properties = _properties(service)
        if changed := [name for name in properties if properties[name] != self._properties[name]]:
            property_event(service, [name.upper() for name in changed], now)
            self._properties = properties

    def _suspend(self) -> None:
        """As a statement would."""
        self.service.suspended, self.service.suspended_on = True, self._shared.now
        self._was_suspended = True

    def _auto_suspend(self) -> None:
        """AUTO_SUSPEND_SECS: only calls of service functions count, and nothing here makes any.

        It does not act on services with public endpoints (contract 1.7).
        """
        service, now = self.service, self._shared.now
        endpoints = service.spec["spec"].get("endpoints") or ()
        public = any(endpoint.get("public") for endpoint in endpoints)
        if service.is_job or public or service.status != "RUNNING":
            self._unused_since = None
            return
        self._unused_since = self._unused_since or now
        if not service.auto_suspend_secs:
            return
        due = self._unused_since + timedelta(seconds=service.auto_suspend_secs)
        if due <= now:
            self._suspend()
            self._shared.changed(service)
        elif due != self._suspension_due:
            self._shared.agenda.at(due, lambda: self._shared.changed(service))
        self._suspension_due = due

    @property
    def _job_ended(self) -> bool:
        return self.service.is_job and self.service.status in ENDED_JOB

    def _aborted(self, pool: PoolController | None) -> bool:
        """Cancelled, or its compute pool was dropped."""
        return self.service.is_job and (self.service.cancelled or pool is None)

    def _target(self) -> int:
        service = self.service
        if service.is_job:
            return service.replicas
        return min(max(self._load, service.min_instances), service.max_instances)

    def _run(self, pool: PoolController | None) -> None:
        service = self.service
        service.target_instances = self._target()
        for instance in self._live():
            if instance.instance_id >= service.target_instances:
                instance.end()
        self._upgrade()
        # A suspended pool has no nodes: nothing is even waiting there (contract 2.1).
        if pool is None or not pool.up:
            return
        for instance_id in range(service.target_instances):
            if instance_id not in self._instances:
                instance = InstanceController(self._shared, service, instance_id, pool)
                self._instances[instance_id] = instance
                service.instances.append(instance.model)
        service.instances.sort(key=lambda model: model.instance_id)

    def _upgrade(self) -> None:
        """Replace the highest instance with an old specification, if those above are done."""
        service = self.service
        old = [item.instance_id for item in self._live() if not item.revision.matches(service)]
        if old and not service.is_upgrading:
            service.is_upgrading = True
            service_event(service, "UPGRADING", self._shared.now)
        if not service.is_upgrading or self._replacement_awaited(old):
            return
        if old:
            self._replacing = max(old)
            self._instances[self._replacing].end()
        else:
            self._end_upgrade()
            service_event(service, "UPGRADED", self._shared.now)

    def _replacement_awaited(self, old: Sequence[int]) -> bool:
        """Whether the instance that was replaced last has still to become READY."""
        replaced = self._replacing
        if replaced is None or replaced in old or replaced >= self.service.target_instances:
            return False
        instance = self._instances.get(replaced)
        return instance is None or instance.model.status != "READY"

    def _end_upgrade(self) -> None:
        self.service.is_upgrading = False
        self._replacing = None

    def _end_all(self) -> None:
        self._end_upgrade()
        if not self.service.is_job:
            self.service.target_instances = 0
        for instance in self._instances.values():
            instance.end()

    def _forget_the_gone(self) -> None:
        present = {id(model) for model in self.service.instances}
        for instance in list(self._instances.values()):
            if id(instance.model) not in present:
                del self._instances[instance.instance_id]

    def _live(self) -> list[InstanceController]:
        """Those that run or want to; not the ended ones of a job, nor what is terminating."""
        return [item for item in self._instances.values() if not (item.ending or item.ended)]

    def _status(self, pool: PoolController | None) -> str:
        service, left = self.service, bool(self._instances)
        if service.dropped:
            return "DELETING" if left else "DELETED"
        if self._job_ended:
            return service.status
        if service.is_job:
            if self._aborted(pool):
                return "CANCELLING" if left else "CANCELLED"
            return job_status([item.model.status for item in self._instances.values()])
        if service.suspended:
            return "SUSPENDING" if left else "SUSPENDED"
        return service_status(
            [item.model.status for item in self._instances.values()],
            (c.message for item in self._live() for c in item.model.containers),
            service.min_ready_instances,
        )

    def _set_status(self, status: str) -> None:
        service = self.service
        self.gone = status == "DELETED"
        if service.status != status:
            service.status = status
            service_event(service, status, self._shared.now)


def service_status(
    instances: Sequence[str], messages: Iterable[str], min_ready_instances: int
) -> str:
    """The status of a service that is neither suspended nor dropped (contract 2.1).

    Args:
        instances: The status of each instance.
        messages: What its containers say.
        min_ready_instances: As of the service.
    """
    if sum(status == "READY" for status in instances) >= min_ready_instances:
        return "RUNNING"
    # Of the failures this is the one that no retry mends.
    if "Provided image name uses an invalid format" in messages:
        return "FAILED"
    return "PENDING"


def job_status(instances: Sequence[str]) -> str:
    """The status of a job from those of its instances (contract 1.9)."""
    if "FAILED" in instances:
        return "FAILED"
    if instances and all(status == "SUCCEEDED" for status in instances):
        return "DONE"
    return "RUNNING" if "READY" in instances else "PENDING"


def _properties(service: Service) -> dict[str, Any]:
    values = {name: getattr(service, name) for name in _PROPERTIES}
    values["external_access_integrations"] = tuple(service.external_access_integrations)
    return values
