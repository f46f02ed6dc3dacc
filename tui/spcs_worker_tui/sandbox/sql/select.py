"""SELECT and CALL: system functions, service methods, table functions, the event table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.results import unsupported
from spcs_worker_tui.sandbox.sql.ast import (
    Call,
    Literal,
    Name,
    PropertyValue,
    Select,
    SelectFromResult,
    SelectFromService,
    SelectFromTable,
    SelectItem,
)
from spcs_worker_tui.sandbox.sql.tokens import TokenKind

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.sql.stream import TokenStream

_WITHOUT_PARENTHESES = frozenset(
    {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIMESTAMP"}
)
_OPERATORS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_CASTS = frozenset({"TO_TIMESTAMP", "TO_TIMESTAMP_LTZ", "TO_TIMESTAMP_NTZ", "TO_TIMESTAMP_TZ"})
"""Functions that leave a timestamp literal what it is."""


def call(stream: TokenStream) -> Call:
    """What follows the word CALL: `f(args)` or `service!METHOD(args)`."""
    found = _function(stream, stream.name())
    if stream.accept_symbol("::") or stream.accept("INTO"):
        raise unsupported("CALL INTO")
    return found


def with_query(_stream: TokenStream) -> Select:
    """WITH is understood and not offered."""
    raise unsupported("WITH")


def select(stream: TokenStream) -> Select | SelectFromService | SelectFromResult | SelectFromTable:
    """What follows the word SELECT."""
    if stream.at("DISTINCT"):
        raise unsupported("SELECT DISTINCT")
    if stream.accept_symbol("*"):
        stream.expect("FROM")
        return _from(stream, ())
    items = [_item(stream)]
    while stream.accept_symbol(","):
        items.append(_item(stream))
    if stream.accept("FROM"):
        return _from(stream, tuple(_as_column(item) for item in items))
    for item in items:
        _as_value(stream, item)
    return Select(tuple(item.item for item in items))


class _Parsed:
    """A SELECT item before it is known whether a FROM follows."""

    def __init__(self, item: SelectItem, column: str | None) -> None:
        self.item = item
        self.column = column


def _as_column(parsed: _Parsed) -> str:
    if parsed.column is None:
        raise unsupported("expressions in SELECT … FROM")
    return parsed.column


def _as_value(stream: TokenStream, parsed: _Parsed) -> None:
    if parsed.column is not None:
        # A column, but nothing to take it from: the statement ends where FROM should be.
        raise stream.fail()


def _item(stream: TokenStream) -> _Parsed:
    start = stream.token
    if stream.at_literal():
        value: Literal = stream.literal()
        heading = stream.text_since(start)
        return _Parsed(SelectItem(_alias(stream) or heading, literal=value), None)
    name = stream.name()
    if stream.at_symbol("(") or stream.at_symbol("!"):
        function = _function(stream, name)
        heading = stream.text_since(start)
        return _Parsed(SelectItem(_alias(stream) or heading, call=function), None)
    if len(name.parts) == 1 and name.last in _WITHOUT_PARENTHESES and not name.quoted[0]:
        alias = _alias(stream)
        return _Parsed(SelectItem(alias or name.last, call=Call(name.last)), None)
    column = name.last + _path(stream)
    alias = _alias(stream)
    if alias is not None and alias != column:
        raise unsupported("column aliases in SELECT … FROM")
    return _Parsed(SelectItem(column), column)


def _alias(stream: TokenStream) -> str | None:
    if stream.accept("AS"):
        return stream.plain_name().last
    if stream.at_name():
        return stream.plain_name().last
    return None


def _path(stream: TokenStream) -> str:
    """`:key` or `['key']` after a column of type object; a cast to text changes nothing here."""
    path = ""
    while True:
        if stream.accept_symbol(":"):
            path += ":" + stream.advance().value
        elif stream.accept_symbol("["):
            path += ":" + stream.string()
            stream.expect_symbol("]")
        elif stream.accept_symbol("::"):
            stream.plain_name()
        else:
            return path


def _from(
    stream: TokenStream, columns: tuple[str, ...]
) -> SelectFromService | SelectFromResult | SelectFromTable:
    if stream.at("TABLE") and stream.at_symbol("(", 1):
        stream.advance()
        stream.advance()
        function = _function(stream, stream.name())
        stream.expect_symbol(")")
        if function.function == "RESULT_SCAN" and function.service is None:
            return SelectFromResult(_query_id(stream, function), columns)
        if stream.at("WHERE") or stream.at("ORDER"):
            raise unsupported("WHERE and ORDER BY on a table function")
        return SelectFromService(function, columns, _limit(stream))
    if stream.at_symbol("("):
        raise unsupported("SUBQUERY")
    table = stream.name()
    where: list[tuple[str, str, Literal]] = []
    if stream.accept("WHERE"):
        where.append(_condition(stream))
        while stream.accept("AND"):
            where.append(_condition(stream))
    return SelectFromTable(table, columns, tuple(where), _order(stream), _limit(stream))


def _query_id(stream: TokenStream, function: Call) -> str | None:
    """The argument of RESULT_SCAN; None for LAST_QUERY_ID()."""
    if len(function.args) != 1 or function.named:
        raise stream.fail()
    argument = function.args[0]
    if isinstance(argument, Name) and argument.last == "LAST_QUERY_ID()":
        return None
    if not isinstance(argument, str):
        raise stream.fail()
    return argument


def _condition(stream: TokenStream) -> tuple[str, str, Literal]:
    opened = stream.accept_symbol("(")
    column = stream.name().last + _path(stream)
    operator = next((found for found in _OPERATORS if stream.accept_symbol(found)), None)
    if operator is None:
        if not (stream.at("LIKE") or stream.at("ILIKE")):
            raise stream.fail()
        operator = stream.advance().upper
    value = _argument(stream)
    if isinstance(value, (Name, tuple, Mapping)):
        raise unsupported("comparison of two columns")
    if opened:
        stream.expect_symbol(")")
    return column, operator, value


def _order(stream: TokenStream) -> tuple[tuple[str, bool], ...]:
    """`(column, descending)` for each."""
    if not stream.accept("ORDER BY"):
        return ()
    keys: list[tuple[str, bool]] = []
    while True:
        column = stream.name().last + _path(stream)
        descending = stream.accept("DESC")
        if not descending:
            stream.accept("ASC")
        keys.append((column, descending))
        if not stream.accept_symbol(","):
            return tuple(keys)


def _limit(stream: TokenStream) -> int | None:
    return stream.integer() if stream.accept("LIMIT") else None


def _function(stream: TokenStream, name: Name) -> Call:
    """`(args)` or `!METHOD(args)` after a name."""
    service = None
    function = ".".join(name.parts)
    if stream.accept_symbol("!"):
        service = name
        function = stream.plain_name().last
    args, named = _arguments(stream)
    return Call(function, args, named, service)


def _arguments(stream: TokenStream) -> tuple[tuple[PropertyValue, ...], dict[str, PropertyValue]]:
    args: list[PropertyValue] = []
    named: dict[str, PropertyValue] = {}
    stream.expect_symbol("(")
    while not stream.at_symbol(")"):
        if stream.token.kind is TokenKind.WORD and stream.at_symbol("=>", 1):
            key = stream.advance().upper
            stream.advance()
            named[key] = _argument(stream)
        elif named:
            raise stream.fail()
        else:
            args.append(_argument(stream))
        if not stream.accept_symbol(","):
            break
        if stream.at_symbol(")"):
            raise stream.fail()
    stream.expect_symbol(")")
    return tuple(args), named


def _argument(stream: TokenStream) -> PropertyValue:
    """A literal, perhaps cast; or a function that only names its literal's type."""
    if stream.at_name() and stream.at_symbol("(", 1) and stream.token.upper != "IDENTIFIER":
        function = stream.advance().upper
        if function in _CASTS:
            stream.expect_symbol("(")
            value: PropertyValue = stream.literal()
            stream.expect_symbol(")")
        elif function == "LAST_QUERY_ID":
            stream.expect_symbol("(")
            stream.expect_symbol(")")
            value = Name(("LAST_QUERY_ID()",), (False,))
        else:
            raise unsupported(f"{function} as an argument")
    else:
        value = stream.value()
    while stream.accept_symbol("::"):
        stream.plain_name()
    return value
