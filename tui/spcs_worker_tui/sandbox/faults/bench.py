"""The faults that are set at the wire, and which request each of them strikes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from spcs_worker_tui.sandbox.faults.model import Fault, Kind, Request


@dataclass(slots=True)
class SetFault:
    """A fault that is on, and what has become of it so far."""

    number: int
    fault: Fault
    ends_at: float | None
    fitting: int = 0
    struck: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def as_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {"number": self.number, "struck": self.struck, **self.fault.as_json()}


class FaultBench:
    """Holds the faults; asked for every request, so it is quick while there are none.

    Args:
        now: Seconds that only grow; by default the event loop's.
    """

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._numbers = itertools.count(1)
        self._set: dict[int, SetFault] = {}

    @property
    def is_quiet(self) -> bool:
        """Whether no fault is set."""
        return not self._set

    def set(self, fault: Fault) -> SetFault:
        """From now on, until it is over or cleared."""
        ends_at = self._now() + fault.lasts if fault.lasts else None
        one = SetFault(next(self._numbers), fault, ends_at)
        self._set[one.number] = one
        return one

    def clear(self, number: int | None = None) -> bool:
        """End that fault, or all of them; False when there was none."""
        ending = [one for one in self._set.values() if number in (None, one.number)]
        for one in ending:
            self._end(one)
        return bool(ending)

    def all(self) -> Sequence[SetFault]:
        """Those that are on, in the order in which they were set."""
        self._forget_the_old()
        return tuple(self._set.values())

    def strikes(self, request: Request) -> tuple[SetFault, ...]:
        """What goes wrong with that request, in the order in which the faults were set."""
        self._forget_the_old()
        return tuple(one for one in tuple(self._set.values()) if self._strikes(one, request))

    async def over(self, one: SetFault) -> None:
        """Return when that fault is over."""
        left = None if one.ends_at is None else max(0.0, one.ends_at - self._now())
        try:
            async with asyncio.timeout(left):
                await one.ended.wait()
        except TimeoutError:
            self._end(one)

    def _strikes(self, one: SetFault, request: Request) -> bool:
        if not one.fault.concerns(request):
            return False
        one.fitting += 1
        if one.fitting % one.fault.every:
            return False
        one.struck += 1
        if one.fault.times and one.struck >= one.fault.times:
            del self._set[one.number]
            if one.fault.kind is not Kind.HANG:
                one.ended.set()
        return True

    def _forget_the_old(self) -> None:
        now = self._now()
        for one in tuple(self._set.values()):
            if one.ends_at is not None and one.ends_at <= now:
                self._end(one)

    def _end(self, one: SetFault) -> None:
        self._set.pop(one.number, None)
        one.ended.set()
