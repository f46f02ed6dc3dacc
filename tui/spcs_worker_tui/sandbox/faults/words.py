"""The names of all faults, for the command line; imports nothing that takes time."""

from __future__ import annotations

from typing import Final

from spcs_worker_tui.sandbox.faults.model import Kind, On

KINDS: Final = tuple(map(str, Kind))
ON: Final = tuple(map(str, On))

FOREMAN: Final = "foreman-stopped"
"""The service of Prefect's that calls workers OFFLINE and pools NOT_READY does not run."""

PREFECT_KINDS: Final = (
    "refuse",
    "hang",
    "401",
    "429",
    "500",
    "html",
    "garbage",
    "no-json",
    "slow",
    "clock",
    FOREMAN,
)
HARMS: Final = ("kill", "oom", "freeze", "loop", "bad-image")
