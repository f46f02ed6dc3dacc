"""What the parts of one account's reconciler share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Service
    from spcs_worker_tui.sandbox.clock import Agenda, Clock
    from spcs_worker_tui.sandbox.reconciler.addresses import LoopbackAddresses
    from spcs_worker_tui.sandbox.reconciler.delays import Delays
    from spcs_worker_tui.sandbox.reconciler.logs import LogStore
    from spcs_worker_tui.sandbox.runtimes.base import Runtimes


@dataclass(frozen=True, slots=True)
class Shared:
    """Made once by the `Reconciler`.

    `changed` says that something of that service is not as it was; its controller looks at it
    again soon.
    """

    account: Account
    clock: Clock
    agenda: Agenda
    delays: Delays
    runtimes: Runtimes
    logs: LogStore
    addresses: LoopbackAddresses
    snowflake_host: str
    changed: Callable[[Service], None]

    @property
    def now(self) -> datetime:
        """The sandbox's time."""
        return self.clock.now()
