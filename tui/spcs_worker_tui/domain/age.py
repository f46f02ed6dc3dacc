"""Spans of time in words, everywhere the same."""

from __future__ import annotations

from datetime import timedelta

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def humanise(span: timedelta | None) -> str:
    """The span in at most two units: `8 s`, `2 min 5 s`, `3 h 20 min`, `4 d 2 h`.

    Seconds are left out from 10 minutes on; what is negative reads `0 s`; None reads `ever`, as
    in "nothing was seen for ever".
    """
    if span is None:
        return "ever"
    seconds = max(0, round(span.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < 10 * _MINUTE:
        return _two(seconds, _MINUTE, "min", 1, "s")
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return _two(seconds, _HOUR, "h", _MINUTE, "min")
    return _two(seconds, _DAY, "d", _HOUR, "h")


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(seconds, large)
    rest //= small
    return f"{whole} {large_name} {rest} {small_name}" if rest else f"{whole} {large_name}"
