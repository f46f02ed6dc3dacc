"""Waits until something is as a step wants it, saying each thing that changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.age import humanise
from spcs_worker_tui.domain.errors import (
    FleetError,
    PrefectBusyError,
    PrefectUnreachableError,
    SessionEndedError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.operations.apply.action import Outcome, Tell

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock

Look = Callable[[], Awaitable[tuple[bool, str]]]
"""One look: whether it is as wanted, and how it is, in words."""


class GaveUpError(FleetError):
    """It did not come about within the time that was allowed."""


_PASSES = (
    SnowflakeUnreachableError,
    SessionEndedError,
    PrefectUnreachableError,
    PrefectBusyError,
)


async def wait_until(
    look: Look, tell: Tell, clock: Clock, *, within: float, poll: float, next_step: str = ""
) -> Outcome:
    """Look until it is as wanted; an outage meanwhile is waited out.

    Args:
        look: One look; whatever else than an outage it raises ends the waiting.
        tell: Told what a look found, whenever that differs from the one before.
        clock: Time.
        within: Seconds after which to give up.
        poll: Seconds between two looks.
        next_step: What the user can do where it was given up.

    Raises:
        GaveUpError: With the last look's words.
        FleetError: What `look` raised.
    """
    began, said = clock.now(), ""
    while True:
        elapsed = clock.now() - began
        try:
            done, detail = await look()
        except _PASSES as error:
            done, detail = False, f"no answer, asking again: {error}"
        if done:
            return Outcome(detail)
        if elapsed >= timedelta(seconds=within):
            raise GaveUpError(f"after {humanise(elapsed)} still {detail}", next_step=next_step)
        if detail != said:
            tell(detail)
            said = detail
        await clock.sleep(poll)
