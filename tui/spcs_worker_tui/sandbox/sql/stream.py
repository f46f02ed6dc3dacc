"""The parser's hold on the tokens, and the pieces that every statement is made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.ast import Literal, Name, PropertyValue, StagePath
from spcs_worker_tui.sandbox.sql.cursor import Cursor
from spcs_worker_tui.sandbox.sql.tokens import Token, TokenKind, syntax_error

# fmt: off
RESERVED = frozenset({
    "ALL", "ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CREATE", "DELETE",
    "DISTINCT", "DROP", "ELSE", "EXISTS", "FALSE", "FROM", "GRANT", "GROUP", "HAVING",
    "IN", "INSERT", "INTO", "IS", "LIKE", "LIMIT", "NOT", "NULL", "ON",
    "OR", "ORDER", "REVOKE", "SELECT", "SET", "TABLE", "THEN", "TO", "TRUE",
    "UNION", "UNSET", "UPDATE", "USING", "VALUES", "WHEN", "WHERE", "WITH",
})
# fmt: on
"""Words that no unquoted name may be."""

_CONSTANTS: Mapping[str, Literal] = {"TRUE": True, "FALSE": False, "NULL": None}
_STRINGS = frozenset({TokenKind.STRING, TokenKind.BODY})
_MAX_DIGITS = 38
"""Of Snowflake's longest whole numbers."""
MAX_DEPTH = 50
"""How deep parentheses may nest; far above any real statement, far below Python's own limit."""


