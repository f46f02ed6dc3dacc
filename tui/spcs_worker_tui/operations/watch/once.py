"""One look at the whole fleet: everything that definite verdicts need, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.domain import short_way
from spcs_worker_tui.domain.errors import FleetError, SnowflakeUnreachableError
from spcs_worker_tui.domain.fleet import (
    ConnectionSnapshot,
    ConnectionState,
    FleetSnapshot,
    Observation,
    PrefectBinding,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.domain.judge import DEFAULT_THRESHOLDS
from spcs_worker_tui.operations.watch.failures import ABOUT_THE_CONNECTION, run_all, state_after
from spcs_worker_tui.operations.watch.looking import failed_look
from spcs_worker_tui.operations.watch.once_images import Images, read_images
from spcs_worker_tui.operations.watch.once_prefect import PrefectLook
from spcs_worker_tui.operations.watch.specs import (
    WITHOUT_CONTAINERS,
    failed_read,
    is_compared,
    recalled,
    spec_key,
    to_remember,
    with_spec,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.memory import RememberedSpec, SpecKey, SpecMemory
    from spcs_worker_tui.domain.ports import (
        CheckPrefect,
        Clock,
        Identity,
        SnowflakeSession,
    )
    from spcs_worker_tui.domain.prefect import WorkPoolKey
    from spcs_worker_tui.domain.rules_pool import PoolView
    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.operations.watch.watcher import Judges

_DOUBTED_FOR = timedelta(hours=1)
"""So long, the events of a worker's start are not looked for again when there were none."""
_LIMITS = DEFAULT_THRESHOLDS


async def look(
    sessions: Sequence[SnowflakeSession],
    prefect: CheckPrefect,
    judge: Judges,
    clock: Clock,
    memory: SpecMemory,
    *,
    seconds: float,
    wanted: Callable[[ServiceKey], bool] | None = None,
    images: bool = False,
) -> JudgedFleet:
    """Read all connections in parallel, and judge what was read.

    A spec is read only when its digest is new to the memory, and container rows only where no
    other answer vouches for them (`domain.short_way`).

    Args:
        sessions: The connections; they are left open.
        prefect: All Prefect APIs; left open, too.
        judge: A new one, so that there is no past to be compared with.
        clock: Time.
        memory: What earlier looks found out; what this one finds out goes there.
        seconds: What has not answered by then is reported as not answering.
        wanted: Which services to look at; the others do not appear. None: at all of them.
        images: Read what the sync word needs, too: all container rows, and every image repository.
    """
    looking = _Look(
        sessions, PrefectLook(prefect, clock, _LIMITS), clock, memory, wanted, images=images
    )
    try:
        async with asyncio.timeout(seconds):
            await looking.run()
    except TimeoutError:
        looking.give_up(seconds)
    finally:
        await looking.close()
    return judge.judge(looking.picture(), clock.now(), looking.views)


