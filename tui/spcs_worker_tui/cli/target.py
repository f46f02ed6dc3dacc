"""The one service that a command is about."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.console import complain
from spcs_worker_tui.domain.errors import ConfigurationError, FleetError
from spcs_worker_tui.operations.choose import choose

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey, ServiceSnapshot
    from spcs_worker_tui.domain.ports import SnowflakeSession
    from spcs_worker_tui.wiring.look import Looks


async def find_service(looks: Looks, pattern: str) -> ServiceKey:
    """Ask the connections that the pattern allows which services they show, and choose.

    Raises:
        ConfigurationError: None or several are meant.
        FleetError: No connection answered.
    """
    name = pattern.rpartition(":")[0].casefold()
    sessions = [s for s in looks.sessions if s.name.casefold() == name] or list(looks.sessions)
    answers = await asyncio.gather(*(_services(session) for session in sessions))
    keys = [service.key for answer in answers if isinstance(answer, tuple) for service in answer]
    errors = [answer for answer in answers if isinstance(answer, FleetError)]
    try:
        key = choose(pattern, keys)
    except ConfigurationError:
        if len(errors) == len(sessions) == 1:
            raise errors[0] from None
        for error in errors:
            complain(error)
        if errors and not keys:
            raise FleetError("no connection answered") from None
        raise
    return key


async def _services(session: SnowflakeSession) -> tuple[ServiceSnapshot, ...] | FleetError:
    try:
        await session.open()
        return await session.show_services()
    except FleetError as error:
        return error
