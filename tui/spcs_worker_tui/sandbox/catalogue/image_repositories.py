"""Image repositories and the images in them (contract 1.11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue import objects
from spcs_worker_tui.sandbox.catalogue.listing import Field, constant, moment, tabulate, text
from spcs_worker_tui.sandbox.catalogue.model import Image, ImageRepository
from spcs_worker_tui.sandbox.catalogue.names import (
    dotted,
    find,
    in_scope,
    require_unquoted,
    select,
)
from spcs_worker_tui.sandbox.catalogue.privileges import require
from spcs_worker_tui.sandbox.catalogue.properties import comment, word
from spcs_worker_tui.sandbox.catalogue.refusals import executed, invalid_value
from spcs_worker_tui.sandbox.results import SqlError, Table, status, unsupported
from spcs_worker_tui.sandbox.sql.ast import Alter, Create, ObjectKind, Show

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context

_ENCRYPTIONS = ("SNOWFLAKE_FULL", "SNOWFLAKE_SSE")


def _path(repository: ImageRepository) -> str:
    return "/".join(repository.key).lower()


def repository_url(context: Context, repository: ImageRepository) -> str:
    """`<org>-<acct>.registry.snowflakecomputing.com/<db>/<schema>/<repo>`."""
    return f"{context.account.registry_host}/{_path(repository)}"


def show_repositories(context: Context, show: Show) -> Table:
    """`SHOW IMAGE REPOSITORIES`; `privatelink_repository_url` is for Business Critical only.

    Raises:
        SqlError: 002003, 090105, 090106.
    """
    fields: tuple[Field[ImageRepository], ...] = (
        moment("created_on", lambda repository: repository.created_on),
        text("name", lambda repository: repository.key[2]),
        text("database_name", lambda repository: repository.key[0]),
        text("schema_name", lambda repository: repository.key[1]),
        text("repository_url", lambda repository: repository_url(context, repository)),
        text("owner", lambda repository: repository.grants.owner),
        constant("owner_role_type", "ROLE"),
        text("comment", lambda repository: repository.comment),
        text("encryption", lambda repository: repository.encryption),
    )
    found = in_scope(context, context.account.image_repositories.values(), show.scope)
    return tabulate(fields, select(found, show, lambda repository: repository.key[2]))


@dataclass(frozen=True, slots=True)
class _Row:
    repository: ImageRepository
    image: Image


def _image_path(row: _Row) -> str:
    tags = sorted(row.image.tags)
    suffix = f":{tags[0]}" if tags else f"@{row.image.digest}"
    return f"{_path(row.repository)}/{row.image.name}{suffix}"


_IMAGE_FIELDS: tuple[Field[_Row], ...] = (
    moment("created_on", lambda row: row.image.created_on),
    text("image_name", lambda row: row.image.name),
    text("tags", lambda row: ", ".join(sorted(row.image.tags))),
    text("digest", lambda row: row.image.digest),
    text("image_path", _image_path),
)


def show_images(context: Context, show: Show) -> Table:
    """`SHOW IMAGES [LIKE …] IN IMAGE REPOSITORY`: one row per image.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    if show.scope is None or show.scope.name is None:
        raise SqlError("001003", "42000", "SQL compilation error:\nsyntax error: no repository.")
    repository = find(
        context,
        context.account.image_repositories,
        show.scope.name,
        kind="Image Repository",
        operation="SHOW",
    )
    require(
        context.roles,
        repository.grants,
        ("READ", "WRITE"),
        kind="Image Repository",
        name=dotted(repository.key),
    )
    rows = [_Row(repository, image) for image in repository.images]
    rows.sort(key=lambda row: (row.image.name, row.image.created_on))
    return tabulate(_IMAGE_FIELDS, select(rows, show, lambda row: row.image.name))


def create(context: Context, statement: Create) -> Table:
    """`CREATE [OR REPLACE] IMAGE REPOSITORY [IF NOT EXISTS]`.

    Raises:
        SqlError: 000904 for a name that needs quotes, 002002, 002003, 003001, 003041, 001008.
    """
    key = objects.place_for(context, statement.name, ObjectKind.IMAGE_REPOSITORY)
    require_unquoted(*key)
    taken = context.account.image_repositories.get(key)
    answer = objects.met_existing(
        context,
        dotted(key),
        taken.grants if taken else None,
        if_not_exists=statement.if_not_exists,
        replace=statement.or_replace,
    )
    if answer is not None:
        return answer
    grants = objects.grants_for_new(context, ObjectKind.IMAGE_REPOSITORY, key[0], key[1])
    repository = ImageRepository(key, context.now, grants)
    repository.comment = comment(statement.properties.get("COMMENT", "")) or ""
    if "ENCRYPTION" in statement.properties:
        encryption = statement.properties["ENCRYPTION"]
        if not isinstance(encryption, Mapping) or set(encryption) != {"TYPE"}:
            raise invalid_value("ENCRYPTION", encryption)
        repository.encryption = word("ENCRYPTION", encryption["TYPE"], _ENCRYPTIONS)
    context.account.image_repositories[key] = repository
    return status(f"Image Repository {key[2]} successfully created.")


def alter(context: Context, statement: Alter) -> Table:
    """`ALTER IMAGE REPOSITORY … SET COMMENT`; there is no UNSET.

    Raises:
        SqlError: 002003, 003001, 001008, 000002.
    """
    repository = objects.existing(context, context.account.image_repositories, statement)
    if repository is None:
        return executed()
    if statement.action == "UNSET":
        raise unsupported("UNSET")
    if "COMMENT" in statement.properties:
        repository.comment = comment(statement.properties["COMMENT"]) or ""
    return executed()
