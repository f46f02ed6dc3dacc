"""Sessions and their tokens: issued, renewed, expired (contract 6.3, 6.6)."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.wire.envelope import WireError

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.session import SessionContext
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.wire.settings import SandboxSettings
    from spcs_worker_tui.sandbox.wire.tenants import Tenant


@dataclass(slots=True)
class Session:
    """A session as the wire knows it: the context that statements see, and its tokens."""

    tenant: Tenant
    context: SessionContext
    tokens: dict[str, datetime] = field(default_factory=dict)
    """Session tokens, valid and expired alike, each with its end."""
    master_tokens: dict[str, datetime] = field(default_factory=dict)
    last_query_id: str | None = None


_CLOSED_TOKENS_KEPT = 10_000
_TOKENS_KEPT = 16
"""Per session: enough that whoever asks with a token of a moment ago is told that it expired."""


class SessionStore:
    """Every session of the server. A closed one is gone, and its tokens are known as closed."""

    def __init__(self, clock: Clock, settings: SandboxSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._sessions: dict[int, Session] = {}
        self._by_token: dict[str, Session] = {}
        self._by_master: dict[str, Session] = {}
        self._closed: dict[str, None] = {}
        self._ids = itertools.count(secrets.randbelow(10**6) * 10**6 + 1)

    def next_id(self) -> int:
        """A session id that no other session of this server has."""
        return next(self._ids)

    def open(self, tenant: Tenant, context: SessionContext) -> tuple[Session, str, str]:
        """Start a session; with it come its session token and its master token."""
        session = Session(tenant, context)
        self._sessions[context.session_id] = session
        return session, self.issue(session), self.issue_master(session)

    def issue(self, session: Session) -> str:
        """One more session token beside those it has (contract 5: image-registry token)."""
        token = self._new_token(session, session.tokens, self._settings.session_token_seconds)
        self._by_token[token] = session
        self._trim(session.tokens, self._by_token)
        return token

    def issue_master(self, session: Session) -> str:
        """One more master token; earlier ones stay good until they expire."""
        life = self._settings.master_token_seconds
        token = self._new_token(session, session.master_tokens, life)
        self._by_master[token] = session
        self._trim(session.master_tokens, self._by_master)
        return token

    def renew(self, session: Session, old_token: str) -> str:
        """A new session token; the old one counts as expired from now on."""
        if old_token in session.tokens:
            session.tokens[old_token] = self._clock.now()
        return self.issue(session)

    def close(self, session: Session) -> None:
        """End it; whoever still holds its tokens is told that it is gone."""
        self._sessions.pop(session.context.session_id, None)
        for token in session.tokens:
            self._by_token.pop(token, None)
            self._closed[token] = None
        for token in session.master_tokens:
            self._by_master.pop(token, None)
        while len(self._closed) > _CLOSED_TOKENS_KEPT:
            del self._closed[next(iter(self._closed))]

    def expire(self, session: Session, *, master: bool = False) -> None:
        """End its session tokens now, and its master tokens too if asked: for tests and faults."""
        now = self._clock.now()
        session.tokens.update(dict.fromkeys(session.tokens, now))
        if master:
            session.master_tokens.update(dict.fromkeys(session.master_tokens, now))

    def all(self) -> list[Session]:
        """Every open session, in the order of login."""
        return list(self._sessions.values())

    def behind(self, token: str | None) -> Session | None:
        """The session that a token of either kind was issued for, expired or not; for faults."""
        return self._by_token.get(token or "") or self._by_master.get(token or "")

    def by_token(self, token: str | None) -> Session:
        """The session of a session token.

        Raises:
            WireError: 390101 without a token, 390104 for one never issued, 390111 for one of a
                closed session, 390112 for an expired one.
        """
        if not token:
            raise WireError("390101", "Authorization header not found in the request data.")
        session = self._by_token.get(token)
        if session is None and token in self._closed:
            raise WireError(
                "390111", "Session no longer exists. New login required to access the service."
            )
        if session is None:
            raise WireError(
                "390104",
                "ID token or session token is invalid. New login required to access the service.",
            )
        if session.tokens[token] <= self._clock.now():
            raise WireError(
                "390112", "Your session has expired. Please login again to access the service."
            )
        return session

    def by_master_token(self, token: str | None) -> Session:
        """The session of a master token.

        Raises:
            WireError: 390113 for an unknown one, 390114 for an expired one.
        """
        session = self._by_master.get(token or "")
        if session is None:
            raise WireError("390113", "Master token not found in the request data.")
        if session.master_tokens[token or ""] <= self._clock.now():
            raise WireError(
                "390114",
                "Authentication token has expired. The user must authenticate again.",
            )
        return session

    def _new_token(self, session: Session, held: dict[str, datetime], life: float) -> str:
        token = f"ver:3-hint:{session.context.session_id}-{secrets.token_urlsafe(48)}"
        held[token] = self._clock.now() + timedelta(seconds=life)
        return token

    @staticmethod
    def _trim(held: dict[str, datetime], index: dict[str, Session]) -> None:
        while len(held) > _TOKENS_KEPT:
            oldest = next(iter(held))
            del held[oldest]
            index.pop(oldest, None)
