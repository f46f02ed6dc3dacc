"""What a manifest says, and whether Snowflake could run it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spcs_worker_tui.sandbox.registry.errors import manifest_invalid
from spcs_worker_tui.sandbox.registry.storage import digest_of, is_digest

MANIFEST_LIMIT = 4 * 1024 * 1024
"""Bytes, as other registries have it."""
_CONFIG_LIMIT = 8 * 1024 * 1024
_IMAGES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
    }
)
_INDEXES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    }
)
_PLATFORM = ("linux", "amd64")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as it was pushed.

    Attributes:
        media_type: Of the four that are taken.
        digest: Of `content`; the image's name for ever.
        content: The bytes, which are served as they came.
        config: The digest of the image's configuration; None for an index.
        layers: Digest and size in bytes of each layer.
        children: For an index: the platform's `(os, architecture)` and digest of each image.
    """

    media_type: str
    digest: str
    content: bytes
    config: str | None
    layers: tuple[tuple[str, int], ...]
    children: tuple[tuple[tuple[str, str], str], ...]

    @property
    def blobs(self) -> tuple[str, ...]:
        """What has to be in the repository before the manifest may come."""
        own = () if self.config is None else (self.config,)
        return (*own, *(digest for digest, _ in self.layers))

    @property
    def runs_at_snowflake(self) -> str | None:
        """Of an index: the digest of the image for linux/amd64, if it has one."""
        return next((digest for platform, digest in self.children if platform == _PLATFORM), None)


def parse_manifest(content: bytes, content_type: str) -> Manifest:
    """Read a manifest.

    Raises:
        RegistryError: MANIFEST_INVALID.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise manifest_invalid("the manifest is not JSON") from None
    if not isinstance(document, dict):
        raise manifest_invalid("the manifest is no JSON object")
    media_type = str(document.get("mediaType") or content_type.partition(";")[0].strip())
    if document.get("schemaVersion") != 2 or media_type not in _IMAGES | _INDEXES:  # noqa: PLR2004
        raise manifest_invalid(f"manifests of the type {media_type or 'unknown'} are not taken")
    try:
        config = None if media_type in _INDEXES else _digest(document["config"])
        children = tuple(map(_child, () if config else document["manifests"]))
        layers = tuple(map(_layer, document["layers"] if config else ()))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise manifest_invalid("the manifest lacks what its type demands") from None
    return Manifest(media_type, digest_of(content), content, config, layers, children)


def check_platform(manifest: Manifest, read: Callable[[str], bytes]) -> None:
    """Refuse what is for another machine than Snowflake's (contract 3.1: linux/amd64 only).

    Args:
        manifest: Its blobs are there.
        read: The content of a blob.

    Raises:
        RegistryError: MANIFEST_INVALID, with the way out.
    """
    if manifest.config is None:
        if manifest.runs_at_snowflake is None:
            found = sorted({"/".join(platform) for platform, _ in manifest.children})
            raise _wrong_platform(", ".join(found) or "no platform at all")
        return
    content = read(manifest.config)
    try:
        config = json.loads(content[:_CONFIG_LIMIT])
        platform = (str(config["os"]), str(config["architecture"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise manifest_invalid(
            "the image's configuration does not say which platform it is for"
        ) from None
    if platform != _PLATFORM:
        raise _wrong_platform("/".join(platform))


def _wrong_platform(found: str) -> Exception:
    return manifest_invalid(
        f"the image is for {found}, and Snowpark Container Services runs linux/amd64 only: "
        "build it with --platform linux/amd64"
    )


def _child(entry: Mapping[str, Any]) -> tuple[tuple[str, str], str]:
    platform = entry.get("platform") or {}
    names = (str(platform.get("os", "unknown")), str(platform.get("architecture", "unknown")))
    return names, _digest(entry)


def _layer(entry: Mapping[str, Any]) -> tuple[str, int]:
    return _digest(entry), int(entry["size"])


def _digest(entry: Mapping[str, Any]) -> str:
    digest = entry["digest"]
    if not isinstance(digest, str) or not is_digest(digest):
        raise ValueError(digest)
    return digest
