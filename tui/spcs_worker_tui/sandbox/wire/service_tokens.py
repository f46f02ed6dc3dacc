"""The OAuth tokens that containers find in their session token file (contract 4)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.wire.envelope import WireError

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account
    from spcs_worker_tui.sandbox.clock import Clock

_LIFE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class _Grant:
    account: str
    service: str
    role: str
    expires: datetime


class ServiceTokens:
    """Tokens for services: the user is named like the service, the role is its owner's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._grants: dict[str, _Grant] = {}

    def issue(self, account: Account, service: str, role: str) -> str:
        """A token good for an hour; whoever mounts it writes a new one every few minutes."""
        now = self._clock.now()
        self._grants = {
            token: grant for token, grant in self._grants.items() if grant.expires > now
        }
        token = secrets.token_urlsafe(48)
        expires = now + timedelta(seconds=_LIFE_SECONDS)
        self._grants[token] = _Grant(account.identifier, service, role, expires)
        return token

    def check(self, account: Account, token: str) -> tuple[str, str]:
        """User and role of a token.

        Raises:
            WireError: 390303 for one that is not this account's, 390318 for an expired one.
        """
        grant = self._grants.get(token)
        if grant is None or grant.account != account.identifier:
            raise WireError("390303", "Invalid OAuth access token.")
        if grant.expires <= self._clock.now():
            raise WireError("390318", "OAuth access token expired.")
        return grant.service, grant.role
