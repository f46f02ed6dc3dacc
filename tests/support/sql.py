"""Statements made from their syntax trees, for tests that read them back."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    Create,
    CreateService,
    Describe,
    Drop,
    ExecuteJobService,
    Name,
    ObjectKind,
    PropertyValue,
    Scope,
    Show,
    ShowKind,
    SpecSource,
    StagePath,
    Statement,
    Use,
)
from spcs_worker_tui.sandbox.sql.kinds import KIND_RULES
from spcs_worker_tui.sandbox.sql.services import SET_PROPERTIES
from spcs_worker_tui.sandbox.sql.stream import RESERVED

Pieces = list[str]
"""A statement's tokens, between which white space and comments may stand."""

# Words that the grammar reads as its own where a name could stand as well.
_AMBIGUOUS = frozenset(
    [
        "IDENTIFIER",
        "IF",
        "OR",
        "WITH",
        "TAG",
        "STARTS",
        "OF",
        "ACCOUNT",
        "DATABASE",
        "SCHEMA",
        "COMPUTE",
        "SERVICE",
        "ROLE",
        "WAREHOUSE",
        "SECONDARY",
        "EXCLUDE",
        "FORCE",
        "CASCADE",
        "RESTRICT",
        "FOR",
        "SUSPEND",
        "RESUME",
        "STOP",
        "RENAME",
        "NONE",
    ]
)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_UNQUOTED = st.from_regex(rf"[{_LETTERS}][{_LETTERS}0-9$]{{0,12}}", fullmatch=True).filter(
    lambda word: word not in RESERVED | _AMBIGUOUS
)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_QUOTED = _TEXT.filter(bool)


@st.composite
def names(draw: DrawFn, max_parts: int = 3) -> Name:
    """Qualified or not; each part quoted or not."""
    parts = draw(
        st.lists(
            st.one_of(_UNQUOTED.map(lambda w: (w, False)), _QUOTED.map(lambda w: (w, True))),
            min_size=1,
            max_size=max_parts,
        )
    )
    return Name(tuple(part for part, _ in parts), tuple(quoted for _, quoted in parts))


