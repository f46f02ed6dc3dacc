"""What applies plans, and what may not be applied."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.audit import AuditFile
from spcs_worker_tui.domain.read_only import ReadOnly
from spcs_worker_tui.operations.apply import Engine

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import AuditLog, Clock, SnowflakeSession

READ_ONLY = "SPCS_WORKER_TUI_READ_ONLY"
"""Set to 1, nothing is changed; set to names of connections, nothing through those."""


def audit_log() -> AuditLog:
    """Where every applied step is written down."""
    return AuditFile()


def engine_of(
    clock: Clock, sessions: Callable[[str], SnowflakeSession], *, read_only: bool
) -> Engine:
    """What applies plans; `read_only`: nothing may be."""
    return Engine(clock, audit_log(), sessions, read_only_by(os.environ, everything=read_only))


def read_only_by(environ: Mapping[str, str], *, everything: bool = False) -> ReadOnly:
    """What may not be changed.

    Args:
        environ: `SPCS_WORKER_TUI_READ_ONLY` in it is `1` for everything, or names connections,
            separated by commas.
        everything: Nothing may be.
    """
    said = [word.strip() for word in environ.get(READ_ONLY, "").split(",")]
    everything = everything or any(word.casefold() in ("1", "true", "yes", "on") for word in said)
    return ReadOnly(everything, frozenset(filter(None, said)))
