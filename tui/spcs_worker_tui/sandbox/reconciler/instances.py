"""One instance: a place on a node, an address, and its containers (contract 2.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.catalogue.model import Container, Instance, Service
from spcs_worker_tui.sandbox.families import Resources, instance_requests
from spcs_worker_tui.sandbox.reconciler.containers import ContainerLife
from spcs_worker_tui.sandbox.reconciler.events import instance_event

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.reconciler.compute_pools import PoolController
    from spcs_worker_tui.sandbox.reconciler.context import Shared
    from spcs_worker_tui.sandbox.runtimes.base import RunningContainer


@dataclass(frozen=True, slots=True)
class Revision:
    """A specification as it was accepted, with the digests to which its tags were resolved."""

    spec_digest: str
    digests: Mapping[str, str]
    spec: Mapping[str, Any]

    @classmethod
    def of(cls, service: Service) -> Revision:
        """The one that the service has now."""
        return cls(service.spec_digest, dict(service.digests), service.spec)

    def matches(self, service: Service) -> bool:
        """Whether the service still has this one."""
        return self.spec_digest == service.spec_digest and self.digests == service.digests

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """`spec.containers`."""
        return list(self.spec["spec"]["containers"])


class InstanceController:
    """From the wish for an instance to its end. A restart of a container stays inside it.

    Args:
        shared: Clock, delays, addresses.
        service: Whose instance it is.
        instance_id: Its number.
        pool: Where it will ask for a place.
    """

    def __init__(
        self, shared: Shared, service: Service, instance_id: int, pool: PoolController
    ) -> None:
        self._shared = shared
        self._service = service
        self._pool = pool
        self.revision = Revision.of(service)
        self.wanted: Resources = instance_requests(self.revision.containers)
        self.model = Instance(instance_id, service.spec_digest, shared.now)
        self._lives: list[ContainerLife] = []
        for spec in self.revision.containers:
            digest = self.revision.digests.get(spec["name"], "")
            container = Container(spec["name"], spec["image"], digest)
            self.model.containers.append(container)
            self._lives.append(ContainerLife(shared, service, self.model, container, spec))
        self._ending: asyncio.Task[None] | None = None
        instance_event(service, instance_id, "PENDING", shared.now)
        pool.request(self)

    @property
    def instance_id(self) -> int:
        """Its number."""
        return self.model.instance_id

    @property
    def ending(self) -> bool:
        """It was told to stop, and is not gone yet."""
        return self._ending is not None

    @property
    def ended(self) -> bool:
        """It belongs to a job, and all its containers have run; only its row is left."""
        return self._service.is_job and all(
            container.status in {"DONE", "FAILED"} for container in self.model.containers
        )

    def placed(self, node_id: str) -> None:
        """It has a place: take an address and start the containers."""
        self.model.node_id = node_id
        self.model.ip_address = self._shared.addresses.take()
        for life in self._lives:
            life.show("PENDING", "Waiting to start")
            life.begin()
        self._shared.changed(self._service)

    def waits(self, message: str) -> None:
        """It has no place, and why."""
        for life in self._lives:
            life.show("PENDING", message)

    def end(self, grace_seconds: float | None = None) -> None:
        """Terminate all containers at once; the service hears of it when they are gone."""
        if self._ending is not None:
            return
        self._show("TERMINATING")
        self._ending = asyncio.create_task(self._end(grace_seconds))

    async def gone(self) -> None:
        """Return when what `end` began is finished."""
        if self._ending is not None:
            await asyncio.wait([self._ending])

    def running(self, container: str) -> RunningContainer | None:
        """What runs in the container of that name now."""
        for model, life in zip(self.model.containers, self._lives, strict=True):
            if model.name == container:
                return life.running
        return None

    def refresh_status(self) -> None:
        """Derive the instance's status from its containers."""
        if self._ending is not None:
            return
        status = instance_status([container.status for container in self.model.containers])
        self._show(status)
        if self.ended:
            self._leave_node()

    def refresh_secrets(self) -> None:
        """A secret may have another value: rewrite those that are files."""
        for life in self._lives:
            life.refresh_secrets()

    async def _end(self, grace_seconds: float | None) -> None:
        try:
            await asyncio.gather(*(life.stop(grace_seconds) for life in self._lives))
        finally:
            self._leave_node()
            self._service.instances[:] = [
                model for model in self._service.instances if model is not self.model
            ]
            self._shared.changed(self._service)

    def _leave_node(self) -> None:
        self._pool.release(self)
        self.model.node_id = None
        if self.model.ip_address:
            self._shared.addresses.give_back(self.model.ip_address)
            self.model.ip_address = ""

    def _show(self, status: str) -> None:
        if self.model.status != status:
            self.model.status = status
            instance_event(self._service, self.instance_id, status, self._shared.now)


def instance_status(containers: Iterable[str]) -> str:
    """The status of an instance from those of its containers."""
    statuses = set(containers)
    if "FAILED" in statuses:
        return "FAILED"
    if statuses <= {"DONE"}:
        return "SUCCEEDED"
    return "READY" if statuses <= {"READY", "DONE"} else "PENDING"
