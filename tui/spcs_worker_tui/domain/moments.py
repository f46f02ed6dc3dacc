"""Moments that others tell."""

from __future__ import annotations

from datetime import UTC, datetime

_FIRST, _LAST = 1900, 9000
"""Years. What lies beyond is nobody's clock, and nothing can be added to it or taken off."""


def in_utc(moment: datetime) -> datetime | None:
    """An aware moment in UTC; None where it is one that no clock can have shown."""
    try:
        found = moment.astimezone(UTC)
    except OverflowError:  # before the year 1, or after 9999
        return None
    return found if _FIRST <= found.year <= _LAST else None
