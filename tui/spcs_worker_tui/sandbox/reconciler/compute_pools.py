"""Compute pools: nodes that come and go, and the states that follow (contract 2.4)."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from spcs_worker_tui.sandbox.catalogue.model import ComputePool, Node
from spcs_worker_tui.sandbox.families import FAMILIES, Family, Resources
from spcs_worker_tui.sandbox.reconciler.scheduling import Nodes

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.reconciler.delays import Delays

PROVISIONING: Final = "Compute pool node(s) are being provisioned"
CAPACITY_ERROR: Final = "392507"
NODE_LIMIT: Final = "392508"
_UNKNOWN_FAMILY: Final = Family("", 4, 16)
"""For the families whose figures the contract does not know."""


class Tenant(Protocol):
    """An instance, as its pool sees it."""

    @property
    def wanted(self) -> Resources:
        """What it needs on one node."""

    def placed(self, node_id: str) -> None:
        """It has a place now."""

    def waits(self, message: str) -> None:
        """It has none, and why."""


class PoolController:
    """Makes one compute pool what its statements asked for.

    `step` is called whenever something may have changed, and at the time it returned last.
    """

    def __init__(self, pool: ComputePool, delays: Delays) -> None:
        self.pool = pool
        self._delays = delays
        self._family = pool.instance_family
        self._nodes = Nodes(FAMILIES.get(pool.instance_family, _UNKNOWN_FAMILY).node)
        self._waiting: dict[int, Tenant] = {}
        self._arriving: list[datetime] = []
        self._denied = False
        self._starting_since: datetime | None = None
        self._resumed = False
        self._unbalanced_since: datetime | None = None
        self._scaled_at: datetime | None = None
        self._touched = True
        self._looked_at: tuple[object, ...] = ()
        self._due: datetime | None = None

    @property
    def up(self) -> bool:
        """Whether it takes work, now or as soon as its nodes are there."""
        return not self.pool.suspended

    @property
    def has_work(self) -> bool:
        """Whether an instance has a place on one of its nodes."""
        return self._nodes.work > 0

    def request(self, tenant: Tenant) -> None:
        """An instance wants a place; it gets one, or a reason, in the next step."""
        self._waiting[id(tenant)] = tenant
        self._touched = True

    def release(self, tenant: Tenant) -> None:
        """An instance is gone, or does not want a place any more."""
        self._waiting.pop(id(tenant), None)
        self._nodes.release(id(tenant))
        self._touched = True

    def step(self, now: datetime, in_use: bool) -> datetime | None:
        """Bring nodes and state up to date.

        Args:
            now: The sandbox's time.
            in_use: Whether a service or job is there that is not suspended or ended. While one
                is, a crash loop included, the pool does not suspend itself.

        Returns:
            When to look again even if nothing happens.
        """
        pool = self.pool
        seen = (
            pool.suspended,
            pool.min_nodes,
            pool.max_nodes,
            pool.auto_suspend_secs,
            pool.capacity,
            in_use,
        )
        due = self._due is not None and self._due <= now
        if self._touched or due or seen != self._looked_at:
            self._touched, self._looked_at = False, seen
            self._due = self._look(now, in_use)
        return self._due

    def _look(self, now: datetime, in_use: bool) -> datetime | None:
        self._auto_suspend(now, in_use)
        if self.pool.suspended:
            self._stop()
            return None
        if self.pool.state in {"STOPPING", "SUSPENDED"} or self._starting_since is None:
            self._begin(now)
        self._clamp_target()
        # Twice, since nodes that come at once may show that more are needed.
        for _ in range(2):
            self._take_arrivals(now)
            self._place()
            self._scale(now)
            self._order_nodes(now)
        self._take_arrivals(now)
        self._place()
        self._settle(now)
        return self._next_look(now)

    def _auto_suspend(self, now: datetime, in_use: bool) -> None:
        pool = self.pool
        if pool.suspended or in_use or self.has_work:
            pool.idle_since = None
            return
        pool.idle_since = pool.idle_since or now
        limit = timedelta(seconds=pool.auto_suspend_secs)
        if limit and len(self._nodes) and now - pool.idle_since >= limit:
            pool.suspended = True

    def _stop(self) -> None:
        pool = self.pool
        self._arriving.clear()
        self._starting_since = None
        self._denied = False
        pool.idle_since = None
        pool.error_code = pool.status_message = ""
        pool.target_nodes = 0
        for node_id in self._nodes.empty():
            self._remove(node_id)
        # STOPPING lasts as long as work holds nodes; an empty pool is suspended at once.
        pool.state = "STOPPING" if self.has_work else "SUSPENDED"
        for tenant in self._waiting.values():
            tenant.waits("Waiting to start")

    def _begin(self, now: datetime) -> None:
        pool = self.pool
        if pool.instance_family != self._family:
            # SET INSTANCE_FAMILY is possible only while the pool is fully suspended.
            self._family = pool.instance_family
            self._nodes = Nodes(FAMILIES.get(self._family, _UNKNOWN_FAMILY).node)
        self._resumed = pool.state in {"STOPPING", "SUSPENDED"}
        self._starting_since = now
        self._scaled_at = self._unbalanced_since = None
        pool.state = "STARTING"
        pool.target_nodes = max(pool.min_nodes, len(self._nodes))

    def _clamp_target(self) -> None:
        pool = self.pool
        pool.target_nodes = min(max(pool.target_nodes, pool.min_nodes), pool.max_nodes)

    def _take_arrivals(self, now: datetime) -> None:
        while self._arriving and self._arriving[0] <= now:
            ready_at = self._arriving.pop(0)
            node = Node(secrets.token_hex(8), now, ready_at)
            self.pool.nodes.append(node)
            self._nodes.add(node.node_id)

    def _order_nodes(self, now: datetime) -> None:
        pool = self.pool
        coming = len(self._nodes) + len(self._arriving)
        wanted = pool.target_nodes - coming
        obtainable = wanted if pool.capacity is None else min(wanted, pool.capacity - coming)
        self._denied = wanted > max(obtainable, 0)
        resuming = self._resumed and pool.state == "STARTING"
        delay = self._delays.node_resume if resuming else self._delays.node_start
        due = now + timedelta(seconds=delay)
        self._arriving += [due] * max(obtainable, 0)

    def _place(self) -> None:
        for key, tenant in list(self._waiting.items()):
            node_id = self._nodes.place(key, tenant.wanted)
            if node_id is not None:
                del self._waiting[key]
                tenant.placed(node_id)

    def _scale(self, now: datetime) -> None:
        """One step up when work finds no room, one down when nodes stand empty."""
        pool = self.pool
        if self._arriving or len(self._nodes) < pool.target_nodes:
            return
        step = self._wanted_step()
        if not step:
            self._unbalanced_since = None
            return
        self._unbalanced_since = self._unbalanced_since or now
        if now < self._judgement():
            return
        pool.target_nodes = len(self._nodes) + step
        self._scaled_at, self._unbalanced_since = now, None
        for node_id in self._nodes.empty()[: max(-step, 0)]:
            self._remove(node_id)

    def _wanted_step(self) -> int:
        pool = self.pool
        short = self._nodes.more_needed(tenant.wanted for tenant in self._waiting.values())
        if short:
            return min(short, pool.max_nodes - pool.target_nodes)
        surplus = len(self._nodes) - pool.min_nodes
        return -max(0, min(surplus, len(self._nodes.empty())))

    def _judgement(self) -> datetime:
        """When the imbalance may be acted on."""
        assert self._unbalanced_since is not None
        due = self._unbalanced_since + timedelta(seconds=self._delays.scaling_judgement)
        if self._scaled_at is not None:
            due = max(due, self._scaled_at + timedelta(seconds=self._delays.scaling_pause))
        return due

    def _settle(self, now: datetime) -> None:
        pool, ready = self.pool, len(self._nodes)
        changing = ready != pool.target_nodes
        if not ready:
            pool.state = "STARTING"
        elif changing:
            pool.state = "RESIZING"
        else:
            pool.state = "ACTIVE" if self.has_work else "IDLE"
        if pool.idle_since and not ready:
            pool.idle_since = now
        full = bool(self._waiting) and not changing and ready >= pool.max_nodes
        self._explain(now, full)
        for tenant in self._waiting.values():
            tenant.waits(PROVISIONING if changing else self._no_room(tenant))

    def _explain(self, now: datetime, full: bool) -> None:
        pool = self.pool
        pool.error_code = pool.status_message = ""
        if self._denied:
            pool.error_code = CAPACITY_ERROR
            pool.status_message = (
                f"CAPACITY_ERROR: there is no capacity for instance family {pool.instance_family} "
                "at the moment."
            )
        elif full:
            pool.error_code = NODE_LIMIT
            pool.status_message = (
                f"Compute pool has reached its limit of {pool.max_nodes} node(s). Consider "
                "raising MAX_NODES with ALTER COMPUTE POOL."
            )
        elif pool.state == "STARTING" and self._starting_since is not None:
            minutes = int((now - self._starting_since).total_seconds() // 60)
            pool.status_message = f"Compute pool is starting for last {minutes} minutes"

    def _no_room(self, tenant: Tenant) -> str:
        lacking = self._nodes.lacking(tenant.wanted)
        return f"Unschedulable due to insufficient {lacking} resources"

    def _remove(self, node_id: str) -> None:
        self._nodes.remove(node_id)
        self.pool.nodes[:] = [node for node in self.pool.nodes if node.node_id != node_id]

    def _next_look(self, now: datetime) -> datetime | None:
        pool = self.pool
        times = self._arriving[:1]
        if self._unbalanced_since is not None:
            times.append(self._judgement())
        if pool.idle_since is not None and pool.auto_suspend_secs and len(self._nodes):
            times.append(pool.idle_since + timedelta(seconds=pool.auto_suspend_secs))
        if pool.state == "STARTING" and self._starting_since is not None:
            # The status message counts minutes.
            passed = (now - self._starting_since) // timedelta(minutes=1)
            times.append(self._starting_since + timedelta(minutes=passed + 1))
        return min(times, default=None)
