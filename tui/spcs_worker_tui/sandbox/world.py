"""Everything of one sandbox, put together: accounts, machinery, server, Prefect."""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from spcs_worker_tui.sandbox.catalogue.bootstrap import new_account
from spcs_worker_tui.sandbox.catalogue.executor import Executor
from spcs_worker_tui.sandbox.catalogue.model import Account, Image
from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.clock import Clock, WallClock
from spcs_worker_tui.sandbox.demo.fleet import demo_fleet
from spcs_worker_tui.sandbox.demo.home import write_connections, write_control
from spcs_worker_tui.sandbox.demo.script import USER, WAREHOUSE
from spcs_worker_tui.sandbox.demo.simulated import HEARTBEAT_SECONDS, empty_fleet, simulated_fleet
from spcs_worker_tui.sandbox.faults.containers import ContainerFaults
from spcs_worker_tui.sandbox.faults.control import FaultControl
from spcs_worker_tui.sandbox.faults.model import FaultError
from spcs_worker_tui.sandbox.prefect.gate import Gate
from spcs_worker_tui.sandbox.reconciler.delays import DEMO, INSTANT, REALISTIC, Delays
from spcs_worker_tui.sandbox.reconciler.reconciler import Reconciler
from spcs_worker_tui.sandbox.registry.played import played_image
from spcs_worker_tui.sandbox.registry.server import RegistryServer
from spcs_worker_tui.sandbox.registry.storage import digest_of
from spcs_worker_tui.sandbox.runtimes.choice import RuntimeChoice
from spcs_worker_tui.sandbox.runtimes.guardian import Guardian
from spcs_worker_tui.sandbox.runtimes.images import KnownImages
from spcs_worker_tui.sandbox.runtimes.process import ProcessRuntime
from spcs_worker_tui.sandbox.runtimes.simulated import SimulatedRuntime
from spcs_worker_tui.sandbox.server import SandboxServer, SandboxSettings, Tenant, check_host
from spcs_worker_tui.sandbox.sql.parser import parse
from spcs_worker_tui.sandbox.wire.app import guard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spcs_worker_tui.sandbox.demo.plan import AccountPlan, FleetPlan
    from spcs_worker_tui.sandbox.prefect.server import PrefectServer
    from spcs_worker_tui.sandbox.runtimes.base import Launch, Runtime

_logger = logging.getLogger(__name__)
_GRACE_SECONDS = 0.0

_PREFECT_PACE = {
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "5",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "10",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "10",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_RUNS": "3",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "5",
    "PREFECT_SERVER_SERVICES_SCHEDULER_MIN_SCHEDULED_TIME": "PT2M",
}
"""Sooner than Prefect's own settings, and with a few planned runs instead of a hundred each."""


class FleetKind(StrEnum):
    """What is there when the sandbox starts."""

    DEMO = "demo"
    EMPTY = "empty"
    SIMULATED = "simulated"


