"""Values of properties as statements give them, read as the type that the property has."""

from __future__ import annotations

from collections.abc import Collection

from spcs_worker_tui.sandbox.catalogue.refusals import invalid_value
from spcs_worker_tui.sandbox.sql.ast import Name, PropertyValue

_MAX_INTEGER = 2**31 - 1


def whole_number(
    parameter: str, value: PropertyValue, minimum: int, maximum: int = _MAX_INTEGER
) -> int:
    """A whole number in a range.

    Raises:
        SqlError: 001008.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise invalid_value(parameter, value)
    return value


def truth(parameter: str, value: PropertyValue) -> bool:
    """TRUE or FALSE.

    Raises:
        SqlError: 001008.
    """
    if not isinstance(value, bool):
        raise invalid_value(parameter, value)
    return value


def string(parameter: str, value: PropertyValue) -> str:
    """A string.

    Raises:
        SqlError: 001008; a value that is no string is not repeated in it.
    """
    if not isinstance(value, str):
        raise invalid_value(parameter, "…")
    return value


def comment(value: PropertyValue) -> str | None:
    """A comment; NULL clears it.

    Raises:
        SqlError: 001008.
    """
    return None if value is None else string("COMMENT", value)


def word(parameter: str, value: PropertyValue, allowed: Collection[str]) -> str:
    """One of these words, as a name or in quotes, in any case; the result is upper-case.

    Raises:
        SqlError: 001008.
    """
    text = str(value) if isinstance(value, (str, Name)) else ""
    if text.upper() not in allowed:
        raise invalid_value(parameter, text or value)
    return text.upper()


def object_name(parameter: str, value: PropertyValue) -> Name:
    """The name of an object; in quotes it is folded like one without.

    Raises:
        SqlError: 001008.
    """
    if isinstance(value, Name):
        return value
    text = string(parameter, value)
    if not text:
        raise invalid_value(parameter, text)
    return Name(tuple(part.upper() for part in text.split(".")))


def items(parameter: str, value: PropertyValue) -> tuple[PropertyValue, ...]:
    """A parenthesised list.

    Raises:
        SqlError: 001008.
    """
    if not isinstance(value, tuple):
        raise invalid_value(parameter, value)
    return value
