"""From the desired state of an account to the actual one, for as long as the sandbox runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.clock import Agenda, Appointment, Clock
from spcs_worker_tui.sandbox.reconciler.addresses import SHARED, LoopbackAddresses
from spcs_worker_tui.sandbox.reconciler.compute_pools import PoolController
from spcs_worker_tui.sandbox.reconciler.context import Shared
from spcs_worker_tui.sandbox.reconciler.delays import REALISTIC, Delays
from spcs_worker_tui.sandbox.reconciler.events import service_event
from spcs_worker_tui.sandbox.reconciler.logs import LogStore
from spcs_worker_tui.sandbox.reconciler.services import ServiceController
from spcs_worker_tui.sandbox.reconciler.waiting import Waiters

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Service
    from spcs_worker_tui.sandbox.catalogue.platform import LogRecord
    from spcs_worker_tui.sandbox.runtimes.base import RunningContainer, Runtimes

_logger = logging.getLogger(__name__)


class Reconciler:
    """The machinery behind one account; what statements see of it is `catalogue.platform.Platform`.

    It works on the event loop that called `start`, and everything else here has to be called
    there too. Nothing is polled: a pass happens when a statement woke it, when a container
    changed, and when a compute pool said so.

    Args:
        account: Read for the desired state, written with the actual one.
        clock: All delays and timestamps.
        runtimes: What runs the containers; closing them is up to whoever made them.
        delays: How long everything takes.
        snowflake_host: `SNOWFLAKE_HOST` in the containers; the account's usual host if None.
        addresses: Where instances get their addresses from.
    """

    def __init__(
        self,
        account: Account,
        clock: Clock,
        runtimes: Runtimes,
        delays: Delays = REALISTIC,
        *,
        snowflake_host: str | None = None,
        addresses: LoopbackAddresses = SHARED,
    ) -> None:
        self.account = account
        self.clock = clock
        self._agenda = Agenda(clock)
        self._shared = Shared(
            account,
            clock,
            self._agenda,
            delays,
            runtimes,
            LogStore(delays.log_retention),
            addresses,
            snowflake_host or f"{account.identifier}.snowflakecomputing.com",
            self._service_changed,
        )
        self._services: dict[int, ServiceController] = {}
        self._seen: dict[int, tuple[Any, ...]] = {}
        self._pools: dict[int, PoolController] = {}
        self._suspended_pools: set[int] = set()
        self._changed: set[int] = set()
        self._waiters = Waiters(clock)
        self._alarm: Appointment | None = None
        self._alarm_at: datetime | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to work, on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self.wake()

    async def stop(self, grace_seconds: float = 2.0) -> None:
        """End all containers and stop working; `grace_seconds` of real time are for SIGTERM."""
        self._loop = None
        self._agenda.close()
        await asyncio.gather(
            *(controller.close(grace_seconds) for controller in self._services.values())
        )
        self._waiters.close()

    def wake(self) -> None:
        """The desired state has changed: make the first moves before returning.

        A statement that looks right afterwards sees SUSPENDING, PENDING, … as on a live account.
        """
        if self._loop is None:
            return
        self._discover()
        self._follow_pools()
        for key, controller in list(self._services.items()):
            pool = self._pool_of(controller.service)
            seen = (*controller.changed_by_statement(), pool, pool is not None and pool.up)
            if seen != self._seen.get(key):
                self._seen[key] = seen
                self._step(controller)
            if self.account.secrets:
                controller.refresh_secrets()
        self._step_pools()

    async def reached(
        self, service: Service, statuses: Collection[str], within: float | None
    ) -> bool:
        """Wait until `service.status` is one of these.

        Returns:
            False after `within` seconds of the sandbox's clock, or when the service is gone.
        """
        return await self._waiters.reached(service, statuses, within)

    def read_log(
        self,
        service: Service,
        instance_id: int,
        container: str,
        *,
        lines: int | None = None,
        previous: bool = False,
        since: datetime | None = None,
        timestamps: bool = False,
    ) -> str:
        """The text that SYSTEM$GET_SERVICE_LOGS returns: newest lines, at most 100 KB.

        Raises:
            SqlError: The container has not started, is unknown, or has no previous life.
        """
        return self._shared.logs.read(
            service,
            instance_id,
            container,
            self.clock.now(),
            lines=lines,
            previous=previous,
            since=since,
            timestamps=timestamps,
        )

    def log_records(self, service: Service, start: datetime, end: datetime) -> Sequence[LogRecord]:
        """Everything recorded between the two, oldest first, for SPCS_GET_LOGS."""
        return self._shared.logs.records(service, start, end)

    def ask_for_instances(self, service: Service, count: int) -> None:
        """Play the load on which autoscaling acts; kept between MIN and MAX_INSTANCES."""
        self._services[id(service)].ask_for_instances(count)
        self._service_changed(service)

    def replace_instances(self, service: Service) -> None:
        """End them all as if their nodes were lost; others are made in their place."""
        self._services[id(service)].replace_instances()
        self._service_changed(service)

    def running(
        self, service: Service, instance_id: int, container: str
    ) -> RunningContainer | None:
        """What runs there now, for whoever plays faults; None if nothing does."""
        controller = self._services.get(id(service))
        return controller.running(instance_id, container) if controller else None

    def _discover(self) -> None:
        account, shared = self.account, self._shared
        for service in account.services.values():
            if id(service) not in self._services:
                self._services[id(service)] = ServiceController(shared, service)
        for controller in self._services.values():
            service = controller.service
            if account.services.get(service.key) is not service:
                service.dropped = True
            controller.notice_resume()
        for pool in account.compute_pools.values():
            if id(pool) not in self._pools:
                self._pools[id(pool)] = PoolController(pool, shared.delays)
                if pool.suspended:
                    self._suspended_pools.add(id(pool))
        for key, controlled in list(self._pools.items()):
            if account.compute_pools.get(controlled.pool.name) is not controlled.pool:
                del self._pools[key]
                self._suspended_pools.discard(key)

    def _follow_pools(self) -> None:
        """SUSPEND of a pool suspends its services; a new or resumed service resumes its pool."""
        for key, controlled in self._pools.items():
            pool = controlled.pool
            if not pool.suspended:
                self._suspended_pools.discard(key)
                continue
            members = [c for c in self._services.values() if self._pool_of(c.service) is controlled]
            if key not in self._suspended_pools:
                self._suspended_pools.add(key)
                for controller in members:
                    controller.suspend_with_pool()
            if pool.auto_resume and any(controller.asks_for_pool for controller in members):
                self._suspended_pools.discard(key)
                pool.suspended, pool.resumed_on = False, self.clock.now()

    def _pool_of(self, service: Service) -> PoolController | None:
        pool = self.account.compute_pools.get(service.compute_pool)
        return self._pools.get(id(pool))

    def _service_changed(self, service: Service) -> None:
        if self._loop is None:
            return
        if not self._changed:
            self._loop.call_soon(self._step_changed)
        self._changed.add(id(service))

    def _step_changed(self) -> None:
        changed, self._changed = self._changed, set()
        if self._loop is None:
            return
        for key in changed:
            if (controller := self._services.get(key)) is not None:
                self._step(controller)
        self._step_pools()

    def _step(self, controller: ServiceController) -> None:
        service = controller.service
        try:
            controller.step(self._pool_of(service))
        except Exception:
            # A boundary: what goes wrong with one service must not stop the others.
            _logger.exception("service %s failed inside the sandbox", ".".join(service.key))
            if service.status != "INTERNAL_ERROR":
                service.status = "INTERNAL_ERROR"
                service_event(service, "INTERNAL_ERROR", self.clock.now())
        self._waiters.tell(service)
        if controller.gone:
            self._remove(controller)

    def _remove(self, controller: ServiceController) -> None:
        service = controller.service
        del self._services[id(service)]
        self._seen.pop(id(service), None)
        self._shared.logs.forget(service)
        if self.account.services.get(service.key) is service:
            del self.account.services[service.key]

    def _step_pools(self) -> None:
        now = self.clock.now()
        in_use = {
            id(self._pool_of(controller.service))
            for controller in self._services.values()
            if controller.in_use
        }
        times = []
        for key, controlled in self._pools.items():
            was_up = controlled.up
            try:
                times.append(controlled.step(now, id(controlled) in in_use))
            except Exception:
                # A boundary: what goes wrong with one pool must not stop the others.
                _logger.exception("pool %s failed inside the sandbox", controlled.pool.name)
            if was_up and not controlled.up:
                self._suspended_pools.add(key)
        for controller in self._services.values():
            controller.asks_for_pool = False
        self._set_alarm(min((time for time in times if time is not None), default=None))

    def _set_alarm(self, at: datetime | None) -> None:
        if at == self._alarm_at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = None if at is None else self._agenda.at(at, self._ring)

    def _ring(self) -> None:
        self._alarm = self._alarm_at = None
        self._step_pools()
