"""What is in which repository: blobs, manifests, and the images that SHOW IMAGES lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.model import Image, ImageRepository
from spcs_worker_tui.sandbox.registry.errors import RegistryError, manifest_invalid
from spcs_worker_tui.sandbox.registry.manifests import Manifest, check_platform, parse_manifest
from spcs_worker_tui.sandbox.registry.storage import BlobStore, is_digest
from spcs_worker_tui.sandbox.runtimes.base import PUSHED

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.registry.access import Place


@dataclass(slots=True)
class _Shelf:
    """One repository's; it ends with the repository, also when another takes its name."""

    repository: ImageRepository
    blobs: set[str] = field(default_factory=set)
    manifests: dict[tuple[str, str], Manifest] = field(default_factory=dict)


class Shelves:
    """Every repository's contents.

    A tag is where SHOW IMAGES has it and nowhere else, so a specification resolves to the very
    digest that a pull of the tag would get.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._shelves: dict[int, _Shelf] = {}

    def has_blob(self, place: Place, digest: str) -> bool:
        """Whether this repository has the blob; what others have is not for its readers."""
        return digest in self._shelf(place).blobs

    def add_blob(self, place: Place, digest: str) -> None:
        """The blob is in the store now."""
        self._shelf(place).blobs.add(digest)

    def find(self, place: Place, reference: str) -> Manifest:
        """The manifest of a tag or digest.

        Raises:
            RegistryError: MANIFEST_UNKNOWN.
        """
        digest = reference if is_digest(reference) else self._tagged(place, reference)
        found = self._shelf(place).manifests.get((place.image, digest or ""))
        found = found or self._played(place, digest)
        if found is None:
            raise RegistryError(
                404, "MANIFEST_UNKNOWN", f"there is no image {place.image} with {reference}"
            )
        return found

    def _played(self, place: Place, digest: str | None) -> Manifest | None:
        """The manifest of an image that nobody pushed; its configuration is there from then on."""
        own = (image for image in place.repository.images if image.name == place.image)
        played = next((image.played for image in own if image.digest == digest), None)
        if played is None:
            return None
        content, config = played
        shelf, manifest = self._shelf(place), parse_manifest(content, "")
        shelf.blobs.add(self._store.put(config))
        shelf.manifests[place.image, manifest.digest] = manifest
        return manifest

    def tags(self, place: Place) -> list[str]:
        """The tags of an image, in order.

        Raises:
            RegistryError: NAME_UNKNOWN, there is no such image.
        """
        images = [image for image in place.repository.images if image.name == place.image]
        if not images:
            raise RegistryError(404, "NAME_UNKNOWN", f"there is no image {place.image}")
        return sorted(tag for image in images for tag in image.tags)

    def add(self, place: Place, reference: str, manifest: Manifest, now: datetime) -> None:
        """Take a manifest that was pushed; under a tag it becomes an image.

        Manifests that come under their digest are parts of an index that is still to come, for
        whatever platform they are.

        Raises:
            RegistryError: DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, MANIFEST_INVALID.
        """
        shelf = self._shelf(place)
        if is_digest(reference) and reference != manifest.digest:
            raise RegistryError(400, "DIGEST_INVALID", f"its digest is {manifest.digest}")
        for digest in manifest.blobs:
            if digest not in shelf.blobs:
                raise RegistryError(400, "MANIFEST_BLOB_UNKNOWN", f"{digest} was never pushed")
        for _, digest in manifest.children:
            if (place.image, digest) not in shelf.manifests:
                raise manifest_invalid(f"the image {digest} of the index was never pushed")
        if not is_digest(reference):
            self._check_platform(shelf, place, manifest)
        shelf.manifests[place.image, manifest.digest] = manifest
        if not is_digest(reference):
            self._tag(place, reference, manifest, now)

    def _check_platform(self, shelf: _Shelf, place: Place, manifest: Manifest) -> None:
        check_platform(manifest, self._store.read)
        runs = manifest.runs_at_snowflake
        if runs is not None:
            # What an index says of an image is only its word.
            check_platform(shelf.manifests[place.image, runs], self._store.read)

    def _tag(self, place: Place, tag: str, manifest: Manifest, now: datetime) -> None:
        images = place.repository.images
        same_name = [image for image in images if image.name == place.image]
        image = next((one for one in same_name if one.digest == manifest.digest), None)
        if image is None:
            size = sum(size for _, size in self._image(place, manifest).layers)
            image = Image(place.image, set(), manifest.digest, now, size=size, command=PUSHED)
            images.append(image)
        for other in same_name:
            other.tags.discard(tag)
        image.tags.add(tag)

    def _image(self, place: Place, manifest: Manifest) -> Manifest:
        runs = manifest.runs_at_snowflake
        return manifest if runs is None else self._shelf(place).manifests[place.image, runs]

    @staticmethod
    def _tagged(place: Place, tag: str) -> str | None:
        for image in place.repository.images:
            if image.name == place.image and tag in image.tags:
                return image.digest
        return None

    def _shelf(self, place: Place) -> _Shelf:
        # The shelf holds on to the repository, so that no other can get its id.
        key = id(place.repository)
        if key not in self._shelves:
            self._shelves[key] = _Shelf(place.repository)
        return self._shelves[key]
