"""Logging in: who is asking, and with what they prove it (contract 1.14, 6.3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from spcs_worker_tui.sandbox.catalogue.session import SessionContext
from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.ast import Use
from spcs_worker_tui.sandbox.sql.parser import parse_name
from spcs_worker_tui.sandbox.wire.envelope import JsonObject, WireError

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import User
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.wire.service_tokens import ServiceTokens
    from spcs_worker_tui.sandbox.wire.tenants import Tenant

_PASSWORD_AUTHENTICATORS = frozenset({"", "SNOWFLAKE", "USERNAME_PASSWORD_MFA"})
_CLOCK_SKEW_SECONDS = 60


def _wrong() -> WireError:
    """One refusal for all of it: which part was wrong is nobody's business."""
    return WireError("390100", "Incorrect username or password was specified.")


def role_refused(role: str) -> WireError:
    """The user may not sign in with that role (contract 1.14)."""
    return WireError(
        "390189",
        f"Role '{role}' specified in the connect string does not exist or not authorized. "
        "Contact your local system administrator, or attempt to login with another role, "
        "e.g. PUBLIC.",
    )


class Login:
    """Checks logins against the users of the accounts."""

    def __init__(
        self, tenants: Sequence[Tenant], clock: Clock, service_tokens: ServiceTokens
    ) -> None:
        self._tenants = tenants
        self._clock = clock
        self._service_tokens = service_tokens

    async def check(
        self, data: JsonObject, query: Mapping[str, str], session_id: int
    ) -> tuple[Tenant, SessionContext]:
        """The account and the new session's context.

        Args:
            data: The request's `data` (contract 6.3).
            query: `databaseName`, `schemaName`, `warehouse`, `roleName`, each only when set.
            session_id: For the new session.

        Raises:
            WireError: 390100 for a wrong user, password or access token, 390144 for a wrong
                key-pair token, 390303 or 390318 for an OAuth token, 390189 for the role, 390201
                for another object that the connection names.
        """
        tenant = self._tenant(str(data.get("ACCOUNT_NAME", "")))
        user, role = self._authenticate(tenant, data)
        context = SessionContext(
            account=tenant.account,
            session_id=session_id,
            user=user,
            role=role,
            created_on=self._clock.now(),
            parameters=_session_parameters(data),
            client=f"{data.get('CLIENT_APP_ID', '')} {data.get('CLIENT_APP_VERSION', '')}".strip(),
        )
        await self._use(tenant, context, query)
        return tenant, context

    def _tenant(self, account_name: str) -> Tenant:
        for tenant in self._tenants:
            if tenant.is_called(account_name):
                return tenant
        raise _wrong()

    def _authenticate(self, tenant: Tenant, data: JsonObject) -> tuple[str, str]:
        """The user's name and default role."""
        authenticator = str(data.get("AUTHENTICATOR") or "").upper()
        token = str(data.get("TOKEN") or "")
        if authenticator == "OAUTH":
            return self._service_tokens.check(tenant.account, token)
        user = tenant.account.users.get(str(data.get("LOGIN_NAME") or "").upper())
        if authenticator == "SNOWFLAKE_JWT":
            if user is None or not _jwt_is_good(tenant, user, token):
                raise WireError("390144", "JWT token is invalid.")
        elif authenticator == "PROGRAMMATIC_ACCESS_TOKEN":
            if user is None or not self._is_access_token(user, token):
                raise _wrong()
        elif authenticator in _PASSWORD_AUTHENTICATORS:
            password = str(data.get("PASSWORD") or "")
            if user is None or not self._is_password(user, password):
                raise _wrong()
        else:
            raise WireError("390187", f"The authenticator '{authenticator}' is not offered here.")
        return user.name, user.default_role

    def _is_password(self, user: User, password: str) -> bool:
        """A programmatic access token may stand where the password does (contract 6.3)."""
        good = user.password is not None and _same(user.password, password)
        return good or self._is_access_token(user, password)

    def _is_access_token(self, user: User, token: str) -> bool:
        now = self._clock.now()
        return any(
            _same(known, token) and expires > now for known, expires in user.access_tokens.items()
        )

    @staticmethod
    async def _use(tenant: Tenant, context: SessionContext, query: Mapping[str, str]) -> None:
        """Make the connection's role and objects current; the executor knows who may use what."""
        role = query.get("roleName")
        if role:
            await _use_or_refuse(
                tenant,
                context,
                Use("ROLE", parse_name(role)),
                role_refused(role),
            )
        for kind, key in (
            ("WAREHOUSE", "warehouse"),
            ("DATABASE", "databaseName"),
            ("SCHEMA", "schemaName"),
        ):
            name = query.get(key)
            if name:
                refused = WireError(
                    "390201",
                    f"The requested {kind.lower()} does not exist or not authorized.",
                )
                await _use_or_refuse(tenant, context, Use(kind, parse_name(name)), refused)


async def _use_or_refuse(
    tenant: Tenant, context: SessionContext, use: Use, refused: WireError
) -> None:
    try:
        answer = await tenant.executor.execute(use, context)
    except SqlError:
        raise refused from None
    apply_changes(context, answer.session_changes)


def apply_changes(context: SessionContext, changes: Mapping[str, str | None]) -> None:
    """Take over what a USE changed (contract 6.4)."""
    if "database" in changes:
        context.database = changes["database"]
    if "schema" in changes:
        context.schema = changes["schema"]
    if "warehouse" in changes:
        context.warehouse = changes["warehouse"]
    role = changes.get("role")
    if role is not None:
        context.role = role


def fingerprint(pem: str) -> str:
    """`SHA256:<base64>` of a public key, as the issuer of a key-pair token carries it.

    Raises:
        ValueError: The text is no public key.
    """
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except UnsupportedAlgorithm as error:
        raise ValueError("not a public key that Snowflake accepts") from error
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def _jwt_is_good(tenant: Tenant, user: User, token: str) -> bool:
    """Signed by one of the user's keys, for this account and user, and not expired.

    The client stamps the token with its own wall clock and lets it live for a minute, so the wall
    clock judges it here, whatever the sandbox's clock says.
    """
    for pem in user.public_keys:
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                pem,
                algorithms=["RS256"],
                leeway=_CLOCK_SKEW_SECONDS,
                options={"require": ["iss", "sub", "exp"]},
            )
        except jwt.InvalidTokenError:
            continue
        account, _, name = str(claims["sub"]).rpartition(".")
        issuer = f"{claims['sub']}.{fingerprint(pem)}"
        if claims["iss"] == issuer and name == user.name and tenant.is_called(account):
            return True
    return False


def _same(known: str, given: str) -> bool:
    return hmac.compare_digest(known.encode(), given.encode(errors="replace"))


def _session_parameters(data: JsonObject) -> dict[str, str]:
    given = data.get("SESSION_PARAMETERS")
    if not isinstance(given, dict):
        return {}
    return {
        str(key).upper(): str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in given.items()
    }
