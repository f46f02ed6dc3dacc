"""The session of a saved connection, and how often each was asked for its services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.fleet import ServiceSnapshot

ASKED: Counter[str] = Counter()
"""By connection: how many refreshes there were."""
UNDER_WAY: Counter[str] = Counter()
"""By connection: statements that wait for their answers."""


class CountedSession(ConnectorSession):
    """Notes it."""

    async def show_services(self) -> tuple[ServiceSnapshot, ...]:
        ASKED[self.name] += 1
        return await super().show_services()

    async def _called_once(self, function: str, *arguments: str) -> Any:
        UNDER_WAY[self.name] += 1
        try:
            return await super()._called_once(function, *arguments)
        finally:
            UNDER_WAY[self.name] -= 1


@contextmanager
def counted_sessions() -> Iterator[None]:
    """Consoles that are opened meanwhile have such sessions."""
    with patch("spcs_worker_tui.wiring.accounts.ConnectorSession", CountedSession):
        yield
