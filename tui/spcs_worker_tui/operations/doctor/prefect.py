"""Looks at the Prefect APIs and work pools that services are meant to serve, each once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from spcs_worker_tui.domain import doctor_prefect as rules
from spcs_worker_tui.domain.doctor import Outcome
from spcs_worker_tui.domain.doctor_clock import judge_clock
from spcs_worker_tui.domain.errors import PrefectBusyError, PrefectError, PrefectNotFoundError
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkPoolSnapshot
from spcs_worker_tui.domain.text import without_credentials
from spcs_worker_tui.operations.doctor.examine import LOOK_SECONDS, Look

if TYPE_CHECKING:
    from spcs_worker_tui.domain.doctor import Finding
    from spcs_worker_tui.domain.doctor_facts import Workload
    from spcs_worker_tui.domain.ports import Clock, PrefectReader
    from spcs_worker_tui.operations.doctor.session import AccountSession

Overdue = Callable[[WorkPoolKey, datetime], Awaitable[int]]
"""How many runs of a pool are only Scheduled though their time came before that moment."""

_WORTH_WAITING = 8.0
"""Seconds; a look has about twenty."""
PATIENCE_SECONDS = 30.0
"""A server that has just come up marks runs within a loop of 5 s and workers within one of 15 s
(prefect-contract 2.3, 2.5), and may be slow at first."""
_AGAIN_SECONDS = 3.0


class PrefectLooks:
    """One examination's looks at Prefect; implements `WithWorkload`.

    Args:
        prefect: All Prefect APIs.
        overdue: Counts overdue runs; raises `PrefectError`.
        clock: Time.
        patience: Seconds in which a server that has just come up should have done what its
            background services do.
    """

    def __init__(
        self,
        prefect: PrefectReader,
        overdue: Overdue,
        clock: Clock,
        patience: float | None = None,
    ) -> None:
        self._patience = PATIENCE_SECONDS if patience is None else patience
        self._prefect = prefect
        self._overdue = overdue
        self._clock = clock
        self._asked: set[WorkPoolKey] = set()
        self._served: set[WorkPoolKey] = set()
        self._judged: set[str] = set()

    def __call__(self, _: AccountSession, workload: Workload) -> Iterator[Look]:
        """The pool that a service is meant to serve, unless it is looked at already."""
        binding = workload.binding
        if binding is None or not binding.is_complete:
            return
        if workload.wants_to_run:
            self._served.add(binding.pool)
        if binding.pool not in self._asked:
            self._asked.add(binding.pool)
            subject = without_credentials(binding.pool.api_url)
            yield Look(rules.API_CHECKS, subject, partial(self._pool, binding.pool))

    async def _pool(self, key: WorkPoolKey) -> AsyncGenerator[Finding | Look, None]:
        try:
            pool = await self._read(key)
        except PrefectError as error:
            for finding in self._answer(key.api_url, error):
                yield finding
            if isinstance(error, PrefectNotFoundError):
                yield rules.judge_missing_pool(key)
            return
        for finding in self._answer(key.api_url, None):
            yield finding
        now = self._clock.now()
        skew = judge_clock(without_credentials(key.api_url), "Prefect", pool.clock_skew)
        yield skew
        overdue = await self._count(pool, now)
        facts = rules.PoolFacts(pool, overdue, expects_workers=key in self._served)
        for finding in rules.judge_pool(facts):
            yield finding
        services = rules.judge_services(facts, now)
        if services.outcome is Outcome.PROBLEM:
            seconds = self._patience + LOOK_SECONDS
            yield Look((rules.SERVICES,), str(key), partial(self._services, facts), seconds)
        else:
            yield services

    async def _services(self, first: rules.PoolFacts) -> AsyncGenerator[Finding, None]:
        """Look again until they have done their work, or would have by now."""
        last = self._clock.now() + timedelta(seconds=self._patience)
        while True:
            await self._clock.sleep(_AGAIN_SECONDS)
            now = self._clock.now()
            pool = await self._read(first.pool.key)
            facts = rules.PoolFacts(pool, await self._count(pool, now))
            services = rules.judge_services(facts, now, before=first)
            if services.outcome is Outcome.OK or now >= last:
                yield services
                return

    async def _read(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        """The pool; an API that asks to be left alone for a moment is asked once more."""
        try:
            return await self._prefect.work_pool(key)
        except PrefectBusyError as error:
            if error.retry_after > _WORTH_WAITING:
                raise
            await self._clock.sleep(error.retry_after)
        return await self._prefect.work_pool(key)

    def _answer(self, api_url: str, error: PrefectError | None) -> Iterator[Finding]:
        """What it says of the API, unless another pool's answer has said that."""
        if api_url not in self._judged:
            self._judged.add(api_url)
            yield from rules.judge_answer(api_url, error)

    async def _count(self, pool: WorkPoolSnapshot, now: datetime) -> int | None:
        before = now + pool.clock_skew - timedelta(seconds=rules.OVERDUE_SECONDS)
        try:
            return await self._overdue(pool.key, before)
        except PrefectError:
            return None
