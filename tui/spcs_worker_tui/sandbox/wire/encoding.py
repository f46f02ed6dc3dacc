"""Tables to `rowtype` and `rowset` (contract 6.4, 6.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from spcs_worker_tui.sandbox.results import Column, Kind, Table, Value

_TEXT_LENGTH = 16_777_216
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCALES = {Kind.TIMESTAMP_LTZ: 3, Kind.TIMESTAMP_NTZ: 9}
"""Digits after the second: SHOW has milliseconds, event tables nanoseconds."""


def rowtype(columns: Table) -> list[dict[str, Any]]:
    """What the answer says about each column."""
    return [_column(column) for column in columns.columns]


def _column(column: Column) -> dict[str, Any]:
    is_text = column.kind is Kind.TEXT
    is_number = column.kind is Kind.FIXED
    return {
        "name": column.name,
        "type": column.kind.value,
        "nullable": column.nullable,
        "length": _TEXT_LENGTH if is_text else None,
        "byteLength": _TEXT_LENGTH if is_text else None,
        "precision": 38 if is_number else (0 if column.kind in _SCALES else None),
        "scale": 0 if is_number else _SCALES.get(column.kind),
        "database": "",
        "schema": "",
        "table": "",
        "collation": None,
    }


def rowset(table: Table) -> list[list[str | None]]:
    """The cells as text.

    Raises:
        TypeError: A cell does not hold what its column says; a defect of the sandbox.
    """
    kinds = [column.kind for column in table.columns]
    return [
        [cell(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in table.rows
    ]


def cell(kind: Kind, value: Value) -> str | None:
    """One cell: a string, or None for NULL."""
    if value is None:
        return None
    if kind in _SCALES:
        if not isinstance(value, datetime):
            raise TypeError(f"{value!r} is no time")
        return _timestamp(value, _SCALES[kind])
    if isinstance(value, datetime):
        raise TypeError(f"a time in a column of type {kind}")
    if kind is Kind.BOOLEAN:
        # Connector 4.x reads "true" as False.
        return "1" if value is True or value in (1, "true") else "0"
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind is Kind.REAL:
        return repr(float(value))
    return str(value)


def _timestamp(value: datetime, scale: int) -> str:
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    microseconds = (value - _EPOCH) // timedelta(microseconds=1)
    # Before 1970 the whole number is negative, fraction and all: -1.75, not -2 and 0.25.
    sign = "-" if microseconds < 0 else ""
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    return f"{sign}{seconds}.{f'{fraction:06d}'[:scale].ljust(scale, '0')}"
