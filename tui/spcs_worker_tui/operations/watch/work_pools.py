"""The work pools of one Prefect API, watched by a loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    PrefectBusyError,
    PrefectError,
    PrefectNotFoundError,
    PrefectUnreachableError,
)
from spcs_worker_tui.domain.fleet import Observation
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.domain.text import without_credentials
from spcs_worker_tui.operations.watch.pace import Backoff, Pace, Pause
from spcs_worker_tui.operations.watch.silence import Silence

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock, PrefectReader

WorkPools = dict[WorkPoolKey, Observation[WorkPoolSnapshot]]

CONCURRENT_POOLS = 100
"""Those that are asked about at the same time are asked about together, where the API lets that
be: the adapter takes so many at once, and limits how many requests are under way."""
SHORTEST_REST = 1.0
"""Seconds, whatever a busy API says."""


class PrefectWatch:
    """Asks one Prefect API about the work pools that services are bound to, once per pool.

    A failure that is the API's and not a pool's stops all questions to it for a while; where it
    says for how long (429, 503), for exactly that long (prefect-contract 2.6).

    Args:
        reader: Answers for the API.
        clock: Whose time to go by.
        pace: How often.
        changed: Called whenever `work_pools` has changed.
    """

    def __init__(
        self, reader: PrefectReader, clock: Clock, pace: Pace, changed: Callable[[], None]
    ) -> None:
        self.work_pools: WorkPools = {}
        self._reader = reader
        self._clock = clock
        self._pace = pace
        self._changed = changed
        self._pause = Pause(clock)
        self._backoff = Backoff(pace.interval, pace.slowest)
        self._silence = Silence(clock, pace.silence, self._say_silence)
        self._unanswered: set[WorkPoolKey] = set()
        self._failure: PrefectError | None = None
        self._gate = asyncio.Semaphore(CONCURRENT_POOLS)
        self._not_before = clock.now()
        self._busy: PrefectBusyError | None = None

    def want(self, keys: Iterable[WorkPoolKey]) -> None:
        """These are the pools that matter now; a new one is asked about at once."""
        wanted = {key: self.work_pools.get(key, unknown_work_pool(key)) for key in sorted(keys)}
        if wanted.keys() - self.work_pools.keys():
            self._pause.end()
        self.work_pools = wanted

    def refresh(self) -> None:
        """Ask now, unless the API has asked to be left alone."""
        self._pause.end()

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            self._pause.forget()
            started = self._clock.now()
            failure = await self._silence.over(self._ask_all(), again=self._failure is not None)
            self._failure = failure
            now = self._clock.now()
            if failure is None:
                self._backoff.succeeded()
                wait = max(0.0, self._pace.interval - (now - started).total_seconds())
            elif isinstance(failure, PrefectBusyError):
                wait = max(SHORTEST_REST, failure.retry_after)
                self._not_before = now + timedelta(seconds=wait)
            else:
                wait = self._backoff.failed()
            self._changed()
            await self._pause.wait(wait)
            if (left := (self._not_before - self._clock.now()).total_seconds()) > 0:
                await self._clock.sleep(left)

    async def _ask_all(self) -> PrefectError | None:
        """Ask about every pool; the failure of the API, if there was one."""
        self._busy = None
        self._unanswered = set(self.work_pools)
        failures = await asyncio.gather(*(self._ask(key) for key in self.work_pools))
        of_the_api = [failure for failure in failures if failure is not None]
        if self._busy is not None:
            return self._busy
        return of_the_api[0] if of_the_api else None

    async def _ask(self, key: WorkPoolKey) -> PrefectError | None:
        async with self._gate:
            try:
                if self._busy is not None:
                    raise self._busy
                answer = await self._reader.work_pool(key)
                self._silence.heard()
            except PrefectError as error:
                if isinstance(error, PrefectBusyError):
                    self._busy = error
                observation = self.work_pools.get(key, unknown_work_pool(key)).failed(error)
                failure = None if isinstance(error, PrefectNotFoundError) else error
            else:
                observation, failure = Observation(answer, self._clock.now()), None
        self._unanswered.discard(key)
        if key in self.work_pools:
            self.work_pools = {**self.work_pools, key: observation}
            self._changed()
        return failure

    def _say_silence(self, lasts: timedelta) -> None:
        self.work_pools = {
            key: old.failed(
                PrefectUnreachableError(
                    f"{without_credentials(key.api_url)} has not answered for "
                    f"{lasts.total_seconds():.0f} s",
                    next_step="Check that the Prefect server runs; it is asked again by itself",
                )
            )
            if key in self._unanswered
            else old
            for key, old in self.work_pools.items()
        }
        self._changed()


def unknown_work_pool(key: WorkPoolKey) -> Observation[WorkPoolSnapshot]:
    """What is known of a pool before the first answer: nothing."""
    return Observation(WorkPoolSnapshot(key, type="", status=""))
