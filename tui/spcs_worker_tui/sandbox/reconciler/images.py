"""From the image name in a specification to the image in a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Account, Image

_PARTS = 4


class InvalidImageNameError(ValueError):
    """Contract 2.3: the name uses an invalid format."""


def find_image(account: Account, reference: str, digest: str) -> Image | None:
    """The image with this digest under the name `[host]/db/schema/repo/image[:tag]`.

    The tag plays no part: it was resolved when the specification was accepted and may have moved
    away since (contract 1.8). None means that the repository has no such image (any more).

    Raises:
        InvalidImageNameError: The name does not have these parts.
    """
    path = reference.removeprefix(account.registry_host).strip("/")
    parts = path.split("@")[0].split("/", 3)
    if len(parts) != _PARTS or not all(parts):
        raise InvalidImageNameError(reference)
    database, schema, repository_name, rest = parts
    name = rest.partition(":")[0]
    key = (database.upper(), schema.upper(), repository_name.upper())
    repository = account.image_repositories.get(key)
    if repository is None:
        return None
    wanted = digest.removeprefix("@")
    return next((i for i in repository.images if i.name == name and i.digest == wanted), None)