class TokenStream(Cursor):
    """A cursor that also reads literals, names and the values of properties.

    Args:
        text: What the client sent.
        binds: Values for `?` in order, and for `:1`, `:2` …
    """

    def __init__(self, text: str, binds: Sequence[Literal] = ()) -> None:
        super().__init__(text)
        self._binds = binds
        self._next_bind = 0

    def string(self) -> str:
        """A string, a `$$` body or a bind that holds text."""
        if self.token.kind in _STRINGS:
            return self.advance().value
        if self.token.kind is TokenKind.BIND:
            at = self.token
            value = self._bind()
            if isinstance(value, str):
                return value
            raise syntax_error(at)
        raise self.fail()

    def integer(self) -> int:
        """A whole number, not negative."""
        at = self.token
        value = self.literal()
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise syntax_error(at)
        return value

    def at_literal(self) -> bool:
        """Whether a literal is in front."""
        token = self.token
        return (
            token.kind in _STRINGS
            or token.kind in (TokenKind.NUMBER, TokenKind.BIND)
            or token.upper in _CONSTANTS
            or (
                (self.at_symbol("-") or self.at_symbol("+"))
                and self.ahead().kind is TokenKind.NUMBER
            )
        )

    def literal(self) -> Literal:
        """A string, body, number, TRUE, FALSE, NULL or bind."""
        if not self.at_literal():
            raise self.fail()
        if self.token.kind is TokenKind.BIND:
            return self._bind()
        if self.token.upper in _CONSTANTS:
            return _CONSTANTS[self.advance().upper]
        if self.token.kind in _STRINGS:
            return self.advance().value
        sign = -1 if self.at_symbol("-") else 1
        if self.token.kind is TokenKind.SYMBOL:
            self.advance()
        return sign * _number(self.advance())

    def _bind(self) -> Literal:
        """`?` takes the next bind, `:n` the n-th; one that was not sent is an error."""
        token = self.advance()
        if token.value:
            # A longer number cannot be an index; int() refuses absurd lengths by itself.
            index = int(token.value[:9]) - 1
        else:
            index = self._next_bind
            self._next_bind += 1
        if not 0 <= index < len(self._binds):
            raise SqlError(
                "002049",
                "42601",
                f"SQL compilation error: error line {token.line} at position {token.pos}\n"
                f"Bind variable {token.text} not set.",
                line=token.line,
                pos=token.pos,
            )
        return self._binds[index]

    def at_name(self) -> bool:
        """Whether a name is in front: a word that is not reserved, or a quoted identifier."""
        token = self.token
        if token.kind is TokenKind.WORD:
            return token.upper not in RESERVED
        return token.kind is TokenKind.QUOTED

    def name(self) -> Name:
        """A possibly qualified name, or `IDENTIFIER('…')`, or `IDENTIFIER(?)`."""
        if self.token.upper == "IDENTIFIER" and self.at_symbol("(", 1):
            self.advance()
            self.advance()
            at = self.token
            found = self.plain_name() if self.at_name() else _name_in(self.string(), at)
            self.expect_symbol(")")
            return found
        return self.plain_name()

    def plain_name(self) -> Name:
        """A possibly qualified name as such, for the places where IDENTIFIER cannot be."""
        parts = [self._part()]
        while self.accept_symbol("."):
            # `db..name` leaves the schema to be PUBLIC.
            omitted = self.at_symbol(".") and len(parts) == 1
            parts.append(("PUBLIC", False, "PUBLIC") if omitted else self._part())
        return Name(
            tuple(part for part, _, _ in parts),
            tuple(quoted for _, quoted, _ in parts),
            tuple(written for _, _, written in parts),
        )

    def _part(self) -> tuple[str, bool, str]:
        """The folded name, whether it was quoted, and the name before folding."""
        if not self.at_name():
            raise self.fail()
        token = self.advance()
        quoted = token.kind is TokenKind.QUOTED
        return token.value, quoted, token.value if quoted else token.text

    def stage(self) -> StagePath:
        """`@stage/path`, also inside quotes as clients write it when the path holds spaces."""
        at = self.token
        if at.kind is TokenKind.STRING and at.value.startswith("@"):
            raw = self.advance().value[1:]
        else:
            raw = self.take(TokenKind.STAGE).value
        name, _, path = _split_outside_quotes(raw)
        return StagePath(_name_in(name, at), path.strip("/"))

    def value(self, depth: int = 0) -> PropertyValue:
        """What may stand after `=`: a literal, a name, `(a, b)` or `(k = v …)`."""
        if depth > MAX_DEPTH:
            raise self.fail()
        if self.at_symbol("("):
            if self.ahead().kind in (TokenKind.WORD, TokenKind.QUOTED) and self.at_symbol("=", 2):
                return self._mapping(depth)
            return self._sequence(depth)
        if self.at_literal():
            return self.literal()
        if self.token.upper in ("ALL", "NONE"):
            return Name((self.advance().upper,), (False,))
        return self.name()

    def _sequence(self, depth: int) -> tuple[PropertyValue, ...]:
        self.expect_symbol("(")
        values: list[PropertyValue] = []
        while not self.at_symbol(")"):
            values.append(self.value(depth + 1))
            if not self.accept_symbol(","):
                break
            if self.at_symbol(")"):
                raise self.fail()
        self.expect_symbol(")")
        return tuple(values)

    def _mapping(self, depth: int) -> dict[str, PropertyValue]:
        self.expect_symbol("(")
        values: dict[str, PropertyValue] = {}
        while not self.at_symbol(")"):
            key = self.advance().value if self.at_name() else self.take(TokenKind.WORD).value
            self.expect_symbol("=")
            values[key] = self.value(depth + 1)
            self.accept_symbol(",")
        self.expect_symbol(")")
        return values

    def properties(self, known: Collection[str]) -> dict[str, PropertyValue]:
        """`KEY = value …`, as far as it goes.

        Raises:
            SqlError: 001003 at a key that is not `known` or was given before, and at whatever
                stands where a known key's equals sign belongs.
        """
        found: dict[str, PropertyValue] = {}
        while self.token.kind is TokenKind.WORD:
            key = self.token.upper
            if not self.at_symbol("=", 1):
                if key in known:
                    raise syntax_error(self.ahead())
                break
            if key not in known or key in found:
                raise self.fail()
            self.advance()
            self.advance()
            found[key] = self.value()
        return found

    def comma_separated_keys(self, known: Collection[str]) -> tuple[str, ...]:
        """`KEY, KEY`; 001003 at one that is not known."""
        keys: list[str] = []
        while True:
            if self.token.upper not in known:
                raise self.fail()
            keys.append(self.advance().upper)
            if not self.accept_symbol(","):
                return tuple(keys)


def _number(token: Token) -> int | float:
    if token.text.isdigit():
        if len(token.text) > _MAX_DIGITS:
            raise syntax_error(token)
        return int(token.text)
    return float(token.text)


def _name_in(text: str, at: Token) -> Name:
    """The name that a string spells, for IDENTIFIER and stage paths."""
    try:
        inner = TokenStream(text)
        found = inner.plain_name()
    except SqlError:
        raise syntax_error(at) from None
    if inner.token.kind is not TokenKind.END:
        raise syntax_error(at)
    return found


def _split_outside_quotes(raw: str) -> tuple[str, str, str]:
    """Cut a stage path at the first slash that is not inside double quotes."""
    quoted = False
    for index, char in enumerate(raw):
        if char == '"':
            quoted = not quoted
        elif char == "/" and not quoted:
            return raw[:index], "/", raw[index + 1 :]
    return raw, "", ""
