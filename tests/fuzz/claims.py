"""What every target claims, besides that nothing but its own refusals is ever raised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from spcs_worker_tui.domain.errors import ConfigurationError, FleetError
from spcs_worker_tui.domain.text import printable

_UNSHOWN = frozenset({"source", "value", "tree"})
"""Fields that are kept as they came, to be sent again; what is shown of them is cleaned then."""


def decoded(data: bytes) -> str:
    """Text in which anything may be, lone surrogates as well."""
    return data.decode("utf-8", "surrogateescape")


def fits(error: FleetError) -> None:
    """An error is one clean sentence, with a clean next step."""
    said = [str(error), error.next_step]
    said += error.others if isinstance(error, ConfigurationError) else ()
    assert str(error), type(error)
    for text in said:
        assert printable(text) == text, text


def is_clean(value: Any) -> None:
    """No text in it holds a control sequence; every moment has a time zone."""
    for one in _leaves(value):
        if isinstance(one, str):
            assert printable(one) == one, one
        elif isinstance(one, datetime):
            assert one.utcoffset() is not None


def _leaves(value: Any) -> Iterator[Any]:
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.repr and field.name not in _UNSHOWN:
                yield from _leaves(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(key)
            yield from _leaves(item)
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
