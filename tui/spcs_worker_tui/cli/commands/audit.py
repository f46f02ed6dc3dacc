"""`audit`: what was changed, when and by whom."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.cli.parser import add_command

if TYPE_CHECKING:
    from spcs_worker_tui.cli.parser import Commands

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def add(commands: Commands) -> None:
    """Add the parser."""
    audit = add_command(commands, "audit", "what was changed from here, and by whom", _run)
    audit.add_argument("--json", action="store_true", help="one JSON object a line")
    audit.add_argument(
        "--service", action="append", default=[], metavar="PATTERN", help="as in --check"
    )
    audit.add_argument(
        "--limit", type=_count, default=50, metavar="N", help="the newest so many (default 50)"
    )
    audit.add_argument(
        "--since", type=_moment, metavar="WHEN", help="30m, 12h, 7d, or a date such as 2026-11-23"
    )


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ArgumentTypeError(f"{text} is not a number, 1 or more")
    return value


def _moment(text: str) -> datetime:
    """A span before now, or a date with or without a time, local unless it names a zone."""
    unit = _UNITS.get(text[-1:])
    try:
        if unit and text[:-1].isdecimal():
            return datetime.now(UTC) - timedelta(**{unit: int(text[:-1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(
            f"{text} is neither a span such as 30m, 12h or 7d nor a date such as 2026-11-23"
        ) from None


def _run(options: Namespace) -> int:
    from spcs_worker_tui.cli.audit import run_audit  # noqa: PLC0415 - when it is asked for

    return run_audit(options)
