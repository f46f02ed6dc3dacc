"""A place in the tokens of a text, and the words and symbols around it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.sql.tokens import Token, TokenKind, syntax_error, tokenize

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.results import SqlError


class Cursor:
    """Tokens of one text, read from the front.

    `accept…` steps over what it found and says so; `expect…` insists; both are what the grammar's
    functions are written in. Every refusal is 001003 at the token that did not fit.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._index = 0

    @property
    def token(self) -> Token:
        """The token in front."""
        return self._tokens[self._index]

    def ahead(self, count: int = 1) -> Token:
        """The token that many further on; the END token when there are not so many."""
        return self._tokens[min(self._index + count, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Step over the token in front and return it."""
        token = self.token
        if token.kind is not TokenKind.END:
            self._index += 1
        return token

    def fail(self) -> SqlError:
        """The error that says that the token in front does not fit."""
        return syntax_error(self.token)

    def at(self, words: str) -> bool:
        """Whether these words, separated by spaces, are in front."""
        return all(self.ahead(offset).upper == word for offset, word in enumerate(words.split(" ")))

    def accept(self, words: str) -> bool:
        """Step over these words if they are in front."""
        if not self.at(words):
            return False
        self._index += words.count(" ") + 1
        return True

    def expect(self, words: str) -> None:
        """Step over these words, each of which has to be there."""
        for word in words.split(" "):
            if not self.accept(word):
                raise self.fail()

    def accept_one_of(self, phrases: Collection[str]) -> str | None:
        """Step over the longest of these phrases that is in front."""
        for phrase in sorted(phrases, key=len, reverse=True):
            if self.accept(phrase):
                return phrase
        return None

    def expect_one_of(self, phrases: Collection[str]) -> str:
        """Step over one of these phrases, or refuse at the first word that none continues with."""
        found = self.accept_one_of(phrases)
        if found is None:
            shared = max((self._shared(phrase) for phrase in phrases), default=0)
            raise syntax_error(self.ahead(shared))
        return found

    def _shared(self, phrase: str) -> int:
        words = phrase.split(" ")
        count = 0
        while count < len(words) and self.ahead(count).upper == words[count]:
            count += 1
        return count

    def at_symbol(self, symbol: str, ahead: int = 0) -> bool:
        """Whether this symbol is in front, or that many tokens further on."""
        token = self.ahead(ahead)
        return token.kind is TokenKind.SYMBOL and token.text == symbol

    def accept_symbol(self, symbol: str) -> bool:
        """Step over this symbol if it is in front."""
        if not self.at_symbol(symbol):
            return False
        self._index += 1
        return True

    def expect_symbol(self, symbol: str) -> None:
        """Step over this symbol, which has to be there."""
        if not self.accept_symbol(symbol):
            raise self.fail()

    def text_since(self, start: Token) -> str:
        """The text from that token up to here, in upper case: what heads a column."""
        return self.text[start.start : self._tokens[self._index - 1].end].upper()

    def at_end(self) -> bool:
        """Whether the statement ends here."""
        return self.token.kind is TokenKind.END or self.at_symbol(";")

    def take(self, kind: TokenKind) -> Token:
        """Step over a token of this kind, which has to be there."""
        if self.token.kind is not kind:
            raise self.fail()
        return self.advance()
