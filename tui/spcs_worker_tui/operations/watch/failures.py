"""What a failure means for the connection it happened on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import timedelta
from typing import Any

from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    FleetError,
    SessionEndedError,
    SignInNeededError,
    SignInRefusedError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.fleet import ConnectionState

ABOUT_THE_CONNECTION = (
    ConfigurationError,
    SessionEndedError,
    SignInNeededError,
    SignInRefusedError,
    SnowflakeUnreachableError,
)
"""Any other failure is about one object only."""


def state_after(error: FleetError, before: ConnectionState) -> ConnectionState:
    """Where the connection stands after this failure."""
    match error:
        case SignInNeededError():
            return ConnectionState.SIGN_IN_NEEDED
        case SignInRefusedError():
            return ConnectionState.REFUSED
        case SnowflakeUnreachableError():
            return ConnectionState.UNREACHABLE
        case ConfigurationError():
            return ConnectionState.MISCONFIGURED
        case SessionEndedError():
            return ConnectionState.CONNECTING
        case _:
            return before


def no_answer(connection: str, lasts: timedelta) -> SnowflakeUnreachableError:
    """What is said of a connection while it is still waited for."""
    return SnowflakeUnreachableError(
        f"Snowflake has not answered for {lasts.total_seconds():.0f} s on connection {connection}",
        next_step="Check the network; it is tried again by itself.",
    )


async def run_all(coroutines: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all to their ends, and then raise one of their failures, if there are any."""
    results = await asyncio.gather(*coroutines, return_exceptions=True)
    failures = [result for result in results if isinstance(result, BaseException)]
    # Anything but a failure of the outside is a bug of ours, and more urgent.
    for failure in sorted(failures, key=lambda failure: isinstance(failure, FleetError)):
        raise failure
