"""The whole fleet: a loop per connection and per Prefect API, and one picture of it all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from spcs_worker_tui.domain.errors import UnknownConnectionError
from spcs_worker_tui.domain.fleet import FleetSnapshot, ServiceKey, ServiceSnapshot
from spcs_worker_tui.domain.judge import NO_VIEWS
from spcs_worker_tui.operations.watch.connection import ConnectionWatch, Images
from spcs_worker_tui.operations.watch.latest import Latest
from spcs_worker_tui.operations.watch.pace import Pace, Pause
from spcs_worker_tui.operations.watch.work_pools import PrefectWatch, WorkPools

if TYPE_CHECKING:
    from spcs_worker_tui.domain.memory import SpecMemory
    from spcs_worker_tui.domain.ports import Clock, PrefectReader, WatchedSession
    from spcs_worker_tui.domain.prefect import WorkPoolKey
    from spcs_worker_tui.domain.rules_pool import PoolView
    from spcs_worker_tui.domain.verdict import JudgedFleet

SELECTION_SETTLES = 0.2
"""Seconds that a selection must last before it is looked at: a held arrow key passes many rows."""

_JUDGED_AT_ONCE = 200
"""Services; they are judged anew in about a tenth of a millisecond each."""


class Judges(Protocol):
    """What a watcher needs of `domain.judge.Judge`."""

    def judge(
        self,
        snapshot: FleetSnapshot,
        now: datetime,
        views: Mapping[WorkPoolKey, PoolView] = NO_VIEWS,
    ) -> JudgedFleet:
        """The verdict on every service."""


class FleetWatcher:
    """Watches until closed.

    Args:
        sessions: The connections, in the order in which they are shown.
        prefect: All Prefect APIs; closed with the watcher.
        judge: Keeps what verdicts need of the past.
        clock: Whose time to go by.
        pace: How often and how much.
        memory: What earlier runs read out of specs, already in memory; what this one reads goes
            there, and is saved in the end.
    """

    def __init__(
        self,
        sessions: Sequence[WatchedSession],
        prefect: PrefectReader,
        judge: Judges,
        clock: Clock,
        pace: Pace | None = None,
        memory: SpecMemory | None = None,
    ) -> None:
        self._sessions = tuple(sessions)
        self._prefect = prefect
        self._judge = judge
        self._clock = clock
        self._pace = pace or Pace()
        self._memory = memory
        self._touched = Pause(clock)
        self._connections = {
            session.name: ConnectionWatch(session, clock, self._pace, self._touched.end, memory)
            for session in sessions
        }
        self._apis: dict[str, PrefectWatch] = {}
        self._selected: ServiceKey | None = None
        self._selection = Pause(clock)
        self._image_parts: tuple[Images, ...] = ()
        self._all_images: Images = {}
        self._tasks: set[asyncio.Task[None]] = set()
        picture = self._picture()
        self._latest = Latest(judge.judge(picture, picture.observed_at))

    @property
    def judged(self) -> JudgedFleet:
        """The newest picture and its verdicts."""
        return self._latest.value

    @property
    def snapshot(self) -> FleetSnapshot:
        """The newest picture."""
        return self._latest.value.snapshot

    def service(self, key: ServiceKey) -> ServiceSnapshot | None:
        """The service as last seen, or None while it was not seen or is gone."""
        return self.snapshot.service(key)

    def start(self) -> None:
        """Begin to poll, unless that was done, or all is over."""
        if self._tasks or self._latest.is_closed:
            return
        self._run(self._publish())
        self._run(self._look_at_selected())
        for connection in self._connections.values():
            self._run(connection.run())

    def watch(self) -> AsyncIterator[JudgedFleet]:
        """Every new picture, from the first empty one on; see the port."""
        self.start()
        return self._latest.follow()

    def refresh(self, connection: str | None = None) -> None:
        """Poll everything now, or everything of one connection."""
        for name, watch in self._connections.items():
            if connection in (None, name):
                watch.refresh()
        for api in self._apis.values():
            api.refresh()
        self._selection.end()

    def select(self, key: ServiceKey | None) -> None:
        """Look at this service, containers and instances, at every interval."""
        if key != self._selected:
            self._selected = key
            self._selection.end()

    async def sign_in(self, connection: str) -> None:
        """A person asked for the interactive sign-in of that connection.

        Raises:
            UnknownConnectionError: It is not watched.
            FleetError: It did not work.
        """
        if connection not in self._connections:
            raise UnknownConnectionError(f"connection {connection} is not watched")
        await self._connections[connection].sign_in()

    async def close(self) -> None:
        """Stop all loops and end all sessions; never raises."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(
            *(session.close() for session in self._sessions),
            self._prefect.close(),
            return_exceptions=True,
        )
        if self._memory is not None:
            await asyncio.to_thread(self._memory.save)
        self._latest.close()

    def _run(self, loop: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(loop)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A loop ends only by cancellation; anything else is a bug, which readers must see."""
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._latest.close(failure)

    async def _publish(self) -> None:
        """A picture after changes, but not more often than is worth it.

        Without changes, one per interval nevertheless, because verdicts depend on ages.
        """
        while True:
            self._bind()
            snapshot = self._picture()
            started = perf_counter()
            self._latest.publish(await self._judged(snapshot))
            rest = (perf_counter() - started) * self._pace.rest_per_cost
            await self._clock.sleep(max(self._pace.picture_seconds, min(rest, self._pace.interval)))
            await self._touched.wait(self._pace.interval)

    async def _judged(self, snapshot: FleetSnapshot) -> JudgedFleet:
        """In a thread where it takes long: keys must be answered meanwhile."""
        judge = self._judge.judge
        if len(snapshot.services) <= _JUDGED_AT_ONCE:
            return judge(snapshot, snapshot.observed_at)
        return await asyncio.to_thread(judge, snapshot, snapshot.observed_at)

    def _picture(self) -> FleetSnapshot:
        work_pools: WorkPools = {}
        for api in self._apis.values():
            work_pools |= api.work_pools
        return FleetSnapshot(
            observed_at=self._clock.now(),
            connections=tuple(c.snapshot for c in self._connections.values()),
            work_pools=work_pools,
            images=self._images(),
        )

    def _images(self) -> Images:
        """The images of all connections; the same object while none of them has changed."""
        parts = tuple(connection.images for connection in self._connections.values())
        if len(parts) != len(self._image_parts) or any(
            new is not old for new, old in zip(parts, self._image_parts, strict=True)
        ):
            self._image_parts = parts
            self._all_images = {name: images for part in parts for name, images in part.items()}
        return self._all_images

    def _bind(self) -> None:
        """Watch the work pools that the services are bound to now, and no others."""
        bound: dict[str, set[WorkPoolKey]] = {url: set() for url in self._apis}
        for connection in self._connections.values():
            for service in connection.snapshot.services:
                if (binding := service.binding) is not None and binding.is_complete:
                    bound.setdefault(binding.pool.api_url, set()).add(binding.pool)
        for url, keys in bound.items():
            if url not in self._apis:
                self._apis[url] = PrefectWatch(
                    self._prefect, self._clock, self._pace, self._touched.end
                )
                self._run(self._apis[url].run())
            self._apis[url].want(keys)

    async def _look_at_selected(self) -> None:
        while True:
            interval = None if self._selected is None else self._pace.interval
            if await self._selection.wait(interval):
                while await self._selection.wait(SELECTION_SETTLES):
                    pass
            if (key := self._selected) and (watch := self._connections.get(key.connection)):
                await watch.look(key)
