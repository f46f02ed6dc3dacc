"""Why a log cannot be read, in one sentence with the server's words."""

from __future__ import annotations

from spcs_worker_tui.domain.errors import (
    FleetError,
    NotVisibleError,
    PrivilegeError,
    StatementRefusedError,
)


def explain(error: FleetError) -> str:
    """What to show in the place of lines."""
    if isinstance(error, PrivilegeError):
        return f"No log: this role lacks MONITOR on the service. {error}"
    if isinstance(error, NotVisibleError):
        return f"No log: {error}"
    if isinstance(error, StatementRefusedError):
        # The codes for "not started" and "no such run" are not documented (contract 1.5).
        return f"No log yet: {error}"
    return f"No answer, trying again: {error}"
