"""GRANT and REVOKE (contract 1.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.results import unsupported
from spcs_worker_tui.sandbox.sql.ast import Grant, Name, ObjectKind, Scope
from spcs_worker_tui.sandbox.sql.show import OBJECT_KINDS
from spcs_worker_tui.sandbox.sql.tokens import TokenKind

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.sql.stream import TokenStream

_PLURALS = {
    "SERVICES": ObjectKind.SERVICE,
    "IMAGE REPOSITORIES": ObjectKind.IMAGE_REPOSITORY,
    "SECRETS": ObjectKind.SECRET,
    "STAGES": ObjectKind.STAGE,
    "NETWORK RULES": ObjectKind.NETWORK_RULE,
    "SCHEMAS": ObjectKind.SCHEMA,
}
_CREATABLE = (*(kind.value for kind in ObjectKind), "INTEGRATION")
PRIVILEGES = frozenset(
    {
        "ALL",
        "ALL PRIVILEGES",
        "USAGE",
        "MONITOR",
        "OPERATE",
        "MODIFY",
        "OWNERSHIP",
        "READ",
        "WRITE",
        "SELECT",
        "APPLY TAG",
        "BIND SERVICE ENDPOINT",
        "MANAGE GRANTS",
        "MONITOR USAGE",
        "IMPORTED PRIVILEGES",
        *(f"CREATE {kind}" for kind in _CREATABLE),
    }
)
"""What can be granted on the objects that the sandbox knows."""


def grant(stream: TokenStream) -> Grant:
    """What follows the word GRANT."""
    return _grant(stream, revoke=False)


def revoke(stream: TokenStream) -> Grant:
    """What follows the word REVOKE."""
    if stream.accept("GRANT OPTION FOR"):
        raise unsupported("REVOKE GRANT OPTION")
    return _grant(stream, revoke=True)


def _grant(stream: TokenStream, *, revoke: bool) -> Grant:
    if stream.at("ROLE") or stream.at("SERVICE ROLE"):
        return _role(stream, revoke=revoke)
    if stream.at("DATABASE ROLE") or stream.at("APPLICATION ROLE"):
        raise unsupported(stream.token.upper + " ROLE")
    privileges = [_privilege(stream)]
    while stream.accept_symbol(","):
        privileges.append(_privilege(stream))
    stream.expect("ON")
    future = stream.accept("FUTURE")
    every = not future and stream.accept("ALL")
    on, within = _plural(stream) if future or every else (_object(stream), None)
    to_kind, to = _grantee(stream, revoke=revoke)
    with_grant_option = not revoke and stream.accept("WITH GRANT OPTION")
    if stream.at("COPY CURRENT GRANTS") or stream.at("REVOKE CURRENT GRANTS"):
        raise unsupported("COPY CURRENT GRANTS")
    if revoke:
        stream.accept_one_of(("RESTRICT", "CASCADE"))
    return Grant(
        revoke,
        tuple(privileges),
        on,
        None,
        None,
        to_kind,
        to,
        future=future,
        with_grant_option=with_grant_option,
        every=every,
        within=within,
    )


def _privilege(stream: TokenStream) -> str:
    found = stream.expect_one_of(PRIVILEGES)
    return "ALL" if found == "ALL PRIVILEGES" else found


def _object(stream: TokenStream) -> Scope:
    if stream.accept("ACCOUNT"):
        return Scope("ACCOUNT")
    kind = OBJECT_KINDS[stream.expect_one_of(OBJECT_KINDS)]
    return Scope(kind.value, stream.name())


def _plural(stream: TokenStream) -> tuple[Scope, Scope]:
    kind = _PLURALS[stream.expect_one_of(_PLURALS)]
    stream.expect("IN")
    place = stream.expect_one_of(("SCHEMA", "DATABASE"))
    return Scope(kind.value), Scope(place, stream.name())


def _role(stream: TokenStream, *, revoke: bool) -> Grant:
    service_role = None
    if stream.accept("SERVICE ROLE"):
        granted = stream.name()
        stream.expect_symbol("!")
        service_role = stream.plain_name().last
    else:
        stream.expect("ROLE")
        granted = stream.name()
    to_kind, to = _grantee(stream, revoke=revoke, users=service_role is None)
    return Grant(revoke, (), None, granted, service_role, to_kind, to)


def _grantee(stream: TokenStream, *, revoke: bool, users: bool = True) -> tuple[str, Name]:
    stream.expect("FROM" if revoke else "TO")
    if stream.at("DATABASE ROLE") or stream.at("SHARE") or stream.at("APPLICATION"):
        raise unsupported(f"GRANT TO {stream.token.upper}")
    # `TO ROLE` may be written `TO` alone, and a role may be called ROLE.
    named = stream.ahead().kind in (TokenKind.WORD, TokenKind.QUOTED)
    if named and users and stream.accept("USER"):
        return "USER", stream.name()
    if named:
        stream.accept("ROLE")
    return "ROLE", stream.name()
