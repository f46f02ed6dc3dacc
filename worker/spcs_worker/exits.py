"""Why the worker ended, as its exit status. `run.py` has the table in words."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """From 64 up these are the statuses of `sysexits.h`."""

    OK = 0
    FAILED = 1
    INTERRUPTED = 3
    LOST = 4
    POOL_MISSING = 66
    UNAVAILABLE = 69
    PORT_TAKEN = 71
    NOT_PREFECT = 76
    REFUSED = 77
    CONFIG = 78


class WorkerStopped(Exception):  # noqa: N818 - an ending with a reason, not always an error
    """The worker cannot go on; `str()` is one clear sentence that holds no secret.

    Args:
        message: What is wrong, and what to do about it.
        status: What the process exits with.
    """

    def __init__(self, message: str, status: ExitStatus) -> None:
        super().__init__(message)
        self.status = status
