"""A small account with a reconciler on a clock that the test moves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from spcs_worker_tui.sandbox.catalogue.model import (
    Account,
    ComputePool,
    Container,
    Grants,
    Image,
    ImageRepository,
    Service,
)
from spcs_worker_tui.sandbox.clock import Clock, ManualClock
from spcs_worker_tui.sandbox.reconciler.delays import Delays
from spcs_worker_tui.sandbox.reconciler.reconciler import Reconciler
from spcs_worker_tui.sandbox.runtimes.base import Runtime
from spcs_worker_tui.sandbox.runtimes.simulated import Behaviour, SimulatedRuntime

START = datetime(2026, 1, 1, tzinfo=UTC)
REPOSITORY = ("DB", "SCH", "REPO")

STEADY = Delays(
    node_start=60,
    node_resume=30,
    image_pull=10,
    container_start=1,
    restart_backoff=10,
    restart_backoff_limit=40,
    pull_retry=10,
    pull_retry_limit=20,
)
"""Round figures that a test can add up."""


class One:
    """Every image runs on the same runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def runtime_for(self, command_name: str) -> Runtime:
        return self.runtime


class SmallAccount:
    """Builds what statements would have built, and moves the clock."""

    def __init__(
        self,
        behaviours: Mapping[str, Behaviour] | None = None,
        delays: Delays = STEADY,
        runtime: Runtime | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.clock = ManualClock(START)
        self.account = Account("ORG", "ACCT", "XY12345")
        self.account.image_repositories[REPOSITORY] = ImageRepository(
            REPOSITORY, START, Grants("R")
        )
        self.behaviours = dict(behaviours or {})
        runtime = runtime or SimulatedRuntime(self.clock, self.behaviours)
        self.reconciler = Reconciler(self.account, clock or self.clock, One(runtime), delays)

    def image(self, name: str, *, tag: str = "1", content: str = "") -> Image:
        digest = "sha256:" + hashlib.sha256(f"{name}:{tag}:{content}".encode()).hexdigest()
        image = Image(name, {tag}, digest, START, command=name)
        self.account.image_repositories[REPOSITORY].images.append(image)
        return image

    def pool(self, name: str = "POOL", **changes: Any) -> ComputePool:
        values: dict[str, Any] = {"min_nodes": 1, "max_nodes": 1, "resumed_on": START, **changes}
        family = values.pop("instance_family", "CPU_X64_S")
        pool = ComputePool(name, family, created_on=START, grants=Grants("R"), **values)
        self.account.compute_pools[name] = pool
        self.reconciler.wake()
        return pool

    def spec(self, *images: Image, **container: Any) -> dict[str, Any]:
        return {
            "spec": {
                "containers": [
                    {"name": image.name, "image": f"/db/sch/repo/{image.name}:1", **container}
                    for image in images
                ]
            }
        }

    def service(
        self,
        *images: Image,
        name: str = "SVC",
        pool: str = "POOL",
        container: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Service:
        service = Service(
            ("DB", "SCH", name),
            pool,
            self.spec(*images, **(container or {})),
            "digest-1",
            {image.name: image.digest for image in images},
            START,
            Grants("R"),
            **changes,
        )
        self.account.services[service.key] = service
        self.reconciler.wake()
        return service

    def upgrade(self, service: Service, spec_digest: str, *images: Image, **container: Any) -> None:
        service.spec = self.spec(*images, **container)
        service.spec_digest = spec_digest
        service.digests = {image.name: image.digest for image in images}
        self.reconciler.wake()

    def suspend(self, service: Service) -> None:
        service.suspended, service.suspended_on = True, self.clock.now()
        self.reconciler.wake()

    def resume(self, service: Service) -> None:
        service.suspended, service.resumed_on = False, self.clock.now()
        self.reconciler.wake()

    async def after(self, seconds: float) -> None:
        await self.clock.advance(seconds)


def only_container(service: Service) -> Container:
    """The container of a service that has just one."""
    (instance,) = service.instances
    (container,) = instance.containers
    return container


def states(service: Service) -> list[tuple[int, str, list[tuple[str, str]]]]:
    """Instance id, its status, and status and message of its containers."""
    return [
        (i.instance_id, i.status, [(c.status, c.message) for c in i.containers])
        for i in service.instances
    ]
