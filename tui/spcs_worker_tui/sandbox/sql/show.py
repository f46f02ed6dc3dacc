"""SHOW and DESCRIBE (contract 1.1 to 1.3, 1.10 to 1.13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.results import unsupported
from spcs_worker_tui.sandbox.sql.ast import (
    Describe,
    Name,
    ObjectKind,
    Scope,
    Show,
    ShowKind,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.sql.stream import TokenStream

_PLACES = ("ACCOUNT", "DATABASE", "SCHEMA")


@dataclass(frozen=True, slots=True)
class _Form:
    """What may follow one SHOW: the places after IN, whether IN is a must, and paging."""

    kind: ShowKind
    places: tuple[str, ...] = ()
    must: bool = False
    bare_schema: bool = False
    paged: bool = True


def _inside(kind: ShowKind, place: str) -> _Form:
    return _Form(kind, (place,), must=True)


def _anywhere(kind: ShowKind) -> _Form:
    return _Form(kind, _PLACES, bare_schema=True)


_FORMS: Mapping[str, _Form] = {
    "SERVICES": _Form(ShowKind.SERVICES, (*_PLACES, "COMPUTE POOL"), bare_schema=True),
    "SERVICE INSTANCES": _inside(ShowKind.SERVICE_INSTANCES, "SERVICE"),
    "SERVICE CONTAINERS": _inside(ShowKind.SERVICE_CONTAINERS, "SERVICE"),
    "SERVICE VOLUMES": _inside(ShowKind.SERVICE_VOLUMES, "SERVICE"),
    "ENDPOINTS": _inside(ShowKind.ENDPOINTS, "SERVICE"),
    "COMPUTE POOLS": _Form(ShowKind.COMPUTE_POOLS),
    "COMPUTE POOL INSTANCE FAMILIES": _Form(ShowKind.INSTANCE_FAMILIES),
    "NODES": _inside(ShowKind.NODES, "COMPUTE POOL"),
    "IMAGE REPOSITORIES": _anywhere(ShowKind.IMAGE_REPOSITORIES),
    "IMAGES": _inside(ShowKind.IMAGES, "IMAGE REPOSITORY"),
    "SECRETS": _anywhere(ShowKind.SECRETS),
    "NETWORK RULES": _anywhere(ShowKind.NETWORK_RULES),
    "EXTERNAL ACCESS INTEGRATIONS": _Form(ShowKind.INTEGRATIONS, ("ACCOUNT",)),
    "INTEGRATIONS": _Form(ShowKind.INTEGRATIONS, ("ACCOUNT",)),
    "STAGES": _anywhere(ShowKind.STAGES),
    "DATABASES": _Form(ShowKind.DATABASES, ("ACCOUNT",)),
    "SCHEMAS": _Form(ShowKind.SCHEMAS, ("ACCOUNT", "DATABASE")),
    "ROLES": _Form(ShowKind.ROLES, ("ACCOUNT",)),
    "WAREHOUSES": _Form(ShowKind.WAREHOUSES, ("ACCOUNT",)),
}
_NAMELESS = frozenset({"ACCOUNT", "DATABASE", "SCHEMA", "SESSION"})
_PARAMETER_PLACES = (
    "SESSION",
    "ACCOUNT",
    "USER",
    "WAREHOUSE",
    "DATABASE",
    "SCHEMA",
    "TABLE",
    "TASK",
    "SERVICE",
)
_UNOFFERED = ("TABLES", "VIEWS", "USERS", "FUNCTIONS", "PROCEDURES", "OBJECTS", "TASKS", "COLUMNS")

OBJECT_KINDS: Mapping[str, ObjectKind] = {
    **{kind.value: kind for kind in ObjectKind},
    "INTEGRATION": ObjectKind.EXTERNAL_ACCESS_INTEGRATION,
}
"""The words of a statement -> the kind of object; integrations have two spellings."""


@dataclass(slots=True)
class _Modifiers:
    """The optional ends of a SHOW, as they are found."""

    like: str | None = None
    scope: Scope | None = None
    starts_with: str | None = None
    limit: int | None = None
    limit_from: str | None = None
    of_type: tuple[str, ...] = field(default_factory=tuple)


def show(stream: TokenStream) -> Show:
    """What follows the word SHOW."""
    stream.accept("TERSE")
    if stream.accept("PARAMETERS"):
        return _show_parameters(stream)
    if stream.accept("GRANTS"):
        return _show_grants(stream)
    if stream.at("ROLES IN SERVICE"):
        stream.accept("ROLES")
        return _finish(stream, _inside(ShowKind.ROLES_IN_SERVICE, "SERVICE"))
    jobs = True if stream.accept("JOB") else None
    if jobs:
        stream.expect("SERVICES")
        return _finish(stream, _FORMS["SERVICES"], jobs=True)
    if stream.token.upper in _UNOFFERED:
        raise unsupported(f"SHOW {stream.token.upper}")
    form = _FORMS[stream.expect_one_of(_FORMS)]
    if form.kind is ShowKind.SERVICES and stream.accept("EXCLUDE JOBS"):
        jobs = False
    return _finish(stream, form, jobs=jobs)


def _finish(stream: TokenStream, form: _Form, *, jobs: bool | None = None) -> Show:
    found = _Modifiers()
    if stream.accept("LIKE"):
        found.like = stream.string()
    if form.places and (form.must or stream.at("IN")):
        stream.expect("IN")
        found.scope = _place(stream, form)
    _page(stream, found)
    if form.kind is ShowKind.SERVICES and stream.accept("OF TYPE"):
        types = [stream.plain_name().last]
        while stream.accept_symbol(","):
            types.append(stream.plain_name().last)
        found.of_type = tuple(types)
    return Show(
        form.kind,
        scope=found.scope,
        like=found.like,
        starts_with=found.starts_with,
        limit=found.limit,
        limit_from=found.limit_from,
        jobs=jobs,
        of_type=found.of_type,
    )


def _page(stream: TokenStream, found: _Modifiers) -> None:
    if stream.accept("STARTS WITH"):
        found.starts_with = stream.string()
    if stream.accept("LIMIT"):
        found.limit = stream.integer()
        if stream.accept("FROM"):
            found.limit_from = stream.string()


def _place(stream: TokenStream, form: _Form) -> Scope:
    kind = stream.accept_one_of(form.places)
    if kind is None:
        if form.bare_schema and stream.at_name():
            return Scope("SCHEMA", stream.name())
        kind = stream.expect_one_of(form.places)
    return Scope(kind, _optional_name(stream, kind))


def _optional_name(stream: TokenStream, kind: str) -> Name | None:
    """`IN DATABASE` alone is the current one; the words that may follow SHOW are no names here."""
    if kind in ("ACCOUNT", "SESSION"):
        return None
    if kind in _NAMELESS and (stream.at("STARTS WITH") or stream.at("OF TYPE")):
        return None
    if kind in _NAMELESS and not stream.at_name():
        return None
    return stream.name()


def _show_parameters(stream: TokenStream) -> Show:
    like = stream.string() if stream.accept("LIKE") else None
    scope = None
    if stream.accept("IN") or stream.accept("FOR"):
        kind = stream.expect_one_of(_PARAMETER_PLACES)
        scope = Scope(kind, _optional_name(stream, kind))
    return Show(ShowKind.PARAMETERS, scope=scope, like=like)


def _show_grants(stream: TokenStream) -> Show:
    """`SHOW GRANTS [ON … | TO … | OF ROLE …]`; without any, those of the current user."""
    grants: tuple[str, Scope] | None = None
    if stream.accept("ON"):
        if stream.accept("ACCOUNT"):
            grants = ("ON", Scope("ACCOUNT"))
        else:
            kind = OBJECT_KINDS[stream.expect_one_of(OBJECT_KINDS)]
            grants = ("ON", Scope(kind.value, stream.name()))
    elif stream.accept("TO"):
        kind_word = stream.expect_one_of(("ROLE", "USER"))
        grants = ("TO", Scope(kind_word, stream.name()))
    elif stream.accept("OF"):
        stream.expect("ROLE")
        grants = ("OF", Scope("ROLE", stream.name()))
    found = _Modifiers()
    if stream.accept("LIMIT"):
        found.limit = stream.integer()
    return Show(ShowKind.GRANTS, limit=found.limit, grants=grants)


def describe(stream: TokenStream) -> Describe:
    """What follows DESC or DESCRIBE."""
    kind = OBJECT_KINDS[stream.expect_one_of(OBJECT_KINDS)]
    return Describe(kind, stream.name())
