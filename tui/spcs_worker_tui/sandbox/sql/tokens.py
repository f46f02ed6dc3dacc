"""Statement text into tokens, each knowing where it stands (contract 1.0)."""

from __future__ import annotations

import string
from dataclasses import dataclass
from enum import StrEnum

from spcs_worker_tui.sandbox.results import SqlError


class TokenKind(StrEnum):
    """What a token is; the parser asks for kinds, never for characters."""

    WORD = "word"
    QUOTED = "quoted identifier"
    STRING = "string"
    BODY = "$$ body"
    NUMBER = "number"
    BIND = "bind"
    STAGE = "stage"
    FILE = "file"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token. `text` is as written, `value` what it means; `line` from 1, `pos` from 0."""

    kind: TokenKind
    text: str
    value: str
    line: int
    pos: int
    start: int
    end: int

    @property
    def upper(self) -> str:
        """The keyword that an unquoted word spells; empty for every other kind."""
        return self.text.upper() if self.kind is TokenKind.WORD else ""


def syntax_error(token: Token) -> SqlError:
    """001003, as Snowflake words it; the place is also in the error's `line` and `pos`."""
    shown = "<EOF>" if token.kind is TokenKind.END else token.text
    return SqlError(
        "001003",
        "42000",
        f"SQL compilation error:\nsyntax error line {token.line} at position {token.pos} "
        f"unexpected '{shown}'.",
        line=token.line,
        pos=token.pos,
    )


_WORD_START = frozenset(string.ascii_letters + "_")
_WORD = frozenset(string.ascii_letters + string.digits + "_$")
_DIGITS = frozenset(string.digits)
_TWO_CHARACTERS = ("=>", "::", "<=", ">=", "<>", "!=", "||")
_ONE_CHARACTER = frozenset("(),;.=*!<>+-:[]{}/%")
_STAGE_END = frozenset(" \t\r\n;,()'")
_SIMPLE_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_HEX_ESCAPES = {"x": 2, "u": 4}
_SURROGATES = range(0xD800, 0xE000)


def tokenize(text: str) -> list[Token]:
    """Cut `text` up; the last token is always of kind END.

    Raises:
        SqlError: 001003 at a character that starts nothing, or at a quote, body or comment that
            never ends.
    """
    return _Lexer(text).run()


