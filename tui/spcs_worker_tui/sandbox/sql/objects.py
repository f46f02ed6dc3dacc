"""CREATE, ALTER and DROP (contract 1.7 to 1.13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.results import unsupported
from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    AlterSession,
    Create,
    CreateService,
    Drop,
    Name,
    ObjectKind,
    PropertyValue,
)
from spcs_worker_tui.sandbox.sql.kinds import KIND_RULES, KindRules
from spcs_worker_tui.sandbox.sql.services import (
    alter_service,
    create_service,
    tag_clause,
    tag_list,
)
from spcs_worker_tui.sandbox.sql.show import OBJECT_KINDS
from spcs_worker_tui.sandbox.sql.tokens import Token, TokenKind, syntax_error

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.sql.stream import TokenStream

_UNOFFERED = (
    "TABLE",
    "VIEW",
    "FUNCTION",
    "PROCEDURE",
    "TASK",
    "EVENT TABLE",
    "TAG",
    "SNAPSHOT",
    "GATEWAY",
    "API INTEGRATION",
    "SECURITY INTEGRATION",
    "NETWORK POLICY",
    "AUTHENTICATION POLICY",
    "TEMPORARY STAGE",
    "TEMP STAGE",
    "ACCOUNT",
)
"""Kinds of objects that Snowflake has and the sandbox does not: 000002, not a syntax error."""


def create(stream: TokenStream) -> Create | CreateService:
    """What follows the word CREATE."""
    modifier = stream.accept_one_of(("OR REPLACE", "OR ALTER"))
    transient = stream.accept("TRANSIENT")
    at = stream.token
    kind = _kind(stream, "CREATE")
    rules = KIND_RULES[kind]
    if transient and kind not in (ObjectKind.DATABASE, ObjectKind.SCHEMA):
        raise syntax_error(at)
    if (modifier == "OR REPLACE" and not rules.replaceable) or (
        modifier == "OR ALTER" and not rules.alterable
    ):
        raise syntax_error(at)
    if kind is ObjectKind.SERVICE:
        return create_service(stream)
    if_not_exists = rules.creatable_if_missing and stream.accept("IF NOT EXISTS")
    name = stream.name()
    properties, tags = _create_clauses(stream, kind, rules)
    return Create(
        kind,
        name,
        or_replace=modifier == "OR REPLACE",
        or_alter=modifier == "OR ALTER",
        if_not_exists=if_not_exists,
        properties=properties,
        tags=tags,
    )


def _create_clauses(
    stream: TokenStream, kind: ObjectKind, rules: KindRules
) -> tuple[dict[str, PropertyValue], dict[str, str]]:
    if kind is ObjectKind.COMPUTE_POOL and stream.accept("FOR APPLICATION"):
        raise unsupported("FOR APPLICATION")
    if kind is ObjectKind.WAREHOUSE and not stream.at("WITH TAG"):
        stream.accept("WITH")
    if kind is ObjectKind.SCHEMA and stream.accept("WITH MANAGED ACCESS"):
        raise unsupported("MANAGED ACCESS")
    properties: dict[str, PropertyValue] = {}
    tags: dict[str, str] = {}
    while not stream.at_end():
        if rules.taggable and not tags and (stream.at("WITH TAG") or stream.at("TAG")):
            tags = tag_clause(stream)
            continue
        found = stream.properties(rules.create - properties.keys())
        if not found:
            raise stream.fail()
        properties.update(found)
    if not rules.required <= properties.keys():
        raise stream.fail()
    return properties, tags


def alter(stream: TokenStream) -> Alter | AlterSession:
    """What follows the word ALTER."""
    if stream.accept("SESSION"):
        return _alter_session(stream)
    kind = _kind(stream, "ALTER")
    rules = KIND_RULES[kind]
    if_exists = stream.accept("IF EXISTS")
    name = stream.name()
    action = stream.accept_one_of(rules.actions)
    if action is not None:
        if kind is ObjectKind.WAREHOUSE and action == "RESUME":
            stream.accept("IF SUSPENDED")
        return Alter(kind, name, action, if_exists=if_exists)
    if kind is ObjectKind.COMPUTE_POOL and stream.accept("STOP ALL"):
        if stream.at("OF TYPE"):
            raise unsupported("STOP ALL OF TYPE")
        return Alter(kind, name, "STOP ALL", if_exists=if_exists)
    if stream.accept("SET"):
        return _set(stream, kind, name, rules, if_exists=if_exists)
    if stream.accept("UNSET"):
        return _unset(stream, kind, name, rules, if_exists=if_exists)
    if stream.at("RENAME TO"):
        raise unsupported(f"ALTER {kind} RENAME")
    if kind is ObjectKind.SERVICE:
        return alter_service(stream, name, if_exists=if_exists)
    raise stream.fail()


def _set(
    stream: TokenStream, kind: ObjectKind, name: Name, rules: KindRules, *, if_exists: bool
) -> Alter:
    if rules.taggable and stream.accept("TAG"):
        return Alter(kind, name, "SET TAG", if_exists=if_exists, tags=tag_list(stream))
    properties = stream.properties(rules.settable)
    if not properties:
        raise stream.fail()
    return Alter(kind, name, "SET", if_exists=if_exists, properties=properties)


def _unset(
    stream: TokenStream, kind: ObjectKind, name: Name, rules: KindRules, *, if_exists: bool
) -> Alter:
    if rules.taggable and stream.accept("TAG"):
        names = [str(stream.name())]
        while stream.accept_symbol(","):
            names.append(str(stream.name()))
        return Alter(kind, name, "UNSET TAG", if_exists=if_exists, names=tuple(names))
    if rules.unsettable is None:
        raise unsupported("UNSET")
    names_found = stream.comma_separated_keys(rules.unsettable)
    return Alter(kind, name, "UNSET", if_exists=if_exists, names=names_found)


def _alter_session(stream: TokenStream) -> AlterSession:
    """Session parameters are the account's to know, so any key is understood here."""
    if stream.accept("UNSET"):
        names = [_parameter(stream).upper]
        while stream.accept_symbol(","):
            names.append(_parameter(stream).upper)
        return AlterSession(names=tuple(names))
    stream.expect("SET")
    properties = {}
    while not stream.at_end():
        key = _parameter(stream).upper
        stream.expect_symbol("=")
        properties[key] = stream.value()
        stream.accept_symbol(",")
    if not properties:
        raise stream.fail()
    return AlterSession(properties=properties)


def _parameter(stream: TokenStream) -> Token:
    return stream.take(TokenKind.WORD)


def drop(stream: TokenStream) -> Drop:
    """What follows the word DROP."""
    kind = _kind(stream, "DROP")
    if_exists = stream.accept("IF EXISTS")
    name = stream.name()
    force = kind is ObjectKind.SERVICE and stream.accept("FORCE")
    if kind in (ObjectKind.DATABASE, ObjectKind.SCHEMA) and stream.accept("RESTRICT"):
        raise unsupported("RESTRICT")
    if kind in (ObjectKind.DATABASE, ObjectKind.SCHEMA):
        stream.accept("CASCADE")
    return Drop(kind, name, if_exists=if_exists, force=force)


def _kind(stream: TokenStream, verb: str) -> ObjectKind:
    found = stream.accept_one_of(OBJECT_KINDS)
    if found is not None:
        return OBJECT_KINDS[found]
    unoffered = stream.accept_one_of(_UNOFFERED)
    if unoffered is not None:
        raise unsupported(f"{verb} {unoffered}")
    stream.expect_one_of(OBJECT_KINDS)
    raise stream.fail()
