"""What was asked of the sandbox: for tests and benchmarks that count statements."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.tokens import Token, TokenKind, tokenize

_SECRET_KEYS = frozenset({"SECRET_STRING", "PASSWORD", "RSA_PUBLIC_KEY", "TOKEN", "PASSCODE"})
_MASK = "'********'"
_VALUES = frozenset({TokenKind.STRING, TokenKind.BODY, TokenKind.NUMBER})


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One statement. `code` is empty when it succeeded; `seconds` are real ones."""

    account: str
    session_id: int
    client: str
    query_id: str
    text: str
    at: datetime
    seconds: float
    code: str

    def as_json(self) -> dict[str, Any]:
        """For the control endpoint."""
        return {
            "account": self.account,
            "session_id": self.session_id,
            "client": self.client,
            "query_id": self.query_id,
            "text": self.text,
            "at": self.at.isoformat(),
            "seconds": round(self.seconds, 6),
            "code": self.code,
        }


class Journal:
    """The latest statements of all sessions, oldest first."""

    def __init__(self, limit: int) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=limit)

    def add(self, entry: JournalEntry) -> None:
        """Remember one; the oldest is forgotten when the journal is full."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget all, before something is counted."""
        self._entries.clear()

    def entries(
        self, *, account: str | None = None, session_id: int | None = None
    ) -> list[JournalEntry]:
        """All, or those of one account (by its identifier) or session."""
        return [
            entry
            for entry in self._entries
            if account in (None, entry.account) and session_id in (None, entry.session_id)
        ]


def mask_secrets(text: str) -> str:
    """The statement with its secret literals replaced.

    In a statement with a secret-bearing key, a literal is shown only as the value of another key;
    so one that a mistake has put in the wrong place stays hidden, and so do comments. A text that
    cannot be cut into tokens is not shown at all: where its literals end is unknown.
    """
    try:
        tokens = tokenize(text)
    except SqlError:
        return "(unreadable statement)"
    if not any(key in text.upper() for key in _SECRET_KEYS):
        return text
    shown: list[str] = []
    done = 0
    for key, equals, token in zip([None, None, *tokens], [None, *tokens], tokens, strict=False):
        gap = text[done : token.start]
        is_hidden = token.kind in _VALUES and not _is_harmless(key, equals)
        shown += [gap if gap.isspace() or not gap else " ", _MASK if is_hidden else token.text]
        done = token.end
    return "".join(shown)


def _is_harmless(key: Token | None, equals: Token | None) -> bool:
    return (
        key is not None
        and equals is not None
        and equals.text == "="
        and key.kind is TokenKind.WORD
        and key.upper not in _SECRET_KEYS
    )
