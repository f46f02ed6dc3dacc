"""Every check there is, in the order of docs/troubleshooting.md."""

from __future__ import annotations

from spcs_worker_tui.domain import doctor_connections
from spcs_worker_tui.domain.doctor import Area, Check

_ALL = (*doctor_connections.CHECKS,)

CHECKS: tuple[Check, ...] = tuple(check for area in Area for check in _ALL if check.area is area)
