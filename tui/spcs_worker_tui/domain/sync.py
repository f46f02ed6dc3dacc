"""Is what runs what was pushed and written? A second word beside the verdict, never part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from spcs_worker_tui.domain.fleet import (
    ImageSnapshot,
    Observation,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.settings import FILE_NAME
from spcs_worker_tui.domain.verdict import Sync

_DIGEST_LENGTH = 12
_NAMED_FIELDS = 8
_ALTERED = (
    "the deployed spec is not the one applied here: it was altered since, from elsewhere; "
    "the next update shows what differs"
)
_NO_LOCAL_SPEC = "no local spec to compare with"

Images = Observation[tuple[ImageSnapshot, ...]]


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image as a spec or a container row names it, taken apart.

    `repository` is `db/schema/repository` in lower case; `tag` is empty where a digest pins it.
    """

    repository: str
    name: str
    tag: str

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}" if self.tag else self.name


@dataclass(frozen=True, slots=True)
class DeployedImage:
    """What one container runs, or would run if it were started now.

    `instance_id` is None where no container runs: RESUME takes the digest that the deployed spec
    is pinned to, not the one that the tag points at by then (contract 2).
    """

    container: str
    image: str
    digest: str
    instance_id: int | None = None


@dataclass(frozen=True, slots=True)
class SyncWord:
    """The word, and what it means here."""

    word: Sync
    detail: str = ""


def image_reference(image: str) -> ImageReference | None:
    """Take `[host/]db/schema/repository/name[:tag][@digest]` apart, None when it is none."""
    path, _, digest = image.strip().partition("@")
    parts = [part for part in path.split("/") if part]
    if len(parts) > 4 and {".", ":"} & set(parts[0]):  # noqa: PLR2004 - host, then four names
        parts = parts[1:]
    if len(parts) < 4:  # noqa: PLR2004 - database, schema, repository, image
        return None
    name, _, tag = "/".join(parts[3:]).partition(":")
    if not tag and not digest:
        tag = "latest"
    return ImageReference("/".join(parts[:3]).lower(), name, "" if digest else tag)


def repository_key(connection: str, repository: str) -> str:
    """The key of `FleetSnapshot.images`."""
    return f"{connection}:{repository}"


def deployed_images(service: ServiceSnapshot) -> tuple[DeployedImage, ...]:
    """The images of the containers, or those of the deployed spec where no container has one."""
    running = tuple(
        DeployedImage(row.name, row.image_name, row.image_digest, row.instance_id)
        for row in service.containers.value
        if row.image_digest
    )
    if running or (spec := service.spec.value) is None:
        return running
    return tuple(
        DeployedImage(one.name, one.image, one.image_digest)
        for one in spec.containers
        if one.image_digest
    )


def repositories(service: ServiceSnapshot) -> tuple[str, ...]:
    """The image repositories whose images `sync_word` will ask for."""
    found = (image_reference(one.image) for one in deployed_images(service))
    return tuple(sorted({reference.repository for reference in found if reference is not None}))


def sync_word(service: ServiceSnapshot, images: Callable[[str], Images | None]) -> SyncWord:
    """Compare what runs with its repository, and with what was written locally where that is known.

    Args:
        service: With its containers, with what was applied to it from here, and with what
            differs from the project's files.
        images: What SHOW IMAGES said of a repository (`db/schema/repository`); None: never asked.

    Returns:
        The most pressing word. UNKNOWN only where not even the image could be compared; its
        detail says which input is missing. IN_SYNC without a local spec says so in its detail.
    """
    word = _image_word(service, images)
    altered = is_altered(service)
    if word.word in (Sync.MIXED, Sync.IMAGE_BEHIND, Sync.IMAGE_GONE):
        return replace(word, detail=f"{word.detail}; {_ALTERED}") if altered else word
    if service.differing_fields:
        return SyncWord(Sync.SPEC_DIFFERS, _differing(service.differing_fields))
    if altered:
        return SyncWord(Sync.CHANGED_ELSEWHERE, _ALTERED)
    if word.word is Sync.IN_SYNC:
        return SyncWord(Sync.IN_SYNC, f"the image is current; {_same_spec(service)}")
    return word


