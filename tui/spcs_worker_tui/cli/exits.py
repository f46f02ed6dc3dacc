"""How the program ends."""

from __future__ import annotations

from enum import IntEnum

from spcs_worker_tui.domain.verdict import Health

AFTER_SIGNAL = 128
"""Added to a signal's number, as shells count."""


class Exit(IntEnum):
    """Exit statuses: the convention of monitoring plugins, and clear of it what is our own."""

    HEALTHY = 0
    DEGRADED = 1
    BROKEN = 2
    UNKNOWN = 3
    """Something could not be seen: a connection, a service, an answer."""
    USAGE = 64
    """The command line or a settings file is wrong (EX_USAGE of sysexits.h)."""
    INTERNAL = 70
    """A defect of this program (EX_SOFTWARE)."""
    INTERRUPTED = 130
    """Ctrl-C, as shells count it: 128 and the signal."""


_BY_HEALTH = {
    Health.HEALTHY: Exit.HEALTHY,
    Health.SUSPENDED: Exit.HEALTHY,
    Health.DEGRADED: Exit.DEGRADED,
    Health.BROKEN: Exit.BROKEN,
    Health.UNKNOWN: Exit.UNKNOWN,
}


def exit_of(health: Health) -> Exit:
    """The exit status of `--check`."""
    return _BY_HEALTH[health]
