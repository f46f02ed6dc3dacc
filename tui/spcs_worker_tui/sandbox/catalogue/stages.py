"""Stages and the files on them (contract 1.13)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.listing import (
    Field,
    constant,
    flag,
    moment,
    tabulate,
    text,
)
from spcs_worker_tui.sandbox.catalogue.model import Stage
from spcs_worker_tui.sandbox.catalogue.names import dotted, find, in_scope, select
from spcs_worker_tui.sandbox.catalogue.objects import (
    existing,
    grants_for_new,
    met_existing,
    place_for,
)
from spcs_worker_tui.sandbox.catalogue.privileges import require
from spcs_worker_tui.sandbox.catalogue.properties import comment, truth
from spcs_worker_tui.sandbox.catalogue.refusals import executed, invalid_value, refused
from spcs_worker_tui.sandbox.results import Column, Kind, SqlError, Table, status
from spcs_worker_tui.sandbox.sql.ast import (
    Alter,
    Create,
    ListFiles,
    ObjectKind,
    PropertyValue,
    RemoveFiles,
    Show,
    StagePath,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context

_FIELDS: tuple[Field[Stage], ...] = (
    moment("created_on", lambda stage: stage.created_on),
    text("name", lambda stage: stage.key[2]),
    text("database_name", lambda stage: stage.key[0]),
    text("schema_name", lambda stage: stage.key[1]),
    constant("url", ""),
    constant("has_credentials", "N"),
    constant("has_encryption_key", "N"),
    text("owner", lambda stage: stage.grants.owner),
    text("comment", lambda stage: stage.comment),
    constant("region"),
    constant("type", "INTERNAL"),
    constant("cloud"),
    constant("storage_integration"),
    constant("endpoint"),
    constant("owner_role_type", "ROLE"),
    flag("directory_enabled", lambda stage: stage.directory),
)


def resolve_stage(context: Context, path: StagePath, *any_of: str) -> Stage:
    """The stage of a path, for a role that holds one of the privileges on it.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    stage = find(
        context, context.account.stages, path.stage, kind="Stage", operation="stage access"
    )
    require(context.roles, stage.grants, any_of, kind="Stage", name=dotted(stage.key))
    return stage


def file_text(context: Context, path: StagePath, name: str) -> str | None:
    """The text of a staged file, or None when the stage has no such file.

    Raises:
        SqlError: 002003, 003001 for the stage; 395018 for a file that is no text, such as one
            that PUT has compressed.
    """
    stage = resolve_stage(context, path, "READ")
    inside = name.strip("/")
    file = stage.files.get(f"{path.path.strip('/')}/{inside}" if path.path else inside)
    if file is None:
        return None
    try:
        return file.content.decode()
    except UnicodeDecodeError:
        raise SqlError(
            "395018", "22023", f"Invalid spec: file '{name}' on the stage is not text."
        ) from None


def create(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE] STAGE [IF NOT EXISTS]`.

    Raises:
        SqlError: 002002, 002003, 003001, 003041, 001008.
    """
    key = place_for(context, statement.name, ObjectKind.STAGE)
    taken = context.account.stages.get(key)
    answer = met_existing(
        context,
        dotted(key),
        taken.grants if taken else None,
        if_not_exists=statement.if_not_exists,
        replace=statement.or_replace,
    )
    if answer is not None:
        return answer
    stage = Stage(key, context.now, grants_for_new(context, ObjectKind.STAGE, key[0], key[1]))
    stage.comment = comment(statement.properties.get("COMMENT", "")) or ""
    stage.directory = _directory(statement.properties.get("DIRECTORY", {}))
    context.account.stages[key] = stage
    return status(f"Stage area {key[2]} successfully created.")


def _directory(value: PropertyValue) -> bool:
    if not isinstance(value, Mapping):
        raise invalid_value("DIRECTORY", value)
    return truth("ENABLE", value.get("ENABLE", False))


def alter(context: Context, statement: Alter) -> Table:
    """`ALTER STAGE … SET|UNSET COMMENT|DIRECTORY`.

    Raises:
        SqlError: 002003, 003001, 001008.
    """
    stage = existing(context, context.account.stages, statement)
    if stage is None or statement.action in ("SET TAG", "UNSET TAG"):
        return executed()
    if "DIRECTORY" in statement.properties:
        stage.directory = _directory(statement.properties["DIRECTORY"])
    if "COMMENT" in statement.properties:
        stage.comment = comment(statement.properties["COMMENT"]) or ""
    if "COMMENT" in statement.names:
        stage.comment = ""
    return executed()


def show(context: Context, statement: Show) -> Table:
    """`SHOW STAGES`.

    Raises:
        SqlError: 002003, 090105, 090106.
    """
    stages = in_scope(context, context.account.stages.values(), statement.scope)
    return tabulate(_FIELDS, select(stages, statement, lambda stage: stage.key[2]))


def list_files(context: Context, statement: ListFiles) -> Table:
    """`LIST @stage[/path] [PATTERN = '…']`.

    Raises:
        SqlError: 002003, 003001, and a refusal of a pattern that is no regular expression.
    """
    stage = resolve_stage(context, statement.target, "READ", "WRITE")
    columns = (
        Column("name"),
        Column("size", Kind.FIXED),
        Column("md5"),
        Column("last_modified"),
    )
    rows = [
        (
            f"{stage.key[2].lower()}/{path}",
            len(stage.files[path].content),
            stage.files[path].md5,
            _http_date(stage.files[path].last_modified),
        )
        for path in _matching(stage, statement)
    ]
    return Table(columns, rows)


def remove_files(context: Context, statement: RemoveFiles) -> Table:
    """`REMOVE @stage[/path] [PATTERN = '…']`.

    Raises:
        SqlError: As `list_files`, with WRITE.
    """
    stage = resolve_stage(context, statement.target, "WRITE")
    rows = []
    for path in _matching(stage, statement):
        del stage.files[path]
        rows.append((f"{stage.key[2].lower()}/{path}", "removed"))
    return Table((Column("name"), Column("result")), rows)


def _matching(stage: Stage, statement: ListFiles | RemoveFiles) -> list[str]:
    prefix = statement.target.path
    paths = sorted(path for path in stage.files if path.startswith(prefix))
    if statement.pattern is None:
        return paths
    try:
        pattern = re.compile(statement.pattern)
    except re.error as broken:
        raise refused(f"Invalid regular expression: '{statement.pattern}'.") from broken
    return [path for path in paths if pattern.fullmatch(f"{stage.key[2].lower()}/{path}")]


def _http_date(value: datetime) -> str:
    utc = value.astimezone(UTC)
    # The day has no leading zero (contract 1.13).
    return f"{utc:%a}, {utc.day} {utc:%b %Y %H:%M:%S} GMT"
