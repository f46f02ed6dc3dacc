"""Secrets. No statement ever shows a value (contract 1.12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue import objects
from spcs_worker_tui.sandbox.catalogue.listing import Field, constant, moment, tabulate, text
from spcs_worker_tui.sandbox.catalogue.model import Secret
from spcs_worker_tui.sandbox.catalogue.names import dotted, find, in_scope, select
from spcs_worker_tui.sandbox.catalogue.properties import comment, string, word
from spcs_worker_tui.sandbox.catalogue.refusals import executed, refused
from spcs_worker_tui.sandbox.results import Table, status, unsupported
from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    Create,
    Describe,
    ObjectKind,
    PropertyValue,
    Show,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context

GENERIC_STRING = "GENERIC_STRING"
PASSWORD = "PASSWORD"  # noqa: S105 - a type
_VALUES: Mapping[str, tuple[str, ...]] = {
    GENERIC_STRING: ("SECRET_STRING",),
    PASSWORD: ("USERNAME", "PASSWORD"),
}
_OTHER_TYPES = (
    "OAUTH2",
    "CLOUD_PROVIDER_TOKEN",
    "SYMMETRIC_KEY",
    "WORKLOAD_IDENTITY_FEDERATION",
)

_FIELDS: tuple[Field[Secret], ...] = (
    moment("created_on", lambda secret: secret.created_on),
    text("name", lambda secret: secret.key[2]),
    text("schema_name", lambda secret: secret.key[1]),
    text("database_name", lambda secret: secret.key[0]),
    text("owner", lambda secret: secret.grants.owner),
    text("comment", lambda secret: secret.comment),
    text("secret_type", lambda secret: secret.secret_type),
)
_SHOW_FIELDS: tuple[Field[Secret], ...] = (
    *_FIELDS,
    constant("oauth_scopes"),
    constant("owner_role_type", "ROLE"),
)
_DESCRIBE_FIELDS: tuple[Field[Secret], ...] = (
    *_FIELDS,
    text("username", lambda secret: secret.values.get("username")),
    constant("oauth_access_token_expiry_time"),
    constant("oauth_refresh_token_expiry_time"),
    constant("oauth_scopes"),
    constant("integration_name"),
    constant("algorithm"),
    constant("key_length"),
    constant("workload_identity_federation_issuer"),
    constant("workload_identity_federation_subject"),
)


def show(context: Context, statement: Show) -> Table:
    """`SHOW SECRETS`.

    Raises:
        SqlError: 002003, 090105, 090106.
    """
    found = in_scope(context, context.account.secrets.values(), statement.scope)
    return tabulate(_SHOW_FIELDS, select(found, statement, lambda secret: secret.key[2]))


def describe(context: Context, statement: Describe) -> Table:
    """`DESC SECRET`: the user name of a PASSWORD secret is shown, its password is not.

    Raises:
        SqlError: 002003, 090105, 090106.
    """
    secret = find(context, context.account.secrets, statement.name, kind="Secret", operation="DESC")
    return tabulate(_DESCRIBE_FIELDS, [secret])


def create(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE] SECRET [IF NOT EXISTS]` of a generic string or a password.

    Raises:
        SqlError: 002002, 002003, 003001, 003041, 001008; 000002 for the other types.
    """
    key = objects.place_for(context, statement.name, ObjectKind.SECRET)
    taken = context.account.secrets.get(key)
    answer = objects.met_existing(
        context,
        dotted(key),
        taken.grants if taken else None,
        if_not_exists=statement.if_not_exists,
        replace=statement.or_replace,
    )
    if answer is not None:
        return answer
    given = statement.properties
    kind = word("TYPE", given.get("TYPE"), ("GENERIC", *_VALUES, *_OTHER_TYPES))
    # Documentation says GENERIC, live tests say GENERIC_STRING (contract 10.14).
    kind = GENERIC_STRING if kind == "GENERIC" else kind
    if kind not in _VALUES:
        raise unsupported(f"SECRET OF TYPE {kind}")
    grants = objects.grants_for_new(context, ObjectKind.SECRET, key[0], key[1])
    secret = Secret(key, kind, context.now, grants)
    for name in _VALUES[kind]:
        if name not in given:
            raise refused(f"{name} is required for a secret of type {kind}.")
    _apply(secret, {name: value for name, value in given.items() if name != "TYPE"})
    context.account.secrets[key] = secret
    return status(f"Secret {key[2]} successfully created.")


def alter(context: Context, statement: Alter) -> Table:
    """`ALTER SECRET … SET`; there is no UNSET. Mounted files follow, variables do not.

    Raises:
        SqlError: 002003, 003001, 001008, 000002.
    """
    secret = objects.existing(context, context.account.secrets, statement, ("MODIFY",))
    if secret is None:
        return executed()
    if statement.action != "SET":
        raise unsupported(statement.action)
    _apply(secret, statement.properties)
    context.platform.wake()
    return executed()


def _apply(secret: Secret, given: Mapping[str, PropertyValue]) -> None:
    values, words = dict(secret.values), secret.comment
    for name, value in given.items():
        if name == "COMMENT":
            words = comment(value)
        elif name in _VALUES[secret.secret_type]:
            values[name.lower()] = string(name, value)
        else:
            raise refused(f"{name} does not go with a secret of type {secret.secret_type}.")
    secret.values, secret.comment = values, words
