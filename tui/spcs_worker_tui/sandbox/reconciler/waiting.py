"""Statements that wait for a service to reach a status."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Service
    from spcs_worker_tui.sandbox.clock import Clock


class Waiters:
    """Everyone who waits, told by the reconciler after each step of a service."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[int, list[tuple[frozenset[str], asyncio.Future[bool]]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    async def reached(
        self, service: Service, statuses: Collection[str], within: float | None
    ) -> bool:
        """Wait until `service.status` is one of these.

        Returns:
            False after `within` seconds of the sandbox's clock, or when the service is gone.
        """
        if service.status in statuses:
            return True
        if service.status == "DELETED" or (within is not None and within <= 0):
            return False
        outcome: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        entry = (frozenset(statuses), outcome)
        entries = self._waiting.setdefault(id(service), [])
        entries.append(entry)
        timer = None
        if within is not None:
            timer = asyncio.ensure_future(self._clock.sleep(within))
            timer.add_done_callback(lambda _: _settle(outcome, reached=False))
        try:
            return await outcome
        finally:
            if timer is not None:
                timer.cancel()
            entries.remove(entry)
            if not entries:
                self._waiting.pop(id(service), None)

    def tell(self, service: Service) -> None:
        """Answer those for whom the present status decides."""
        for statuses, outcome in self._waiting.get(id(service), ()):
            if service.status in statuses:
                _settle(outcome, reached=True)
            elif service.status == "DELETED":
                _settle(outcome, reached=False)

    def close(self) -> None:
        """Nobody will reach anything any more."""
        for entries in self._waiting.values():
            for _, outcome in entries:
                _settle(outcome, reached=False)


def _settle(outcome: asyncio.Future[bool], *, reached: bool) -> None:
    if not outcome.done():
        outcome.set_result(reached)