def _differing(fields: Sequence[str]) -> str:
    named = ", ".join(fields[:_NAMED_FIELDS])
    more = f" and {len(fields) - _NAMED_FIELDS} more" if len(fields) > _NAMED_FIELDS else ""
    return f"{FILE_NAME} and its specification say otherwise: {named}{more}; `update` shows how"


def _same_spec(service: ServiceSnapshot) -> str:
    """As what the spec was found to be."""
    if service.differing_fields is not None:
        return f"the spec is as {FILE_NAME} has it"
    if service.applied_digest is not None:
        return "the spec is the one applied here"
    return _NO_LOCAL_SPEC


def is_altered(service: ServiceSnapshot) -> bool:
    """Whether something was applied from here, and what is deployed now is not that."""
    return service.applied_digest not in (None, service.spec_digest)


def without_containers(service: ServiceSnapshot) -> SyncWord:
    """The word where no container was read, so that no digest is known."""
    if is_altered(service):
        return SyncWord(Sync.CHANGED_ELSEWHERE, _ALTERED)
    return SyncWord(Sync.UNKNOWN, "the containers were not read, so no digest is known")


def _image_word(service: ServiceSnapshot, images: Callable[[str], Images | None]) -> SyncWord:
    deployed = deployed_images(service)
    if mixed := _mixed(deployed):
        if service.is_upgrading:
            return SyncWord(Sync.UNKNOWN, "an upgrade is running")
        return SyncWord(Sync.MIXED, f"instances run different images: {mixed}")
    if not deployed:
        text = "no container runs and the spec was not read, so there is no digest to compare"
        return SyncWord(Sync.UNKNOWN, text)
    words = [_container_word(one, images) for one in _one_per_name(deployed)]
    return max(words, key=lambda found: _PRESSING.index(found.word))


_PRESSING = (Sync.IN_SYNC, Sync.UNKNOWN, Sync.IMAGE_GONE, Sync.IMAGE_BEHIND)


def _mixed(deployed: Sequence[DeployedImage]) -> str:
    digests: dict[str, dict[str, list[int]]] = {}
    for one in deployed:
        if one.instance_id is not None:
            by_digest = digests.setdefault(one.container, {})
            by_digest.setdefault(one.digest, []).append(one.instance_id)
    for by_digest in digests.values():
        if len(by_digest) > 1:
            return "; ".join(
                f"{_short(digest)} in instance {', '.join(map(str, sorted(instances)))}"
                for digest, instances in by_digest.items()
            )
    return ""


def _one_per_name(deployed: Sequence[DeployedImage]) -> list[DeployedImage]:
    return list({one.container: one for one in deployed}.values())


def _container_word(one: DeployedImage, images: Callable[[str], Images | None]) -> SyncWord:
    reference = image_reference(one.image)
    if reference is None:
        return SyncWord(Sync.UNKNOWN, f"{one.image or 'the image'} names no repository")
    observation = images(reference.repository)
    if observation is None or observation.observed_at is None:
        error = observation.error if observation else None
        why = f": {error}" if error else ""
        return SyncWord(Sync.UNKNOWN, f"image repository {reference.repository} not read{why}")
    own = [image for image in observation.value if _same_name(image, reference)]
    tagged = next((image for image in own if reference.tag in image.tags), None)
    listed = any(image.digest == one.digest for image in own)
    if reference.tag and tagged is not None and tagged.digest != one.digest:
        what = "is deployed" if one.instance_id is None else "runs"
        gone = "" if listed else f"; the digest that {what} is no longer in the repository"
        return SyncWord(
            Sync.IMAGE_BEHIND,
            f"{reference} now is {_short(tagged.digest)}, {_short(one.digest)} {what}; "
            f"suspend and resume will not pick it up{gone}",
        )
    if not listed:
        return SyncWord(
            Sync.IMAGE_GONE,
            f"{_short(one.digest)} is no longer in {reference.repository}: "
            "a new node could not pull it",
        )
    return SyncWord(Sync.IN_SYNC)


def _same_name(image: ImageSnapshot, reference: ImageReference) -> bool:
    return image.image_name == reference.name


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:_DIGEST_LENGTH]
