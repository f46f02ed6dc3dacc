"""A specification against the account: images to digests, secrets, public endpoints.

Done at CREATE and at ALTER … FROM only; RESUME uses what was stored (contract 1.8).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.catalogue.privileges import holds, require, require_on_account, sees
from spcs_worker_tui.sandbox.catalogue.spec.checks import invalid
from spcs_worker_tui.sandbox.results import SqlError, does_not_exist

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Image, Qualified, Secret

_PATH_PARTS = 4
_REFERENCE = re.compile(
    r"(?P<path>[a-z0-9][\w./-]*?)(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.IGNORECASE | re.ASCII,
)
_KEYS = {
    "GENERIC_STRING": {"secret_string"},
    "PASSWORD": {"username", "password"},
    "OAUTH2": {"access_token"},
}
"""Which `secretKeyRef` goes with which type of secret (contract 3.2)."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """A specification whose images are written out, and what they were resolved to."""

    spec: dict[str, Any]
    digests: dict[str, str]


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`/db/schema/repo/image:tag`, taken apart. The names are folded, the image's is not."""

    repository: Qualified
    image: str
    tag: str
    digest: str | None

    def path(self) -> str:
        """`db/schema/repo/image:tag`, as SHOW IMAGES and DESCRIBE write it."""
        return f"{'/'.join(self.repository).lower()}/{self.image}:{self.tag}"


def pin(context: Context, spec: dict[str, Any], owners: Collection[str], key: Qualified) -> Pinned:
    """Resolve what a checked specification refers to, with the rights of the service's owner.

    Args:
        context: The account is read, nothing is changed.
        spec: As `parse_spec` returns it.
        owners: The effective roles of the service's owner.
        key: The service's; unqualified secrets are in its schema.

    Raises:
        SqlError: An image, secret or privilege is missing.
    """
    digests, containers = {}, []
    for container in spec["spec"]["containers"]:
        reference = image_reference(context, container["image"])
        digests[container["name"]] = _resolve(context, reference, container["image"], owners).digest
        image = f"{context.account.registry_host}/{reference.path()}"
        containers.append({**container, "image": image})
        for entry in container.get("secrets", ()):
            _check_secret(context, entry, owners, key)
    if any(endpoint.get("public") for endpoint in spec["spec"].get("endpoints", ())):
        require_on_account(context.account, owners, "BIND SERVICE ENDPOINT")
    return Pinned({**spec, "spec": {**spec["spec"], "containers": containers}}, digests)


def image_reference(context: Context, text: str) -> ImageReference:
    """Take an image reference apart.

    Raises:
        SqlError: 395018 when it is malformed or names another registry.
    """
    path = text.removeprefix(context.account.registry_host + "/").removeprefix("/")
    match = _REFERENCE.fullmatch(path)
    parts = match["path"].split("/") if match else []
    if match is None or len(parts) < _PATH_PARTS or not all(parts):
        raise invalid(
            "image",
            f"'{text}' is not of the form /<database>/<schema>/<repository>/<image>:<tag>",
        )
    database, schema, repository, *image = parts
    return ImageReference(
        (database.upper(), schema.upper(), repository.upper()),
        "/".join(image),
        match["tag"] or "latest",
        match["digest"],
    )


def _resolve(
    context: Context, reference: ImageReference, text: str, owners: Collection[str]
) -> Image:
    repository = context.account.image_repositories.get(reference.repository)
    if repository is not None and holds(owners, repository.grants, ("READ",)):
        # The newest first: a tag that moved is on the image that was pushed last.
        for image in reversed(repository.images):
            same = image.digest == reference.digest
            tagged = reference.digest is None and reference.tag in image.tags
            if image.name == reference.image and (same or tagged):
                return image
    raise SqlError(
        context.missing_image_code,
        "22023",
        f"Invalid spec: invalid 'image'. Image '{text}' does not exist or not authorized.",
    )


def secret_key(entry: Mapping[str, Any], service: Qualified) -> Qualified | None:
    """The secret that an element of `secrets` names; None for a reference of a native app."""
    reference = entry["snowflakeSecret"]
    name = reference if isinstance(reference, str) else reference.get("objectName")
    if name is None:
        return None
    quoted_or_plain = re.findall(r'"(?:[^"]|"")*"|[^."]+', name)
    parts = [
        part[1:-1].replace('""', '"') if part.startswith('"') else part.upper()
        for part in quoted_or_plain
    ]
    database, schema, last = [*service[: max(0, 3 - len(parts))], *parts][:3]
    return database, schema, last


def _check_secret(
    context: Context, entry: Mapping[str, Any], owners: Collection[str], service: Qualified
) -> None:
    key = secret_key(entry, service)
    if key is None:
        raise invalid("snowflakeSecret", "objectReference is for native apps")
    name = ".".join(key)
    secret = context.account.secrets.get(key)
    if secret is None or not _reachable(context, key, owners):
        raise does_not_exist("Secret", name)
    require(owners, secret.grants, ("READ",), kind="Secret", name=name)
    if "envVarName" in entry:
        _check_key(entry, secret)


def _reachable(context: Context, key: Qualified, owners: Collection[str]) -> bool:
    database = context.account.databases.get(key[0])
    schema = database.schemas.get(key[1]) if database else None
    return (
        database is not None
        and schema is not None
        and sees(owners, database.grants)
        and sees(owners, schema.grants)
    )


def _check_key(entry: Mapping[str, Any], secret: Secret) -> None:
    keys = _KEYS.get(secret.secret_type, set())
    if "secretKeyRef" not in entry:
        if secret.secret_type != "OAUTH2":  # noqa: S105 - a type
            raise invalid("secrets", "envVarName needs secretKeyRef")
    elif entry["secretKeyRef"] not in keys:
        raise invalid(
            "secretKeyRef",
            f"A secret of type {secret.secret_type} has no {entry['secretKeyRef']}",
        )
