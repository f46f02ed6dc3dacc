"""Tables made of fields: the one place where a column and what fills it stand together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from spcs_worker_tui.sandbox.results import Column, Kind, Table, Value

T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Field(Generic[T_contra]):
    """A column of a listing, and how an object fills it."""

    name: str
    kind: Kind
    read: Callable[[T_contra], Value]


def text(name: str, read: Callable[[T_contra], Value]) -> Field[T_contra]:
    """A column of text."""
    return Field(name, Kind.TEXT, read)


def number(name: str, read: Callable[[T_contra], Value]) -> Field[T_contra]:
    """A column of whole numbers."""
    return Field(name, Kind.FIXED, read)


def flag(name: str, read: Callable[[T_contra], Value]) -> Field[T_contra]:
    """A column of booleans (their wire type is unverified: contract 10.4)."""
    return Field(name, Kind.BOOLEAN, read)


def moment(name: str, read: Callable[[T_contra], Value]) -> Field[T_contra]:
    """A column of moments, shown in the session's time zone."""
    return Field(name, Kind.TIMESTAMP_LTZ, read)


def constant(name: str, value: Value = None) -> Field[object]:
    """A column of text that is the same in every row."""
    return Field(name, Kind.TEXT, lambda _: value)


def tabulate(fields: Sequence[Field[T_contra]], objects: Iterable[T_contra]) -> Table:
    """One row per object."""
    return Table(
        tuple(Column(field.name, field.kind) for field in fields),
        [tuple(field.read(item) for field in fields) for item in objects],
    )


def utc_text(value: datetime | None) -> str | None:
    """`2025-04-25T06:01:32Z`, as instance and container rows write a moment (contract 1.3)."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