class _Look:
    def __init__(
        self,
        sessions: Sequence[SnowflakeSession],
        prefect: PrefectLook,
        clock: Clock,
        memory: SpecMemory,
        wanted: Callable[[ServiceKey], bool] | None,
        *,
        images: bool,
    ) -> None:
        self._with_images = images
        self._images: dict[str, Images] = {}
        self._sessions = sessions
        self._prefect = prefect
        self._clock = clock
        self._memory = memory
        self._wanted = wanted
        self._connections = {
            session.name: ConnectionSnapshot(session.name, ConnectionState.CONNECTING)
            for session in sessions
        }
        self._services: dict[str, dict[ServiceKey, ServiceSnapshot]] = {
            session.name: {} for session in sessions
        }
        self._specs: dict[ServiceKey, tuple[SpecKey, RememberedSpec]] = {}

    async def run(self) -> None:
        if self._wanted is None:
            # Of every service the work pool is wanted, most likely the same as the last time.
            since = self._starts_since()
            for session in self._sessions:
                self._prefect.expect(self._memory.pools(session.name), since)
        await run_all(self._connection(session) for session in self._sessions)
        await self._prefect.finish()
        if self._with_images:
            self._images = await read_images(
                ((one, self._services[one.name].values()) for one in self._sessions), self._clock
            )
        await self._settle()

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
            work_pools=self._prefect.work_pools,
            images=self._images,
        )

    @property
    def views(self) -> Mapping[WorkPoolKey, PoolView]:
        """Of the work pools that were looked at closely."""
        return self._prefect.views

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
                if _is_missing_containers(service):
                    _, known = self._specs.get(key, (None, None))
                    seen = service if known is None else recalled(service, known)
                    self._services[name][key] = failed_look(seen, late)
        self._prefect.give_up(seconds)

    async def close(self) -> None:
        await self._prefect.close()

    async def _connection(self, session: SnowflakeSession) -> None:
        name = session.name
        try:
            identity = await session.open()
            rows = await session.show_services()
        except FleetError as error:
            self._fail(name, error)
            return
        services = {row.key: row for row in rows if self._wanted is None or self._wanted(row.key)}
        self._services[name] = services
        self._connections[name] = ConnectionSnapshot(
            name,
            ConnectionState.CONNECTED,
            account=identity.account,
            user=identity.user,
            role=identity.role,
            observed_at=self._clock.now(),
        )
        await run_all(self._looks(session, identity))
        if self._wanted is None and self._connections[name].error is None:
            bindings = (service.binding for service in services.values())
            complete = {one.pool for one in bindings if one is not None and one.is_complete}
            self._memory.remember_pools(name, frozenset(complete))

    def _looks(
        self, session: SnowflakeSession, identity: Identity
    ) -> Iterator[Coroutine[Any, Any, None]]:
        """All that has to be done about the services of a connection."""
        services = self._services[session.name]
        vouched: dict[WorkPoolKey, list[ServiceKey]] = {}
        for key, row in services.items():
            if row.is_job:
                continue
            name = spec_key(identity, row)
            known = self._memory.recall(name)
            if known is None or (self._with_images and _needs_text(row, known)):
                yield self._spec(session, key, name)
                yield self._containers(session, key)
                continue
            self._specs[key] = (name, known)
            binding = self._bound(known.binding)
            may = binding is not None and short_way.may_vouch(row, known)
            if binding is not None and may and not self._with_images:
                vouched.setdefault(binding.pool, []).append(key)
            else:
                services[key] = recalled(row, known)
                yield self._containers(session, key)
        for pool, keys in vouched.items():
            yield self._vouched(session, pool, keys)
        if any(service.status is ServiceStatus.PENDING for service in services.values()):
            # How long a start may take depends on whether nodes are being provisioned.
            yield self._compute_pools(session)

    async def _vouched(
        self, session: SnowflakeSession, pool: WorkPoolKey, keys: Sequence[ServiceKey]
    ) -> None:
        """Read the container rows of those services for which Prefect does not vouch."""
        view = await self._prefect.view(pool)
        starts = await self._prefect.recent_starts(pool.api_url, self._starts_since())
        services, now = self._services[session.name], self._clock.now()
        unsure = []
        for key in keys:
            _, known = self._specs[key]
            assert known.settled_at is not None
            # Made only once: it is the larger part of what a service costs here.
            service = recalled(services[key], known, containers_unread=short_way.VOUCHED)
            if starts is not None and short_way.vouches(
                service, known.settled_at, view, starts, now, _LIMITS
            ):
                services[key] = service
            else:
                services[key] = replace(service, containers_unread="")
                unsure.append(key)
        await run_all(self._containers(session, key) for key in unsure)

    def _starts_since(self) -> datetime:
        """How far back a worker's start matters."""
        return self._clock.now() - short_way.starts_window(_LIMITS)

    async def _spec(self, session: SnowflakeSession, key: ServiceKey, name: SpecKey) -> None:
        services = self._services[key.connection]
        try:
            spec = await session.describe_service(key)
        except FleetError as error:
            services[key] = failed_read(services[key], error)
            self._fail_if_about_it(key.connection, error)
            return
        now = self._clock.now()
        services[key] = with_spec(services[key], spec, now)
        self._bound(services[key].binding)
        if spec.digest == name.digest:  # else it was changed since the row was shown
            known = to_remember(services[key], spec, self._memory.recall(name), now)
            self._specs[key] = (name, known)
            self._memory.remember(name, known)

    def _bound(self, binding: PrefectBinding | None) -> PrefectBinding | None:
        """The same, with its work pool asked for."""
        if binding is not None and binding.is_complete:
            self._prefect.want(binding.pool)
        return binding

    async def _containers(self, session: SnowflakeSession, key: ServiceKey) -> None:
        services = self._services[key.connection]
        if services[key].status in WITHOUT_CONTAINERS:
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

    async def _settle(self) -> None:
        """Find out which of the services that were read may do without that the next time."""
        now = self._clock.now()
        by_api: dict[str, list[ServiceSnapshot]] = {}
        for services in self._services.values():
            for service in services.values():
                if (api_url := self._worth_settling(service)) is not None:
                    by_api.setdefault(api_url, []).append(service)
        await run_all(
            self._settle_api(api_url, services, now) for api_url, services in by_api.items()
        )

    def _worth_settling(self, service: ServiceSnapshot) -> str | None:
        """The API whose events may tell more of the service; None: nothing is to be learnt."""
        _, known = self._specs.get(service.key, (None, None))
        if known is None or not known.is_plain or service.containers.observed_at is None:
            return None
        if known.doubted_at and self._clock.now() - known.doubted_at < _DOUBTED_FOR:
            return None
        binding = service.binding
        if binding is None or not binding.is_complete or not short_way.row_vouches(service):
            return None
        return binding.pool.api_url

    async def _settle_api(
        self, api_url: str, services: Sequence[ServiceSnapshot], now: datetime
    ) -> None:
        began = [row.start_time for one in services for row in one.containers.value]
        since = min((at for at in began if at is not None), default=now)
        starts = await self._prefect.starts(api_url, since - short_way.CLOCKS_DIFFER)
        for service in services:
            assert service.binding is not None
            name, known = self._specs[service.key]
            view = await self._prefect.view(service.binding.pool)
            if starts is None or not short_way.all_well(service, view, now, _LIMITS):
                continue
            if short_way.are_heard(service, starts):
                known = replace(known, settled_at=service.containers.observed_at)
            elif short_way.should_be_heard(service, now):
                known = replace(known, doubted_at=now)
            self._memory.remember(name, known)

    def _fail_if_about_it(self, name: str, error: FleetError) -> None:
        if isinstance(error, ABOUT_THE_CONNECTION):
            self._fail(name, error)

    def _fail(self, name: str, error: FleetError) -> None:
        connection = self._connections[name]
        self._connections[name] = replace(
            connection, state=state_after(error, connection.state), error=error
        )


def _needs_text(row: ServiceSnapshot, known: RememberedSpec) -> bool:
    """Whether the sync word needs more of the spec than what is remembered."""
    return row.status in WITHOUT_CONTAINERS or not is_compared(row, known)


def _is_missing_containers(service: ServiceSnapshot) -> bool:
    seen = service.containers
    return seen.observed_at is None and seen.error is None and not service.containers_unread
