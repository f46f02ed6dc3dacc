"""One look at the whole fleet: everything that definite verdicts need, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from spcs_worker_tui.domain.binding import bind
from spcs_worker_tui.domain.errors import (
    FleetError,
    PrefectError,
    PrefectUnreachableError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import (
    ConnectionSnapshot,
    ConnectionState,
    FleetSnapshot,
    Observation,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.ports import Clock, PrefectReader, SnowflakeSession
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.verdict import JudgedFleet
from spcs_worker_tui.operations.watch.failures import ABOUT_THE_CONNECTION, run_all, state_after
from spcs_worker_tui.operations.watch.looking import failed_look
from spcs_worker_tui.operations.watch.watcher import Judges
from spcs_worker_tui.operations.watch.work_pools import WorkPools, unknown_work_pool

_WITHOUT_CONTAINERS = frozenset({ServiceStatus.SUSPENDED, ServiceStatus.DELETED})


async def look(
    sessions: Sequence[SnowflakeSession],
    prefect: PrefectReader,
    judge: Judges,
    clock: Clock,
    *,
    seconds: float,
    wanted: Callable[[ServiceKey], bool] = lambda _key: True,
) -> JudgedFleet:
    """Read all connections in parallel, and judge what was read.

    Args:
        sessions: The connections; they are left open.
        prefect: All Prefect APIs; left open, too.
        judge: A new one, so that there is no past to be compared with.
        clock: Time.
        seconds: What has not answered by then is reported as not answering.
        wanted: Which services to look at; the others do not appear.
    """
    looking = _Look(sessions, prefect, clock, wanted)
    try:
        async with asyncio.timeout(seconds):
            await looking.run()
    except TimeoutError:
        looking.give_up(seconds)
    finally:
        await looking.close()
    return judge.judge(looking.picture(), clock.now())


class _Look:
    def __init__(
        self,
        sessions: Sequence[SnowflakeSession],
        prefect: PrefectReader,
        clock: Clock,
        wanted: Callable[[ServiceKey], bool],
    ) -> None:
        self._sessions = sessions
        self._prefect = prefect
        self._clock = clock
        self._wanted = wanted
        self._connections = {
            session.name: ConnectionSnapshot(session.name, ConnectionState.CONNECTING)
            for session in sessions
        }
        self._services: dict[str, dict[ServiceKey, ServiceSnapshot]] = {
            session.name: {} for session in sessions
        }
        self._asking: dict[WorkPoolKey, asyncio.Task[None]] = {}
        self._work_pools: WorkPools = {}

    async def run(self) -> None:
        await run_all(self._connection(session) for session in self._sessions)
        await asyncio.gather(*self._asking.values())

    def picture(self) -> FleetSnapshot:
        return FleetSnapshot(
            observed_at=self._clock.now(),
            connections=tuple(
                replace(
                    self._connections[session.name],
                    services=tuple(self._services[session.name].values()),
                    statements=session.statements,
                )
                for session in self._sessions
            ),
            work_pools=self._work_pools,
        )

    def give_up(self, seconds: float) -> None:
        """What was not read in time is an error on what it is about."""
        for name, connection in self._connections.items():
            late = SnowflakeUnreachableError(
                f"connection {name} did not answer everything within {seconds:g} s",
                next_step="Allow more time with --timeout, or check the network.",
            )
            if connection.state is ConnectionState.CONNECTING:
                self._fail(name, late)
            for key, service in self._services[name].items():
                if service.containers.observed_at is None and service.containers.error is None:
                    self._services[name][key] = failed_look(service, late)
        for pool, observation in self._work_pools.items():
            if observation.observed_at is None and observation.error is None:
                self._work_pools[pool] = observation.failed(
                    PrefectUnreachableError(f"{pool.api_url} did not answer within {seconds:g} s")
                )

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _connection(self, session: SnowflakeSession) -> None:
        name = session.name
        try:
            identity = await session.open()
            rows = await session.show_services()
        except FleetError as error:
            self._fail(name, error)
            return
        services = {row.key: row for row in rows if self._wanted(row.key)}
        self._services[name] = services
        self._connections[name] = ConnectionSnapshot(
            name,
            ConnectionState.CONNECTED,
            account=identity.account,
            user=identity.user,
            role=identity.role,
            observed_at=self._clock.now(),
        )
        looks = [self._service(session, key) for key in services if not services[key].is_job]
        if any(service.status is ServiceStatus.PENDING for service in services.values()):
            # How long a start may take depends on whether nodes are being provisioned.
            looks.append(self._compute_pools(session))
        await run_all(looks)

    async def _service(self, session: SnowflakeSession, key: ServiceKey) -> None:
        await run_all((self._spec(session, key), self._containers(session, key)))

    async def _spec(self, session: SnowflakeSession, key: ServiceKey) -> None:
        services = self._services[key.connection]
        try:
            spec = await session.describe_service(key)
        except FleetError as error:
            services[key] = replace(services[key], spec=services[key].spec.failed(error))
            self._fail_if_about_it(key.connection, error)
            return
        binding = bind(spec)
        services[key] = replace(
            services[key], spec=Observation(spec, self._clock.now()), binding=binding
        )
        if binding is not None and binding.is_complete and binding.pool not in self._asking:
            self._work_pools[binding.pool] = unknown_work_pool(binding.pool)
            self._asking[binding.pool] = asyncio.create_task(self._ask(binding.pool))

    async def _containers(self, session: SnowflakeSession, key: ServiceKey) -> None:
        services = self._services[key.connection]
        if services[key].status in _WITHOUT_CONTAINERS:
            return
        several = services[key].is_upgrading or services[key].current_instances > 1
        try:
            containers = Observation(await session.show_service_containers(key), self._clock.now())
            services[key] = replace(services[key], containers=containers)
            if several:
                instances = Observation(
                    await session.show_service_instances(key), self._clock.now()
                )
                services[key] = replace(services[key], instances=instances)
        except FleetError as error:
            services[key] = failed_look(services[key], error)
            self._fail_if_about_it(key.connection, error)

    async def _compute_pools(self, session: SnowflakeSession) -> None:
        connection = self._connections[session.name]
        try:
            pools = Observation(await session.show_compute_pools(), self._clock.now())
        except FleetError as error:
            pools = connection.compute_pools.failed(error)
        self._connections[session.name] = replace(
            self._connections[session.name], compute_pools=pools
        )

    async def _ask(self, key: WorkPoolKey) -> None:
        try:
            self._work_pools[key] = Observation(
                await self._prefect.work_pool(key), self._clock.now()
            )
        except PrefectError as error:
            self._work_pools[key] = self._work_pools[key].failed(error)

    def _fail_if_about_it(self, name: str, error: FleetError) -> None:
        if isinstance(error, ABOUT_THE_CONNECTION):
            self._fail(name, error)

    def _fail(self, name: str, error: FleetError) -> None:
        connection = self._connections[name]
        self._connections[name] = replace(
            connection, state=state_after(error, connection.state), error=error
        )
