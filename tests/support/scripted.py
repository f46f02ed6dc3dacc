"""Sessions and readers at the ports, scripted by a test; nothing here does I/O."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from spcs_worker_tui.domain.errors import FleetError, NotVisibleError
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    ContainerSnapshot,
    DeployedSpec,
    ImageSnapshot,
    InstanceSnapshot,
    ServiceKey,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.ports import Identity, ScaleTo
from spcs_worker_tui.domain.prefect import WorkerStarts, WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.sandbox.clock import ManualClock
from support.fleet import NOW, compute_pool, deployed_spec, image, service, work_pool


async def settle() -> None:
    """Let everything run that does not wait for time."""
    for _ in range(120):
        await asyncio.sleep(0)


async def pass_time(clock: ManualClock, seconds: float, step: float = 0.25) -> None:
    """Move on in small steps, letting everything settle after each."""
    for _ in range(round(seconds / step)):
        await clock.advance(step)
        await settle()


async def begin(watcher: FleetWatcher) -> None:
    """Start, and let the first tick run as far as it can without time passing."""
    watcher.start()
    await settle()


def many(count: int, connection: str = "dev") -> list[ServiceSnapshot]:
    """Healthy workers S0000, S0001 …"""
    return [service(f"S{number:04}", connection=connection) for number in range(count)]


class ScriptedSession:
    """Shows the services that the test put into `services`, and counts what it was asked."""

    def __init__(self, name: str = "dev", services: Sequence[ServiceSnapshot] = ()) -> None:
        self.name = name
        self.services = {service.key: service for service in services}
        self.calls: Counter[str] = Counter()
        self.looked: list[ServiceKey] = []
        self.failure: FleetError | None = None
        """Raised by every statement."""
        self.failures: dict[str, FleetError] = {}
        """Raised by one kind of statement."""
        self.sign_in: FleetError | None = None
        """Raised by `open` unless a person asked for it."""
        self.hang: asyncio.Event | None = None
        self.compute_pools: tuple[ComputePoolSnapshot, ...] = (compute_pool(),)
        self.spec: Callable[[ServiceKey], DeployedSpec] = lambda _key: deployed_spec()
        self.interactive = 0
        self.closed = False

    @property
    def statements(self) -> int:
        return self.calls.total()

    async def _ask(self, kind: str) -> None:
        self.calls[kind] += 1
        await asyncio.sleep(0)
        if self.hang is not None:
            await self.hang.wait()
        if (failure := self.failures.get(kind) or self.failure) is not None:
            raise failure

    async def open(self, *, interactive: bool = False) -> Identity:
        await asyncio.sleep(0)
        if interactive:
            self.interactive += 1
        if self.sign_in is not None and not interactive:
            raise self.sign_in
        if interactive and self.failure is not None:
            raise self.failure
        return Identity("ACME", "OPS", "OPERATOR")

    async def close(self) -> None:
        self.closed = True

    def _service(self, key: ServiceKey) -> ServiceSnapshot:
        if key not in self.services:
            raise NotVisibleError(f"Service '{key.qualified}' does not exist", errno=2003)
        return self.services[key]

    async def show_services(self) -> tuple[ServiceSnapshot, ...]:
        await self._ask("show_services")
        return tuple(
            ServiceSnapshot(
                **{
                    name: getattr(service, name)
                    for name in (
                        "key",
                        "status",
                        "observed_at",
                        "current_instances",
                        "target_instances",
                        "is_job",
                        "spec_digest",
                        "is_upgrading",
                        "comment",
                    )
                }
            )
            for service in self.services.values()
        )

    async def show_service_containers(self, key: ServiceKey) -> tuple[ContainerSnapshot, ...]:
        self.looked.append(key)
        await self._ask("show_service_containers")
        return self._service(key).containers.value

    async def show_service_instances(self, key: ServiceKey) -> tuple[InstanceSnapshot, ...]:
        await self._ask("show_service_instances")
        return self._service(key).instances.value

    async def describe_service(self, key: ServiceKey) -> DeployedSpec:
        await self._ask("describe_service")
        self._service(key)
        return self.spec(key)

    async def show_compute_pools(self) -> tuple[ComputePoolSnapshot, ...]:
        await self._ask("show_compute_pools")
        return self.compute_pools

    async def show_images(self, repository: str) -> tuple[ImageSnapshot, ...]:
        await self._ask(f"show_images {repository}")
        return (image(),)

    async def service_logs(
        self,
        key: ServiceKey,
        instance_id: int,
        container: str,
        *,
        lines: int,
        previous: bool = False,
    ) -> Sequence[tuple[int | None, str]]:
        await self._ask("service_logs")
        return ()

    def suspend_statement(self, key: ServiceKey) -> str:
        return f"ALTER SERVICE {key.qualified} SUSPEND"

    def resume_statement(self, key: ServiceKey) -> str:
        return f"ALTER SERVICE {key.qualified} RESUME"

    async def suspend_service(self, key: ServiceKey) -> str:
        await self._ask("suspend_service")
        return "q"

    async def resume_service(self, key: ServiceKey) -> str:
        await self._ask("resume_service")
        return "q"

    def scale_statement(self, key: ServiceKey, scale: ScaleTo) -> str:
        return f"ALTER SERVICE {key.qualified} SET MIN_INSTANCES = {scale.min_instances}"

    async def scale_service(self, key: ServiceKey, scale: ScaleTo) -> str:
        await self._ask("scale_service")
        return "q"

    def drop_statement(self, key: ServiceKey) -> str:
        return f"DROP SERVICE {key.qualified}"

    async def drop_service(self, key: ServiceKey) -> str:
        await self._ask("drop_service")
        return "q"

    def suspend_compute_pool_statement(self, name: str) -> str:
        return f"ALTER COMPUTE POOL {name} SUSPEND"

    async def suspend_compute_pool(self, name: str) -> str:
        await self._ask("suspend_compute_pool")
        return "q"


class ScriptedPrefect:
    """All Prefect APIs; each answers with `work_pool()` of the name that was asked for."""

    def __init__(self) -> None:
        self.asked: list[WorkPoolKey] = []
        self.failure: FleetError | None = None
        self.failures: dict[str, FleetError] = {}
        """By the work pool's name, or `starts`."""
        self.starts: dict[tuple[str, str], datetime] = {}
        self.events_since = NOW - timedelta(days=7)
        self.starts_asked: list[tuple[str, datetime]] = []
        self.closed = False

    @property
    def names(self) -> list[str]:
        """The work pools that were asked about."""
        return [key.name for key in self.asked]

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        self.asked.append(key)
        await asyncio.sleep(0)
        if (failure := self.failures.get(key.name) or self.failure) is not None:
            raise failure
        return work_pool(key.name, api_url=key.api_url)

    async def worker_starts(self, api_url: str, since: datetime) -> WorkerStarts:
        self.starts_asked.append((api_url, since))
        await asyncio.sleep(0)
        if (failure := self.failures.get("starts") or self.failure) is not None:
            raise failure
        return WorkerStarts(max(since, self.events_since), self.starts)

    async def close(self) -> None:
        self.closed = True