class _Lexer:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._line_start = 0
        self._tokens: list[Token] = []

    def run(self) -> list[Token]:
        while self._skip_blank():
            self._next()
        self._emit(TokenKind.END, self._at, "")
        return self._tokens

    def _next(self) -> None:
        text, at = self._text, self._at
        char = text[at]
        if char in _WORD_START:
            self._word()
        elif char == "'":
            self._string()
        elif char == '"':
            self._quoted()
        elif text.startswith("$$", at):
            self._body()
        elif char in _DIGITS or (char == "." and text[at + 1 : at + 2] in _DIGITS):
            self._number()
        elif char == "@":
            self._stage()
        else:
            self._bind_or_symbol(char)

    def _bind_or_symbol(self, char: str) -> None:
        text, at = self._text, self._at
        if char == "?":
            self._emit(TokenKind.BIND, at + 1, "")
        elif char == ":" and text[at + 1 : at + 2] in _DIGITS:
            end = self._while(at + 1, _DIGITS)
            self._emit(TokenKind.BIND, end, text[at + 1 : end])
        elif text[at : at + 2] in _TWO_CHARACTERS:
            self._emit(TokenKind.SYMBOL, at + 2, text[at : at + 2])
        elif char in _ONE_CHARACTER:
            self._emit(TokenKind.SYMBOL, at + 1, char)
        else:
            raise syntax_error(self._token(TokenKind.SYMBOL, at + 1, char))

    def _skip_blank(self) -> bool:
        """Step over white space and comments; False at the end of the text."""
        text = self._text
        while self._at < len(text):
            if text[self._at].isspace():
                self._move(self._at + 1)
            elif text.startswith(("--", "//"), self._at):
                end = text.find("\n", self._at)
                self._move(len(text) if end < 0 else end)
            elif text.startswith("/*", self._at):
                self._move(self._find("*/", self._at + 2) + 2)
            else:
                return True
        return False

    def _word(self) -> None:
        text, at = self._text, self._at
        end = self._while(at, _WORD)
        if text[at:end].lower() == "file" and text.startswith("://", end):
            # The path of PUT is not quoted; `//` in it is no comment.
            while end < len(text) and not text[end].isspace() and text[end] != ";":
                end += 1
            self._emit(TokenKind.FILE, end, text[at:end])
        else:
            self._emit(TokenKind.WORD, end, text[at:end].upper())

    def _string(self) -> None:
        text = self._text
        at = self._at + 1
        value: list[str] = []
        while at < len(text):
            if text.startswith("''", at):
                value.append("'")
                at += 2
            elif text[at] == "'":
                self._emit(TokenKind.STRING, at + 1, "".join(value))
                return
            elif text[at] == "\\" and at + 1 < len(text):
                meaning, at = _escape(text, at + 1)
                value.append(meaning)
            else:
                value.append(text[at])
                at += 1
        raise self._never_ends()

    def _quoted(self) -> None:
        text = self._text
        at = self._at + 1
        while True:
            at = self._find('"', at)
            if not text.startswith('""', at):
                break
            at += 2
        value = text[self._at + 1 : at].replace('""', '"')
        if not value:
            raise syntax_error(self._token(TokenKind.QUOTED, at + 1, value))
        self._emit(TokenKind.QUOTED, at + 1, value)

    def _body(self) -> None:
        end = self._find("$$", self._at + 2)
        self._emit(TokenKind.BODY, end + 2, self._text[self._at + 2 : end])

    def _number(self) -> None:
        text = self._text
        end = self._while(self._at, _DIGITS)
        if text[end : end + 1] == ".":
            end = self._while(end + 1, _DIGITS)
        if text[end : end + 1] in {"e", "E"}:
            digits = end + 2 if text[end + 1 : end + 2] in {"+", "-"} else end + 1
            if text[digits : digits + 1] in _DIGITS:
                end = self._while(digits, _DIGITS)
        self._emit(TokenKind.NUMBER, end, text[self._at : end])

    def _stage(self) -> None:
        """`@[db.][schema.]stage[/path]`; quoted parts may hold anything."""
        text = self._text
        end = self._at + 1
        while end < len(text) and text[end] not in _STAGE_END:
            end = self._find('"', end + 1) + 1 if text[end] == '"' else end + 1
        self._emit(TokenKind.STAGE, end, text[self._at + 1 : end])

    def _while(self, at: int, allowed: frozenset[str]) -> int:
        while at < len(self._text) and self._text[at] in allowed:
            at += 1
        return at

    def _find(self, what: str, at: int) -> int:
        found = self._text.find(what, at)
        if found < 0:
            raise self._never_ends()
        return found

    def _never_ends(self) -> SqlError:
        first_line = self._text[self._at :].split("\n", 1)[0]
        end = self._at + max(1, len(first_line))
        return syntax_error(self._token(TokenKind.SYMBOL, end, first_line))

    def _token(self, kind: TokenKind, end: int, value: str) -> Token:
        text = self._text[self._at : end]
        pos = self._at - self._line_start
        return Token(kind, text, value, self._line, pos, self._at, end)

    def _emit(self, kind: TokenKind, end: int, value: str) -> None:
        self._tokens.append(self._token(kind, end, value))
        self._move(end)

    def _move(self, end: int) -> None:
        lines = self._text.count("\n", self._at, end)
        if lines:
            self._line += lines
            self._line_start = self._text.rfind("\n", self._at, end) + 1
        self._at = end


def _escape(text: str, at: int) -> tuple[str, int]:
    r"""What the characters after a backslash mean, and where the text goes on.

    Clients that substitute binds themselves write `\'` for a quote (contract 6.4). An escape that
    Snowflake does not know stands for the character itself.
    """
    char = text[at]
    width = _HEX_ESCAPES.get(char)
    if width is None:
        return _SIMPLE_ESCAPES.get(char, char), at + 1
    digits = text[at + 1 : at + 1 + width]
    if len(digits) == width and all(digit in string.hexdigits for digit in digits):
        code = int(digits, 16)
        # Half of a surrogate pair is no character and could not be encoded in an answer.
        meaning = "\N{REPLACEMENT CHARACTER}" if code in _SURROGATES else chr(code)
        return meaning, at + 1 + width
    return char, at + 1
