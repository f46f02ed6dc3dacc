"""The worker's own lines, in the shape of Prefect's, before Prefect is imported and after."""

from __future__ import annotations

import logging
import sys

DATE_FORMAT = "%Y-%m-%dT%H:%M:%S"
_LINE = "%(asctime)s.%(msecs)03d | %(levelname)-7s | %(name)s - %(message)s"

logger = logging.getLogger("spcs_worker")


def configure(level: str) -> None:
    """Write to standard error, where Prefect writes too, with dates (prefect-contract 4.5)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_LINE, DATE_FORMAT))
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    # Prefect gives the root logger a handler of its own: every line would come twice.
    logger.propagate = False