_LITERALS = st.one_of(
    _TEXT,
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
_VALUES: SearchStrategy[PropertyValue] = st.recursive(
    st.one_of(_LITERALS, names()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(_UNQUOTED, inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)


def _properties(
    known: frozenset[str], *, least: int = 0
) -> SearchStrategy[dict[str, PropertyValue]]:
    return st.dictionaries(st.sampled_from(sorted(known)), _VALUES, min_size=least, max_size=4)


_STAGES = st.builds(
    StagePath, names(), st.from_regex(r"([a-z0-9._-]+(/[a-z0-9._-]+){0,2})?", fullmatch=True)
)
_TEMPLATE_VALUES = st.dictionaries(
    st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True), _LITERALS, max_size=3
)
_BODIES = _TEXT.filter(lambda text: "$" not in text)
_SPECS = st.one_of(
    st.builds(SpecSource, text=_BODIES),
    st.builds(SpecSource, text=_BODIES, using=_TEMPLATE_VALUES),
    st.builds(SpecSource, stage=_STAGES, file=_TEXT),
    st.builds(SpecSource, stage=_STAGES, file=_TEXT, using=_TEMPLATE_VALUES),
)
_TAGS = st.dictionaries(_UNQUOTED, _TEXT, max_size=2)
_JOB = frozenset({"NAME", "ASYNC", "REPLICAS", "COMMENT"})


@st.composite
def _shows(draw: DrawFn) -> Show:
    scope = draw(
        st.one_of(
            st.none(),
            st.just(Scope("ACCOUNT")),
            st.sampled_from(["DATABASE", "SCHEMA"]).flatmap(
                lambda kind: st.builds(Scope, st.just(kind), st.one_of(st.none(), names(2)))
            ),
            st.builds(Scope, st.just("COMPUTE POOL"), names(1)),
        )
    )
    limit = draw(st.one_of(st.none(), st.integers(0, 10**6)))
    return Show(
        ShowKind.SERVICES,
        scope=scope,
        like=draw(st.one_of(st.none(), _TEXT)),
        starts_with=draw(st.one_of(st.none(), _TEXT)),
        limit=limit,
        limit_from=draw(_TEXT) if limit is not None and draw(st.booleans()) else None,
        jobs=draw(st.sampled_from([None, True, False])),
    )


@st.composite
def _creates(draw: DrawFn) -> Create:
    kind = draw(st.sampled_from([kind for kind in ObjectKind if kind is not ObjectKind.SERVICE]))
    rules = KIND_RULES[kind]
    properties = draw(_properties(rules.create))
    for key in sorted(rules.required - properties.keys()):
        properties[key] = draw(_VALUES)
    return Create(
        kind,
        draw(names()),
        or_replace=rules.replaceable and draw(st.booleans()),
        if_not_exists=rules.creatable_if_missing and draw(st.booleans()),
        properties=properties,
        tags=draw(_TAGS) if rules.taggable else {},
    )


@st.composite
def _alters(draw: DrawFn) -> Alter:
    kind = draw(st.sampled_from(sorted(ObjectKind)))
    rules = KIND_RULES[kind]
    actions = [*rules.actions, "SET"]
    actions += ["UNSET"] if rules.unsettable else []
    actions += ["FROM"] if kind is ObjectKind.SERVICE else []
    action = draw(st.sampled_from(actions))
    keys = st.lists(
        st.sampled_from(sorted(rules.unsettable or {"COMMENT"})), min_size=1, max_size=3
    )
    return Alter(
        kind,
        draw(names()),
        action,
        if_exists=draw(st.booleans()),
        spec=draw(_SPECS) if action == "FROM" else None,
        properties=draw(_properties(rules.settable, least=1)) if action == "SET" else {},
        names=tuple(draw(keys)) if action == "UNSET" else (),
    )


STATEMENTS: SearchStrategy[Statement] = st.one_of(
    _shows(),
    _creates(),
    _alters(),
    st.builds(
        CreateService,
        names(),
        names(1),
        _SPECS,
        if_not_exists=st.booleans(),
        properties=_properties(SET_PROPERTIES),
        tags=_TAGS,
    ),
    st.builds(ExecuteJobService, names(1), _SPECS, properties=_properties(_JOB), tags=_TAGS),
    st.builds(Describe, st.sampled_from(sorted(ObjectKind)), names()),
    st.builds(Drop, st.sampled_from(sorted(ObjectKind)), names(), if_exists=st.booleans()),
    st.builds(Use, st.sampled_from(["ROLE", "DATABASE", "SCHEMA", "WAREHOUSE"]), names(2)),
)


def literal(value: PropertyValue) -> Pieces:
    """A value after `=`."""
    if isinstance(value, Name):
        return name(value)
    if isinstance(value, tuple):
        inside = [piece for item in value for piece in [",", *literal(item)]]
        return ["(", *inside[1:], ")"]
    if isinstance(value, Mapping):
        inside = [piece for key, item in value.items() for piece in [key, "=", *literal(item)]]
        return ["(", *inside, ")"]
    if isinstance(value, str):
        return [text(value)]
    if value is None or isinstance(value, bool):
        return [str(value).upper() if value is not None else "NULL"]
    return [repr(value)]


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def name(value: Name) -> Pieces:
    """A name; its parts hang together, so that it is one piece."""
    return [
        ".".join(
            '"' + part.replace('"', '""') + '"' if quoted else part
            for part, quoted in zip(value.parts, value.quoted, strict=True)
        )
    ]


def _assignments(values: Mapping[str, PropertyValue]) -> Pieces:
    return [piece for key, value in values.items() for piece in [key, "=", *literal(value)]]


def _tags(values: Mapping[str, str]) -> Pieces:
    if not values:
        return []
    inside = [piece for key, item in values.items() for piece in [",", key, "=", text(item)]]
    return ["WITH", "TAG", "(", *inside[1:], ")"]


def _spec(spec: SpecSource) -> Pieces:
    suffix = "" if spec.using is None else "_TEMPLATE"
    using: Pieces = []
    if spec.using is not None:
        inside = [
            piece for k, v in spec.using.items() for piece in [",", f'"{k}"', "=>", *literal(v)]
        ]
        using = ["USING", "(", *inside[1:], ")"]
    if spec.text is not None:
        return ["FROM", f"SPECIFICATION{suffix}", f"$${spec.text}$$", *using]
    assert spec.stage is not None
    assert spec.file is not None
    place = "@" + name(spec.stage.stage)[0] + (f"/{spec.stage.path}" if spec.stage.path else "")
    return ["FROM", place, f"SPECIFICATION{suffix}_FILE", "=", text(spec.file), *using]


def _scope(scope: Scope | None) -> Pieces:
    if scope is None:
        return []
    return ["IN", *scope.kind.split(" "), *(name(scope.name) if scope.name else [])]


def pieces(statement: Statement) -> Pieces:  # noqa: PLR0911 - one for each kind
    """The tokens of a statement."""
    match statement:
        case Show():
            return _show(statement)
        case CreateService():
            missing = ["IF", "NOT", "EXISTS"] if statement.if_not_exists else []
            return [
                *("CREATE", "SERVICE", *missing, *name(statement.name)),
                *("IN", "COMPUTE", "POOL", *name(statement.compute_pool)),
                *_spec(statement.spec),
                *_assignments(statement.properties),
                *_tags(statement.tags),
            ]
        case ExecuteJobService():
            return [
                *("EXECUTE", "JOB", "SERVICE"),
                *("IN", "COMPUTE", "POOL", *name(statement.compute_pool)),
                *_spec(statement.spec),
                *_assignments(statement.properties),
                *_tags(statement.tags),
            ]
        case Create():
            replace = ["OR", "REPLACE"] if statement.or_replace else []
            missing = ["IF", "NOT", "EXISTS"] if statement.if_not_exists else []
            return [
                *("CREATE", *replace, *statement.kind.split(" "), *missing),
                *name(statement.name),
                *_assignments(statement.properties),
                *_tags(statement.tags),
            ]
        case Alter():
            return _alter(statement)
        case Describe():
            return ["DESCRIBE", *statement.kind.split(" "), *name(statement.name)]
        case Drop():
            exists = ["IF", "EXISTS"] if statement.if_exists else []
            return ["DROP", *statement.kind.split(" "), *exists, *name(statement.name)]
        case Use():
            return ["USE", statement.kind, *name(statement.name)]
        case _:
            raise NotImplementedError(statement)


def _show(show: Show) -> Pieces:
    return [
        *("SHOW", *(["JOB"] if show.jobs else []), "SERVICES"),
        *(["EXCLUDE", "JOBS"] if show.jobs is False else []),
        *(["LIKE", text(show.like)] if show.like is not None else []),
        *_scope(show.scope),
        *(["STARTS", "WITH", text(show.starts_with)] if show.starts_with is not None else []),
        *(["LIMIT", str(show.limit)] if show.limit is not None else []),
        *(["FROM", text(show.limit_from)] if show.limit_from is not None else []),
    ]


def _alter(alter: Alter) -> Pieces:
    exists = ["IF", "EXISTS"] if alter.if_exists else []
    head = ["ALTER", *alter.kind.split(" "), *exists, *name(alter.name)]
    if alter.spec is not None:
        return [*head, *_spec(alter.spec)]
    names_listed = [piece for key in alter.names for piece in [",", key]]
    return [*head, alter.action, *_assignments(alter.properties), *names_listed[1:]]


GAPS = st.sampled_from([" ", "\n", "\t", "  ", " /* ; ' */ ", " -- it's\n", " // $$\n"])


@st.composite
def spelled(draw: DrawFn, statement: Statement) -> str:
    """The statement as text: any letter case for what is not quoted, any gaps."""
    shown: list[str] = []
    for piece in pieces(statement):
        plain = not any(mark in piece for mark in "'\"$@=")
        change = draw(st.sampled_from([str.upper, str.lower, str.title])) if plain else str
        shown += [draw(GAPS), change(piece)]
    return "".join(shown[1:])
