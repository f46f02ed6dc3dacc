"""Which image is meant, and which digest its tag has now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError, StatementRefusedError
from spcs_worker_tui.domain.nearest import nearest
from spcs_worker_tui.domain.sync import ImageReference, image_reference
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ImageSnapshot
    from spcs_worker_tui.domain.ports import SnowflakeSession
    from spcs_worker_tui.domain.spec_document import DeployedDocument, SpecDocument
    from spcs_worker_tui.operations.update.wish import Wish

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_SHOWN_TAGS = 5


@dataclass(frozen=True, slots=True)
class Resolved:
    """A specification with its images chosen.

    Attributes:
        digests: Container to what its image's tag means now, where that could be read.
        unread: Why it could not be read, one sentence for each image repository.
    """

    document: SpecDocument
    digests: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


async def resolve(
    session: SnowflakeSession, wish: Wish, deployed: DeployedDocument | None
) -> Resolved:
    """Choose the image that is wished for, and look up what all images' tags mean now.

    Raises:
        ConfigurationError: The image is not there, or nobody said which.
        SnowflakeError: The repository cannot be read now.
    """
    document = chosen(wish, deployed)
    references = {name: image_reference(image) for name, image in document.images.items()}
    repositories = {found.repository for found in references.values() if found is not None}
    listed, unread = await _listed(session, sorted(repositories))
    digests: dict[str, str] = {}
    for container, reference in references.items():
        if wish.coming and container == document.container(wish.container):
            digests[container] = wish.coming
            continue
        image = document.images[container]
        images = listed.get(reference.repository) if reference else None
        _, _, pinned = image.partition("@")
        if reference is None or images is None:
            digests.update({container: pinned} if pinned else {})
            continue
        found = _find(images, reference, pinned)
        if found is None:
            raise _missing(images, reference, pinned)
        digests[container] = found.digest
        if pinned and not _tag_of(image) and found.tags:
            # A tag beside the digest says to people, and to the server, what it is.
            name = image.partition("@")[0]
            document = document.with_image(f"{name}:{found.tags[0]}@{pinned}", container)
    return Resolved(document, digests, unread)


def chosen(wish: Wish, deployed: DeployedDocument | None) -> SpecDocument:
    """The wished document with the wished image, by tag or by digest.

    Raises:
        ConfigurationError: Nobody said which image, or not so that it can be one.
    """
    document = wish.document
    if document is None:
        if deployed is None:
            raise ConfigurationError("there is no specification to start from")
        # What is not wished for stays on the images that it has, whatever their tags are now.
        document = deployed.pinned if wish.image else deployed.document
    container = document.container(wish.container)
    name = wish.image_name or _name(document.images[container])
    if "/" in wish.image:
        return document.with_image(wish.image, container)
    if match := _DIGEST.fullmatch(wish.image):
        return document.with_image(f"{name}@sha256:{match[1]}", container)
    if wish.image and not _TAG.fullmatch(wish.image):
        raise ConfigurationError(
            f"{one_line(wish.image, 80)!r} is neither a tag nor a digest",
            next_step="A tag has letters, digits and . _ -, a digest is sha256: and 64 digits.",
        )
    if wish.image:
        return document.with_image(f"{name}:{wish.image}", container)
    if not wish.image_name:
        return document
    tag = _deployed_tag(wish, deployed) or wish.fallback_tag
    if not tag:
        raise ConfigurationError(
            "nobody said which image to deploy", next_step="Say it with --image TAG."
        )
    return document.with_image(f"{name}:{tag}", container)


def _deployed_tag(wish: Wish, deployed: DeployedDocument | None) -> str:
    """The tag that the service has now, if it is of the same image."""
    image = deployed.document.images.get(wish.container, "") if deployed else ""
    now, wanted = image_reference(image), image_reference(wish.image_name)
    if now is None or wanted is None:
        return ""
    same = (now.repository, now.name) == (wanted.repository, wanted.name)
    return _tag_of(image) if same else ""


async def _listed(
    session: SnowflakeSession, repositories: Sequence[str]
) -> tuple[dict[str, tuple[ImageSnapshot, ...]], tuple[str, ...]]:
    """What each repository has in it; without the privilege to read one, why not."""

    async def read(repository: str) -> tuple[ImageSnapshot, ...] | str:
        try:
            return await session.show_images(repository)
        except StatementRefusedError as error:
            return (
                f"Image repository {repository} cannot be read ({error}): "
                "whether the image is there is found out by the account."
            )

    answers = await asyncio.gather(*(read(repository) for repository in repositories))
    paired = list(zip(repositories, answers, strict=True))
    listed = {repository: a for repository, a in paired if not isinstance(a, str)}
    return listed, tuple(answer for _, answer in paired if isinstance(answer, str))


def _find(
    images: Sequence[ImageSnapshot], reference: ImageReference, pinned: str
) -> ImageSnapshot | None:
    own = [image for image in images if image.image_name == reference.name]
    if pinned:
        return next((image for image in own if image.digest == pinned), None)
    return next((image for image in own if reference.tag in image.tags), None)


def _missing(
    images: Sequence[ImageSnapshot], reference: ImageReference, pinned: str
) -> ConfigurationError:
    own = [image for image in images if image.image_name == reference.name]
    if not own:
        names = sorted({image.image_name for image in images})
        return ConfigurationError(
            f"there is no image {reference.name!r} in {reference.repository}"
            f"{nearest(reference.name, names)}",
            next_step=f"It holds {', '.join(names[:_SHOWN_TAGS]) or 'nothing'}: push it first.",
        )
    tags = [tag for image in reversed(own) for tag in image.tags]
    what = f"with the digest {pinned}" if pinned else f"with the tag {reference.tag!r}"
    return ConfigurationError(
        f"there is no image {reference.name} {what} in {reference.repository}"
        f"{'' if pinned else nearest(reference.tag, tags)}",
        next_step=f"Its tags are {', '.join(tags[:_SHOWN_TAGS]) or 'none'}: push it first.",
    )


def _name(image: str) -> str:
    """The image without tag and digest."""
    path = image.partition("@")[0]
    return path[: -len(_tag_of(image)) - 1] if _tag_of(image) else path


def _tag_of(image: str) -> str:
    last = image.partition("@")[0].rpartition("/")[2]
    return last.partition(":")[2]
