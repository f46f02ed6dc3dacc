"""How often, how much, and how long to wait after a failure."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock


@dataclass(frozen=True, slots=True)
class Pace:
    """The budget of one connection; every number is per connection and tick.

    A tick sends one SHOW SERVICES; SHOW COMPUTE POOLS every `compute_pool_ticks`; one statement
    for each of up to `steady` services in turn, and two for each of up to `restless` ones; at
    most one SHOW IMAGES. So the statements of a fleet at rest do not grow with its services,
    once each service has been seen and its spec described.
    """

    interval: float = 5.0
    """Seconds between ticks."""
    compute_pool_ticks: int = 6
    restless: int = 4
    """Services whose row has changed or that are not steady."""
    steady: int = 2
    """Services of the slow round-robin."""
    first_looks: int = 8
    """New services looked at together, one such group after the other, while a tick lasts."""
    image_seconds: float = 60.0
    """How old the list of an image repository may become."""
    picture_seconds: float = 0.2
    """At least this long between two pictures."""
    rest_per_cost: float = 9.0
    """After a picture, rest this many times as long as it took: a tenth of one core at most.

    Never for longer than an interval: on a busy machine a picture takes long, and nothing that was
    asked may wait for the second one after it.
    """
    slowest: float = 60.0
    """The longest wait after failures."""
    least_silence: float = 2.0
    """An answer may take this long however short the interval is."""

    @property
    def silence(self) -> float:
        """Seconds of waiting for an answer after which it is said that there is none.

        As long as an interval, so that it is said within two.
        """
        return max(self.least_silence, self.interval)


class Backoff:
    """Waits that double from one failure to the next, with jitter so that nobody marches in step.

    Args:
        first: Seconds after the first failure.
        slowest: Never longer than this, jitter aside.
        chance: A number in [0, 1).
    """

    def __init__(
        self, first: float, slowest: float, chance: Callable[[], float] = random.random
    ) -> None:
        self._first = first
        self._slowest = slowest
        self._chance = chance
        self._failures = 0

    def succeeded(self) -> None:
        """The next failure is a first one again."""
        self._failures = 0

    def failed(self) -> float:
        """How many seconds to wait now: the nominal wait, 20 % more or less."""
        nominal: float = min(self._slowest, self._first * 2 ** min(self._failures, 16))
        self._failures += 1
        return nominal * (0.8 + 0.4 * self._chance())


class Pause:
    """A wait that can be ended early.

    Args:
        clock: Whose time to wait by.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Ends the present wait, or the next one if there is none."""
        self._ended.set()

    def forget(self) -> None:
        """Whatever asked for an early end so far is being dealt with."""
        self._ended.clear()

    async def wait(self, seconds: float | None) -> bool:
        """Wait that long, or for ever; True when it was ended early."""
        if seconds is None:
            await self._ended.wait()
        elif not self._ended.is_set():
            sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
            ending = asyncio.ensure_future(self._ended.wait())
            try:
                await asyncio.wait((sleeping, ending), return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeping.cancel()
                ending.cancel()
        ended = self._ended.is_set()
        self._ended.clear()
        return ended
