"""One saved connection, watched by a loop of its own that waits for no other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    FleetError,
    RoleRefusedError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.fleet import (
    ConnectionSnapshot,
    ConnectionState,
    ImageSnapshot,
    Observation,
    ServiceKey,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.sync import repository_key
from spcs_worker_tui.operations.watch.failures import (
    ABOUT_THE_CONNECTION,
    no_answer,
    run_all,
    state_after,
)
from spcs_worker_tui.operations.watch.images import repositories
from spcs_worker_tui.operations.watch.looking import Agenda, failed_look, with_row
from spcs_worker_tui.operations.watch.pace import Backoff, Pace, Pause
from spcs_worker_tui.operations.watch.silence import Silence
from spcs_worker_tui.operations.watch.specs import Specs, failed_read, with_spec

if TYPE_CHECKING:
    from spcs_worker_tui.domain.memory import SpecMemory
    from spcs_worker_tui.domain.ports import Clock, WatchedSession

Images = dict[str, Observation[tuple[ImageSnapshot, ...]]]

_NEVER_SHOWN: Observation[tuple[ImageSnapshot, ...]] = Observation(())
_WAITS_FOR_A_PERSON = frozenset({ConnectionState.SIGN_IN_NEEDED, ConnectionState.REFUSED})


class ConnectionWatch:
    """Polls one connection and keeps what it showed.

    Args:
        session: The connection.
        clock: Whose time to go by.
        pace: How often and how much.
        changed: Called whenever `snapshot` or `images` has changed.
        memory: What earlier runs read out of specs.
    """

    def __init__(
        self,
        session: WatchedSession,
        clock: Clock,
        pace: Pace,
        changed: Callable[[], None],
        memory: SpecMemory | None = None,
    ) -> None:
        self.snapshot = ConnectionSnapshot(session.name, ConnectionState.CONNECTING)
        self.images: Images = {}
        self._session = session
        self._clock = clock
        self._pace = pace
        self._changed = changed
        self._pause = Pause(clock)
        self._backoff = Backoff(pace.interval, pace.slowest)
        self._silence = Silence(clock, pace.silence, self._say_silence)
        self._services: dict[ServiceKey, ServiceSnapshot] = {}
        self._rows: dict[ServiceKey, ServiceSnapshot] = {}
        self._held: dict[ServiceKey, ServiceSnapshot] = {}
        self._restless: list[ServiceKey] = []
        self._agenda = Agenda()
        self._specs = Specs(memory)
        self._images_at: dict[str, datetime] = {}
        self._ticks = 0

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            started = self._clock.now()
            try:
                await self._silence.over(self._tick(), again=self.snapshot.error is not None)
            except FleetError as error:
                wait = self._failed(error)
            else:
                self._backoff.succeeded()
                took = (self._clock.now() - started).total_seconds()
                wait = max(0.0, self._pace.interval - took)
            await self._pause.wait(wait)

    def refresh(self) -> None:
        """Poll now, whatever the last attempt came to; a refused spec is asked for again."""
        self._specs.forget_refused(self._services)
        self._pause.end()

    async def sign_in(self) -> None:
        """A person asked for the interactive sign-in.

        Raises:
            FleetError: It did not work; the connection says so, too.
        """
        self._update(state=ConnectionState.CONNECTING, error=None, retry_at=None)
        try:
            await self._session.open(interactive=True)
        except FleetError as error:
            # No new attempt by itself: that is what the person is for.
            self._update(state=state_after(error, self.snapshot.state), error=error)
            raise
        self._pause.end()

    async def look(self, key: ServiceKey) -> None:
        """A closer look at one service now, if the connection works; never raises FleetError."""
        if self.snapshot.state is ConnectionState.CONNECTED and key in self._services:
            with suppress(FleetError):
                if self._specs.is_only_recalled(key):
                    await self._describe(key)
                await self._look(key, instances=True)
            self._update()

    async def _tick(self) -> None:
        await self._show_services()
        try:
            if self._ticks % self._pace.compute_pool_ticks == 0:
                await self._show_compute_pools()
            self._ticks += 1
            await self._look_at_restless()
        finally:
            self._held.clear()
        await self._first_looks()
        steady = self._agenda.steady(self._services, self._clock.now(), self._pace.steady)
        await run_all([*(self._look(key, instances=False) for key in steady), self._show_images()])
        self._update()

    async def _show_services(self) -> None:
        identity = await self._session.open()
        self._silence.heard()
        rows = await self._session.show_services()
        self._silence.heard()
        now = self._clock.now()
        before, services = self._services, dict[ServiceKey, ServiceSnapshot]()
        same, self._rows = self._rows, {row.key: row for row in rows}
        for row in rows:
            old = before.get(row.key)
            if old is not None and same.get(row.key) is row:
                # It is in there already; of thousands, few are ever otherwise.
                services[row.key] = old
                continue
            shown = self._specs.recall(identity, row) if old is None else row
            services[row.key], changed = with_row(old, shown, now)
            if changed:
                self._agenda.changed(row.key)
        gone = before.keys() - services.keys()
        self._agenda.forget(gone)
        self._specs.forget(gone)
        self._services = services
        self._restless = self._agenda.restless(services, now, self._pace.restless)
        # A new row beside old containers would be judged as a contradiction.
        self._held = {key: before[key] for key in self._restless if key in before}
        self._update(
            state=ConnectionState.CONNECTED,
            account=identity.account,
            user=identity.user,
            role=identity.role,
            observed_at=now,
            error=None,
            retry_at=None,
        )

    async def _look_at_restless(self) -> None:
        unseen = set(self._agenda.unseen(self._services))
        undescribed = [key for key in self._specs.unread(self._services) if key not in unseen]
        await run_all(
            [
                *(self._describe(key) for key in undescribed[: self._pace.first_looks]),
                *(self._look(key, instances=True) for key in self._restless),
            ]
        )

    async def _first_looks(self) -> None:
        """Look at services that are new, in groups, for as long as the tick lasts."""
        end = self._clock.now() + timedelta(seconds=self._pace.interval)
        while unseen := self._agenda.unseen(self._services):
            group = unseen[: self._pace.first_looks]
            undescribed = set(self._specs.unread(self._services))
            await run_all(
                [
                    *(self._describe(key) for key in group if key in undescribed),
                    *(self._look(key, instances=True) for key in group),
                ]
            )
            self._update()
            if self._clock.now() >= end:
                # The rows of the others are older than a tick by now.
                return

    async def _describe(self, key: ServiceKey) -> None:
        asked = self._services[key]
        try:
            identity = await self._session.open()
            spec = await self._session.describe_service(key)
        except FleetError as error:
            if isinstance(error, ABOUT_THE_CONNECTION):
                raise
            self._specs.refused(asked)
            if (known := self._services.get(key)) is not None:
                self._services[key] = failed_read(known, error)
            return
        self._silence.heard()
        self._specs.read(identity, asked, spec, self._clock.now())
        if (known := self._services.get(key)) is not None:
            self._services[key] = with_spec(known, spec, self._clock.now())

    async def _look(self, key: ServiceKey, *, instances: bool) -> None:
        self._agenda.looked(key, self._clock.now())
        try:
            containers = await self._session.show_service_containers(key)
            self._replace(key, containers=Observation(containers, self._clock.now()))
            if instances:
                shown = await self._session.show_service_instances(key)
                self._replace(key, instances=Observation(shown, self._clock.now()))
        except FleetError as error:
            if (known := self._services.get(key)) is not None:
                self._services[key] = failed_look(known, error)
            if isinstance(error, ABOUT_THE_CONNECTION):
                raise
        finally:
            self._held.pop(key, None)

    async def _show_compute_pools(self) -> None:
        try:
            pools = await self._session.show_compute_pools()
        except StatementRefusedError as error:
            self._update(compute_pools=self.snapshot.compute_pools.failed(error))
        else:
            self._silence.heard()
            self._update(compute_pools=Observation(pools, self._clock.now()))

    async def _show_images(self) -> None:
        """The image repository whose list is oldest, if it is old enough."""
        used = repositories(self._services.values())
        self._images_at = {path: at for path, at in self._images_at.items() if path in used}
        names = {repository_key(self.snapshot.name, path) for path in used}
        if self.images.keys() - names:
            self.images = {name: images for name, images in self.images.items() if name in names}
        due = self._clock.now() - timedelta(seconds=self._pace.image_seconds)
        path = min(
            (path for path in used if self._images_at.get(path, due) <= due),
            key=lambda path: self._images_at.get(path, datetime.min.replace(tzinfo=UTC)),
            default=None,
        )
        if path is None:
            return
        self._images_at[path] = self._clock.now()
        name = repository_key(self.snapshot.name, path)
        known = self.images.get(name, _NEVER_SHOWN)
        try:
            images = await self._session.show_images(path)
        except StatementRefusedError as error:
            self.images = {**self.images, name: known.failed(error)}
        else:
            self._silence.heard()
            self.images = {**self.images, name: Observation(images, self._clock.now())}

    def _replace(self, key: ServiceKey, **fields: object) -> None:
        """Change one service, unless it has been dropped in the meantime."""
        self._silence.heard()
        if (known := self._services.get(key)) is not None:
            self._services[key] = replace(known, **fields)  # type: ignore[arg-type]

    def _say_silence(self, lasts: timedelta) -> None:
        self._update(error=no_answer(self.snapshot.name, lasts), retry_at=None)

    def _failed(self, error: FleetError) -> float | None:
        """Say so on the connection; how long to wait, None for until a person asks."""
        state = state_after(error, self.snapshot.state)
        # Nothing is counted against a user whose role is refused, as a wrong password would be.
        waits = state in _WAITS_FOR_A_PERSON and not isinstance(error, RoleRefusedError)
        wait = None if waits else self._backoff.failed()
        retry_at = None if wait is None else self._clock.now() + timedelta(seconds=wait)
        self._update(state=state, error=error, retry_at=retry_at)
        return wait

    def _update(self, **fields: object) -> None:
        services = tuple(self._held.get(key, now) for key, now in self._services.items())
        if len(services) == len(self.snapshot.services) and all(
            new is old for new, old in zip(services, self.snapshot.services, strict=True)
        ):
            services = self.snapshot.services
        self.snapshot = replace(
            self.snapshot,
            services=services,
            statements=self._session.statements,
            **fields,  # type: ignore[arg-type]
        )
        self._changed()
