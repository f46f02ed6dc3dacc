"""What statements need of the machinery that makes the desired state true."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Service
    from spcs_worker_tui.sandbox.clock import Clock


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line that a container wrote."""

    timestamp_ns: int
    instance_id: int
    container: str
    text: str


class Platform(Protocol):
    """The reconciler and its logs, as the executor sees them."""

    clock: Clock

    def wake(self) -> None:
        """The desired state has changed: reconcile now."""

    async def reached(
        self, service: Service, statuses: Collection[str], within: float | None
    ) -> bool:
        """Wait until `service.status` is one of these; False after `within` seconds."""

    def read_log(
        self,
        service: Service,
        instance_id: int,
        container: str,
        *,
        lines: int | None = None,
        previous: bool = False,
        since: datetime | None = None,
        timestamps: bool = False,
    ) -> str:
        """The text that SYSTEM$GET_SERVICE_LOGS returns: newest lines, at most 100 KB.

        Raises:
            SqlError: The container has not started, is unknown, or has no previous life.
        """

    def log_records(self, service: Service, start: datetime, end: datetime) -> Sequence[LogRecord]:
        """Everything recorded between the two, oldest first, for SPCS_GET_LOGS."""
