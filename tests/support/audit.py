"""An audit log that a test can read."""

from __future__ import annotations

from collections.abc import Sequence

from spcs_worker_tui.domain.audit import AuditEntry


class MemoryAudit:
    """Implements the port `AuditLog`; `trouble` is answered to every entry."""

    def __init__(self, trouble: str = "") -> None:
        self.kept: list[AuditEntry] = []
        self.trouble = trouble

    def record(self, entry: AuditEntry) -> str:
        self.kept.append(entry)
        return self.trouble

    def entries(self) -> Sequence[AuditEntry]:
        return tuple(self.kept)
