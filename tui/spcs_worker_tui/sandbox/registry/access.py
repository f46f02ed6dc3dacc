"""Who is at the registry's door: tokens, passwords, roles (contract 5)."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.privileges import effective_roles, holds, sees
from spcs_worker_tui.sandbox.registry.errors import RegistryError, denied
from spcs_worker_tui.sandbox.wire.envelope import WireError

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, ImageRepository
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.wire.sessions import SessionStore
    from spcs_worker_tui.sandbox.wire.tenants import Tenant

SESSION_USER = "0sessiontoken"
NODE_USER = "0node"
"""Who pulls for the compute pools; there is no such user at Snowflake's registry."""
_BEARER_SECONDS = 3600
_PATH_PARTS = 4


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may be let in, as far as his own credentials go.

    Attributes:
        account: The identifier of the account that he belongs to.
        session_token: What he showed; his roles are those of the session, as they are now.
        role: His role, if he came without a session.
        is_node: He pulls for a compute pool and may have every image.
    """

    account: str
    session_token: str | None = None
    role: str | None = None
    is_node: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a repository: `<db>/<schema>/<repository>/<image>` taken apart."""

    repository: ImageRepository
    image: str


class Access:
    """Checks credentials, and what they open.

    Args:
        sessions: Of the wire: a session token is as good here as there, and no longer.
        clock: By which tokens expire.
    """

    def __init__(self, sessions: SessionStore, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._bearers: dict[str, tuple[Caller, datetime]] = {}
        self.node_password = secrets.token_urlsafe(32)

    def issue(self, caller: Caller) -> str:
        """A bearer token for somebody who showed his credentials at `/login`."""
        now = self._clock.now()
        self._bearers = {token: entry for token, entry in self._bearers.items() if entry[1] > now}
        token = secrets.token_urlsafe(48)
        self._bearers[token] = (caller, now + timedelta(seconds=_BEARER_SECONDS))
        return token

    def caller(self, tenant: Tenant, authorization: str) -> Caller:
        """Who sends this header.

        Raises:
            RegistryError: UNAUTHORIZED, whatever of it is wrong.
        """
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() == "bearer":
            found = self._by_bearer(credentials.strip())
        elif scheme.lower() == "basic":
            found = self._by_password(tenant, credentials.strip())
        else:
            found = None
        if found is None or found.account != tenant.account.identifier:
            raise unauthorized()
        self.roles(tenant.account, found)
        return found

    def roles(self, account: Account, caller: Caller) -> Collection[str]:
        """Every role that counts for him now.

        Raises:
            RegistryError: UNAUTHORIZED, his session has ended since.
        """
        if caller.session_token is None:
            return effective_roles(account, caller.role) if caller.role else ()
        try:
            session = self._sessions.by_token(caller.session_token)
        except WireError:
            raise unauthorized() from None
        return effective_roles(account, session.context.role)

    def place(self, tenant: Tenant, caller: Caller, name: str, any_of: Sequence[str]) -> Place:
        """The repository and the image's name in it.

        Args:
            tenant: Whose registry this is.
            caller: From `caller`.
            name: What stands between `/v2/` and the rest.
            any_of: READ, WRITE: privileges on the repository that suffice.

        Raises:
            RegistryError: NAME_INVALID for a path that is too short, DENIED.
        """
        database, schema, repository, *image = (*name.split("/"), "", "", "")
        if len(name.split("/")) < _PATH_PARTS or not all(name.split("/")):
            raise RegistryError(
                404,
                "NAME_INVALID",
                f"'{name}' is not of the form <database>/<schema>/<repository>/<image>",
            )
        key = (database.upper(), schema.upper(), repository.upper())
        found = tenant.account.image_repositories.get(key)
        refused = denied(f"Image Repository '{'.'.join(key)}'")
        if found is None:
            raise refused
        if not (caller.is_node and "READ" in any_of):
            roles = self.roles(tenant.account, caller)
            if not (_reaches(tenant.account, roles, key) and holds(roles, found.grants, any_of)):
                raise refused
        return Place(found, "/".join(image).rstrip("/"))

    def _by_bearer(self, token: str) -> Caller | None:
        caller, expires = self._bearers.get(token, (None, self._clock.now()))
        return caller if expires > self._clock.now() else None

    def _by_password(self, tenant: Tenant, credentials: str) -> Caller | None:
        try:
            text = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        user, _, password = text.partition(":")
        account = tenant.account.identifier
        if user == NODE_USER:
            good = hmac.compare_digest(self.node_password.encode(), password.encode())
            return Caller(account, is_node=True) if good else None
        if user == SESSION_USER:
            return self._by_session(password)
        return self._by_access_token(tenant, user, password)

    def _by_session(self, password: str) -> Caller | None:
        """The whole JSON text that `snow spcs image-registry token` prints."""
        try:
            token = json.loads(password)["token"]
            session = self._sessions.by_token(token if isinstance(token, str) else None)
        except (ValueError, KeyError, TypeError, RecursionError, WireError):
            return None
        return Caller(session.tenant.account.identifier, session_token=token)

    def _by_access_token(self, tenant: Tenant, user: str, password: str) -> Caller | None:
        """A programmatic access token; a plain password is stopped by the rule for MFA."""
        known = tenant.account.users.get(user.upper())
        now = self._clock.now()
        for token, expires in (known.access_tokens if known else {}).items():
            if expires > now and hmac.compare_digest(token.encode(), password.encode()):
                assert known is not None
                return Caller(tenant.account.identifier, role=known.default_role)
        return None


def unauthorized() -> RegistryError:
    """401; the endpoint adds where to log in."""
    return RegistryError(
        401, "UNAUTHORIZED", "authentication required: log in with a token of this account"
    )


def _reaches(account: Account, roles: Collection[str], key: tuple[str, str, str]) -> bool:
    database = account.databases.get(key[0])
    schema = database.schemas.get(key[1]) if database else None
    return (
        database is not None
        and schema is not None
        and sees(roles, database.grants)
        and sees(roles, schema.grants)
    )
