"""Rows of SHOW SERVICES, each read only when it is not what it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.snowflake import rows

if TYPE_CHECKING:
    from datetime import datetime

    from spcs_worker_tui.adapters.snowflake.rows import Row
    from spcs_worker_tui.domain.fleet import ServiceSnapshot


class ServiceRows:
    """Of one connection. Comparing a row takes a thirtieth of what reading it takes.

    Args:
        connection: Its name.
    """

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._read: dict[tuple[object, ...], tuple[Row, ServiceSnapshot]] = {}

    def read(self, answer: Iterable[Row], now: datetime) -> tuple[ServiceSnapshot, ...]:
        """The services of these rows; `observed_at` is when each was first shown like this."""
        before, self._read = self._read, {}
        services = []
        for row in answer:
            name = (row.get("database_name"), row.get("schema_name"), row.get("name"))
            known = before.get(name)
            if known is None or known[0] != row:
                known = row, rows.service(row, self._connection, now)
            self._read[name] = known
            services.append(known[1])
        return tuple(services)