class Speed(StrEnum):
    """How long things take."""

    INSTANT = "instant"
    DEMO = "demo"
    REALISTIC = "realistic"

    @property
    def delays(self) -> Delays:
        """The reconciler's delays."""
        return {Speed.INSTANT: INSTANT, Speed.DEMO: DEMO, Speed.REALISTIC: REALISTIC}[self]


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What kind of sandbox.

    Attributes:
        home: SNOWFLAKE_HOME for its clients; empty or not there yet, and removed at the end.
        fleet: What is in it.
        accounts: For a simulated fleet.
        services: For a simulated fleet, all accounts together.
        work_pools: For a simulated fleet, all accounts together; None: one for each account.
        heartbeat: Of a simulated fleet's workers, in seconds.
        speed: How long things take.
        prefect: Whether a Prefect server is started.
        server: Where to listen.
    """

    home: Path
    fleet: FleetKind = FleetKind.DEMO
    accounts: int = 1
    services: int = 50
    work_pools: int | None = None
    heartbeat: int = HEARTBEAT_SECONDS
    speed: Speed = Speed.DEMO
    prefect: bool = True
    server: SandboxSettings = field(default_factory=SandboxSettings)


@dataclass(slots=True)
class _Site:
    """One account with all that belongs to it."""

    plan: AccountPlan
    account: Account
    reconciler: Reconciler
    executor: Executor
    password: str


class World:
    """One sandbox; `start` returns when clients can connect, long before Prefect is up."""

    def __init__(self, settings: WorldSettings) -> None:
        self.settings = settings
        self.clock: Clock = WallClock()
        self.guardian = Guardian()
        self.gate = Gate()
        self.prefect: PrefectServer | None = None
        self._sites: list[_Site] = []
        self._server: SandboxServer | None = None
        self._registry = RegistryServer(settings.home / "registry", settings.server.host)
        self._runtimes: RuntimeChoice | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._owns_home = False
        self._harmed: ContainerFaults | None = None
        self.faults: FaultControl | None = None

    @property
    def server(self) -> SandboxServer:
        """The server of the Snowflake side; only after `start`."""
        assert self._server is not None
        return self._server

    @property
    def accounts(self) -> list[Account]:
        """In the order of the connections."""
        return [site.account for site in self._sites]

    @property
    def connections(self) -> list[str]:
        """The names of the saved connections."""
        return [site.plan.connection for site in self._sites]

    def reconciler(self, account: Account) -> Reconciler:
        """The machinery behind one account, for whoever plays faults."""
        return next(site.reconciler for site in self._sites if site.account is account)

    async def start(self) -> None:
        """Listen, fill the accounts, begin to run their services and to start Prefect.

        Raises:
            FileExistsError: The home directory has something in it.
            OSError: The port is taken, or the home directory cannot be written.
            ValueError: The host is no loopback address.
        """
        check_host(self.settings.server)
        home = self.settings.home
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if any(home.iterdir()):
            raise FileExistsError(f"{home} is not empty")
        self._owns_home = True
        self.guardian.start()
        self.guardian.watch_directory(home)
        await self.gate.start()
        plan = self._plan()
        images = KnownImages()
        processes = ProcessRuntime(
            images, self.guardian, self.clock, session_token=self._session_token
        )
        self._runtimes = RuntimeChoice(
            images, processes, SimulatedRuntime(self.clock), self._docker_runtime
        )
        self._sites = [self._site(account, self._runtimes) for account in plan.accounts]
        for site in self._sites:
            # Nothing is ever pushed to a played fleet, which may have a thousand accounts.
            if self.settings.fleet is not FleetKind.SIMULATED:
                self._registry.open_for(site.account)
            await _fill(site)
        tenants = [Tenant(site.account, site.executor) for site in self._sites]
        self._server = self._faulty_server(tenants)
        await self._server.start()
        await self._registry.start(tenants, self._server.wire.sessions, self.clock)
        write_connections(
            home,
            plan.accounts,
            [site.account.identifier for site in self._sites],
            [site.password for site in self._sites],
            host=self._server.settings.host,
            port=self._server.port,
        )
        write_control(home, self._server.url, self._server.settings.control_token)
        for site in self._sites:
            site.reconciler.start()
        if self.settings.prefect:
            self._tasks.append(asyncio.create_task(self._run_prefect(plan), name="prefect"))

    def _faulty_server(self, tenants: Sequence[Tenant]) -> SandboxServer:
        """The server, and everything that can be made to go wrong."""
        accounts = {site.plan.connection: site.account for site in self._sites}
        self._harmed = ContainerFaults(accounts, self.reconciler)
        self.faults = FaultControl(
            lambda: self.server.faults, self.gate, self._harmed, self._restart_prefect
        )
        settings = self.settings.server
        return SandboxServer(
            tenants,
            self.clock,
            settings,
            routes=[self.faults.route(lambda endpoint: guard(settings, endpoint))],
            connections={account.identifier: name for name, account in accounts.items()},
        )

    async def _restart_prefect(self, environment: Mapping[str, str]) -> None:
        if self.prefect is None:
            raise FaultError("this sandbox has no Prefect server, or not yet")
        self.prefect.restart(environment)

    async def stop(self) -> None:
        """End everything, and remove what it left on the disk."""
        if self._harmed is not None:
            self._harmed.clear()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Nothing is drained and nobody says goodbye: all of it is removed, and somebody waits.
        await asyncio.gather(self._stop_serving(), self._stop_running(), self._stop_prefect())
        if self._owns_home:
            await asyncio.to_thread(shutil.rmtree, self.settings.home, ignore_errors=True)
        await self.guardian.close()

    async def _stop_serving(self) -> None:
        if self._server is not None:
            await self._server.stop()
        await self._registry.stop()

    async def _stop_running(self) -> None:
        await asyncio.gather(*(site.reconciler.stop(_GRACE_SECONDS) for site in self._sites))
        if self._runtimes is not None:
            await self._runtimes.close()

    async def _stop_prefect(self) -> None:
        if self.prefect is not None:
            await self.prefect.stop(_GRACE_SECONDS)
        await self.gate.stop()

    def _plan(self) -> FleetPlan:
        settings, api_url = self.settings, self.gate.api_url
        match settings.fleet:
            case FleetKind.DEMO:
                return demo_fleet(api_url)
            case FleetKind.EMPTY:
                return empty_fleet()
        return simulated_fleet(
            api_url,
            urlsplit(api_url).netloc,
            accounts=settings.accounts,
            services=settings.services,
            work_pools=settings.work_pools,
            heartbeat=settings.heartbeat,
        )

    def _site(self, plan: AccountPlan, runtimes: RuntimeChoice) -> _Site:
        password = secrets.token_urlsafe(18)
        account = new_account(
            plan.organization,
            plan.name,
            plan.locator,
            now=self.clock.now(),
            user=USER,
            password=password,
            warehouse=WAREHOUSE,
        )
        reconciler = Reconciler(account, self.clock, runtimes, self.settings.speed.delays)
        return _Site(plan, account, reconciler, Executor(account, reconciler), password)

    def _docker_runtime(self) -> Runtime:
        # Imports httpx: not before somebody has pushed an image.
        from spcs_worker_tui.sandbox.runtimes.docker import DockerRuntime  # noqa: PLC0415

        return DockerRuntime(
            self.guardian, lambda: self._registry.node_credentials, self._session_token
        )

    def _session_token(self, launch: Launch) -> str:
        account = next(one for one in self.accounts if one.identifier == launch.account)
        service = account.services[launch.database, launch.schema, launch.service]
        return self.server.wire.service_tokens.issue(account, launch.service, service.grants.owner)

    async def _run_prefect(self, plan: FleetPlan) -> None:
        # Imports httpx; nobody who waits for the first answer should wait for that.
        from spcs_worker_tui.sandbox.demo.pulse import Pulse  # noqa: PLC0415
        from spcs_worker_tui.sandbox.demo.seeding import sow  # noqa: PLC0415
        from spcs_worker_tui.sandbox.prefect.server import (  # noqa: PLC0415
            PrefectFailedError,
            PrefectServer,
        )

        async def seed(api_url: str) -> None:
            await sow(api_url, plan.prefect)

        self.prefect = PrefectServer(
            self.settings.home / "prefect",
            gate=self.gate,
            before_opening=seed,
            extra_env={**_PREFECT_PACE, **self.guardian.environment},
        )
        await self.prefect.start()
        try:
            await self.prefect.wait_ready()
        except PrefectFailedError:
            _logger.exception("the workers have no Prefect server to talk to")
            return
        assert self._harmed is not None
        await Pulse(self.gate.api_url, self.accounts, self._harmed.is_frozen).run()


async def _fill(site: _Site) -> None:
    """Run the plan's statements as their clients would, and push its images."""
    plan, account = site.plan, site.account
    now = datetime.now(UTC)
    session = SessionContext(account, 0, USER, "ACCOUNTADMIN", now, warehouse=WAREHOUSE)
    for statement in parse(plan.setup) if plan.setup else ():
        await site.executor.execute(statement, session)
    for image in plan.images:
        repository = account.image_repositories[image.repository]
        played = played_image(image.name)
        repository.images.append(
            Image(
                image.name,
                {image.tag},
                digest_of(played[0]),
                site.reconciler.clock.now(),
                size=image.size,
                pullable=image.pullable,
                command=image.command,
                played=played,
            )
        )
    session.role = plan.role
    for statement in parse(plan.services) if plan.services else ():
        await site.executor.execute(statement, session)
