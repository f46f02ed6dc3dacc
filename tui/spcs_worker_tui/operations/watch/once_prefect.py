"""The Prefect side of one look: each work pool and each API's events are asked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PrefectError, PrefectUnreachableError
from spcs_worker_tui.domain.fleet import Observation
from spcs_worker_tui.domain.prefect import WorkerStarts, WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.domain.rules_pool import PoolView
from spcs_worker_tui.operations.watch.work_pools import WorkPools, unknown_work_pool

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import CheckPrefect, Clock
    from spcs_worker_tui.domain.rules_facts import Thresholds

Starts = WorkerStarts | None


class PrefectLook:
    """Asks as soon as a work pool is known to matter.

    Args:
        prefect: All Prefect APIs.
        clock: Time.
        limits: The numbers of the health table.
    """

    def __init__(self, prefect: CheckPrefect, clock: Clock, limits: Thresholds) -> None:
        self._prefect = prefect
        self._clock = clock
        self._limits = limits
        self._asking: dict[WorkPoolKey, asyncio.Task[None]] = {}
        self._starts: dict[str, asyncio.Task[Starts]] = {}
        self._views: dict[WorkPoolKey, PoolView] = {}
        self._wanted: set[WorkPoolKey] = set()
        self._answers: dict[WorkPoolKey, Observation[WorkPoolSnapshot]] = {}

    @property
    def work_pools(self) -> WorkPools:
        """What was answered so far; a pool that was wanted is always in it."""
        return {pool: answer for pool, answer in self._answers.items() if pool in self._wanted}

    @property
    def views(self) -> Mapping[WorkPoolKey, PoolView]:
        """What `view` was asked for so far."""
        return self._views

    def expect(self, pools: Iterable[WorkPoolKey], since: datetime) -> None:
        """Ask what is likely to be wanted, while Snowflake has not said yet what is.

        Args:
            pools: The work pools; those that nobody wants later are not in the answer.
            since: For `recent_starts` of their APIs.
        """
        for pool in pools:
            self._begin(pool)
            self._begin_starts(pool.api_url, since)

    def want(self, pool: WorkPoolKey) -> None:
        """Ask about that pool, unless that was done."""
        self._wanted.add(pool)
        self._begin(pool)

    def _begin(self, pool: WorkPoolKey) -> None:
        if pool not in self._asking:
            self._answers[pool] = unknown_work_pool(pool)
            self._asking[pool] = asyncio.create_task(self._ask(pool))

    async def view(self, pool: WorkPoolKey) -> PoolView:
        """The answer about a pool, waited for; the pool has to be wanted."""
        await asyncio.wait([self._asking[pool]])
        view = self._views.get(pool)
        if view is None:
            view = self._views[pool] = PoolView(self._answers[pool], self._limits)
        return view

    async def recent_starts(self, api_url: str, since: datetime) -> Starts:
        """Who started since then, None where that cannot be read; one question for each API."""
        task = self._begin_starts(api_url, since)
        await asyncio.wait([task])
        return task.result()

    def _begin_starts(self, api_url: str, since: datetime) -> asyncio.Task[Starts]:
        task = self._starts.get(api_url)
        if task is None:
            task = self._starts[api_url] = asyncio.create_task(self.starts(api_url, since))
        return task

    async def starts(self, api_url: str, since: datetime) -> Starts:
        """As `recent_starts`, asked anew."""
        try:
            return await self._prefect.worker_starts(api_url, since)
        except PrefectError:
            return None

    async def finish(self) -> None:
        """Wait for all answers about the work pools that are wanted."""
        await asyncio.gather(*(self._asking[pool] for pool in self._wanted))

    async def close(self) -> None:
        """Wait for nothing any more."""
        tasks: list[asyncio.Task[None] | asyncio.Task[Starts]] = [
            *self._asking.values(),
            *self._starts.values(),
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def give_up(self, seconds: float) -> None:
        """What was not read in time is an error on what it is about."""
        for pool, observation in self._answers.items():
            if observation.observed_at is None and observation.error is None:
                self._answers[pool] = observation.failed(
                    PrefectUnreachableError(f"{pool} did not answer within {seconds:g} s")
                )

    async def _ask(self, key: WorkPoolKey) -> None:
        try:
            answer = await self._prefect.work_pool(key)
        except PrefectError as error:
            self._answers[key] = self._answers[key].failed(error)
        else:
            self._answers[key] = Observation(answer, self._clock.now())
