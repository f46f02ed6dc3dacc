"""CREATE, ALTER and EXECUTE of services (contract 1.7 to 1.9)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.results import unsupported
from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    CreateService,
    ExecuteJobService,
    Literal,
    Name,
    ObjectKind,
    PropertyValue,
    SpecSource,
)
from spcs_worker_tui.sandbox.sql.tokens import TokenKind

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.sql.stream import TokenStream

SET_PROPERTIES = frozenset(
    {
        "MIN_INSTANCES",
        "MAX_INSTANCES",
        "LOG_LEVEL",
        "AUTO_SUSPEND_SECS",
        "MIN_READY_INSTANCES",
        "QUERY_WAREHOUSE",
        "AUTO_RESUME",
        "EXTERNAL_ACCESS_INTEGRATIONS",
        "COMMENT",
    }
)
"""All that SET and UNSET know: nothing in it is an environment variable (contract 1.8)."""

_JOB_PROPERTIES = frozenset(
    {
        "NAME",
        "ASYNC",
        "REPLICAS",
        "QUERY_WAREHOUSE",
        "COMMENT",
        "EXTERNAL_ACCESS_INTEGRATIONS",
    }
)


@dataclass(slots=True)
class _Clauses:
    """The clauses of CREATE SERVICE and EXECUTE JOB SERVICE, whose order is free."""

    compute_pool: Name | None = None
    spec: SpecSource | None = None
    properties: dict[str, PropertyValue] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


def create_service(stream: TokenStream) -> CreateService:
    """What follows CREATE SERVICE."""
    if_not_exists = stream.accept("IF NOT EXISTS")
    name = stream.name()
    clauses, pool, spec = _clauses(stream, SET_PROPERTIES)
    return CreateService(
        name,
        pool,
        spec,
        if_not_exists=if_not_exists,
        properties=clauses.properties,
        tags=clauses.tags,
    )


def execute_job_service(stream: TokenStream) -> ExecuteJobService:
    """What follows EXECUTE."""
    stream.expect("JOB SERVICE")
    clauses, pool, spec = _clauses(stream, _JOB_PROPERTIES)
    return ExecuteJobService(pool, spec, properties=clauses.properties, tags=clauses.tags)


def _clauses(stream: TokenStream, known: Collection[str]) -> tuple[_Clauses, Name, SpecSource]:
    found = _Clauses()
    while not stream.at_end():
        if found.compute_pool is None and stream.accept("IN COMPUTE POOL"):
            found.compute_pool = stream.name()
        elif found.spec is None and stream.accept("FROM"):
            found.spec = spec_source(stream)
        elif not found.tags and (stream.at("WITH TAG") or stream.at("TAG")):
            found.tags = tag_clause(stream)
        elif stream.token.upper in known and stream.token.upper not in found.properties:
            found.properties.update(stream.properties(known - found.properties.keys()))
        else:
            raise stream.fail()
    if found.compute_pool is None or found.spec is None:
        raise stream.fail()
    return found, found.compute_pool, found.spec


def spec_source(stream: TokenStream) -> SpecSource:
    """What follows FROM.

    Raises:
        SqlError: 000002 for `FROM SPECIFICATION_FILE`, the form of native applications.
    """
    if stream.accept("SPECIFICATION"):
        return SpecSource(text=stream.string())
    if stream.accept("SPECIFICATION_TEMPLATE"):
        text = stream.string()
        return SpecSource(text=text, using=_using(stream))
    if stream.at("SPECIFICATION_FILE") or stream.at("SPECIFICATION_TEMPLATE_FILE"):
        raise unsupported(f"{stream.token.upper} WITHOUT A STAGE")
    stage = stream.stage()
    if stream.accept("SPECIFICATION_FILE"):
        stream.expect_symbol("=")
        return SpecSource(stage=stage, file=stream.string())
    stream.expect("SPECIFICATION_TEMPLATE_FILE")
    stream.expect_symbol("=")
    file = stream.string()
    return SpecSource(stage=stage, file=file, using=_using(stream))


def _using(stream: TokenStream) -> dict[str, Literal]:
    """`USING (key => value, …)`; without it a template has no values."""
    values: dict[str, Literal] = {}
    if not stream.accept("USING"):
        return values
    stream.expect_symbol("(")
    while not stream.at_symbol(")"):
        # Templates tell upper from lower case, so the key stays as written.
        key = _template_key(stream)
        stream.expect_symbol("=>")
        values[key] = stream.literal()
        if not stream.accept_symbol(","):
            break
        if stream.at_symbol(")"):
            raise stream.fail()
    stream.expect_symbol(")")
    return values


def _template_key(stream: TokenStream) -> str:
    token = stream.token
    if token.kind is TokenKind.WORD:
        return stream.advance().text
    if token.kind in (TokenKind.QUOTED, TokenKind.STRING):
        return stream.advance().value
    raise stream.fail()


def tag_clause(stream: TokenStream) -> dict[str, str]:
    """`[WITH] TAG (k = 'v', …)`."""
    stream.accept("WITH")
    stream.expect("TAG")
    stream.expect_symbol("(")
    tags = tag_list(stream)
    stream.expect_symbol(")")
    return tags


def tag_list(stream: TokenStream) -> dict[str, str]:
    """`k = 'v', …`; a tag's name may be qualified."""
    tags: dict[str, str] = {}
    while True:
        key = str(stream.name())
        stream.expect_symbol("=")
        tags[key] = stream.string()
        if not stream.accept_symbol(","):
            return tags


def alter_service(stream: TokenStream, name: Name, *, if_exists: bool) -> Alter:
    """The action of ALTER SERVICE, where it is not the same for every kind of object."""
    if stream.accept("FROM"):
        spec = spec_source(stream)
        return Alter(ObjectKind.SERVICE, name, "FROM", if_exists=if_exists, spec=spec)
    if stream.accept("RESTORE VOLUME"):
        raise unsupported("RESTORE VOLUME")
    if stream.accept("FORCE"):
        raise unsupported("FORCE")
    raise stream.fail()
