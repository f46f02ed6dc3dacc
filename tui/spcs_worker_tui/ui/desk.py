"""What all screens share and none of them changes: the moment, the signs, the memories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from spcs_worker_tui.ui.columns import Glance
from spcs_worker_tui.ui.format import UNICODE, Glyphs
from spcs_worker_tui.ui.history import History
from spcs_worker_tui.ui.log_lines import LogStyle
from spcs_worker_tui.ui.log_store import LogStore
from spcs_worker_tui.ui.rows import ConnectionKey, ConnectionRow, Row, RowKey, ServiceRow
from spcs_worker_tui.ui.workers_lines import Beats

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.verdict import JudgedFleet


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to every screen when it is made.

    `now` is our own clock, aware and in UTC; `zone` is the reader's, None for the machine's own.
    """

    now: Callable[[], datetime]
    zone: tzinfo | None = None
    glyphs: Glyphs = UNICODE
    log: LogStore = field(default_factory=LogStore)
    history: History = field(default_factory=History)

    def glance(self) -> Glance:
        """For the cells of the fleet table."""
        return Glance(self.now(), self.glyphs)

    def beats(self) -> Beats:
        """For the workers pane."""
        return Beats(self.now(), self.glyphs, self.history.intervals)

    def log_style(self, timestamps: str) -> LogStyle:
        """For log views; what `timestamps` may be, `LogStyle` says."""
        return LogStyle(self.glyphs, self.zone, timestamps, self.log.place)


def find_row(judged: JudgedFleet | None, key: RowKey | None) -> Row | None:
    """The row of that key in that picture, or None when it is not there (any more)."""
    if judged is None or key is None:
        return None
    snapshot = judged.snapshot
    if isinstance(key, ConnectionKey):
        connection = snapshot.connection(key.name)
        return ConnectionRow(connection) if connection else None
    return find_service(judged, key)


def find_service(judged: JudgedFleet, key: ServiceKey) -> ServiceRow | None:
    """The service of that key, with its connection, verdict and work pool."""
    connection = judged.snapshot.connection(key.connection)
    service = judged.snapshot.service(key)
    if connection is None or service is None:
        return None
    pool = judged.snapshot.work_pool(service)
    return ServiceRow(service, connection, judged.verdict(key), pool)
