"""Blobs on disk, each under its digest, and uploads that are on their way to be one."""

from __future__ import annotations

import hashlib
import re
import secrets
from pathlib import Path

from spcs_worker_tui.sandbox.registry.errors import RegistryError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Whether it is a SHA-256 digest as registries write it; no other kind is offered."""
    return _DIGEST.fullmatch(text) is not None


def digest_of(content: bytes) -> str:
    """`sha256:<64 hex digits>`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Upload:
    """Bytes that arrive in one piece or in many; hashed while they arrive."""

    def __init__(self, path: Path) -> None:
        self.identifier = path.name
        self.size = 0
        self.path = path
        self._hash = hashlib.sha256()
        path.touch(mode=0o600)

    @property
    def digest(self) -> str:
        """Of what has arrived so far."""
        return f"sha256:{self._hash.hexdigest()}"

    def append(self, chunk: bytes) -> None:
        """Take the next bytes."""
        with self.path.open("ab") as file:
            file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    def abandon(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)


class BlobStore:
    """All blobs of the sandbox; who may see which is for the repositories to know.

    Args:
        root: A directory of the sandbox, removed with it.
    """

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs" / "sha256"
        self._uploads = root / "uploads"

    def path(self, digest: str) -> Path:
        """Where the blob is, or would be."""
        return self._blobs / digest.removeprefix("sha256:")

    def size(self, digest: str) -> int:
        """In bytes; only of a blob that is there."""
        return self.path(digest).stat().st_size

    def read(self, digest: str) -> bytes:
        """All of it: for configurations and manifests, not for layers."""
        return self.path(digest).read_bytes()

    def begin(self) -> Upload:
        """Start an upload."""
        for directory in (self._blobs, self._uploads):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Upload(self._uploads / secrets.token_hex(16))

    def finish(self, upload: Upload, digest: str) -> None:
        """Keep what has arrived, under its digest.

        Raises:
            RegistryError: DIGEST_INVALID, it is not what was announced; the upload is forgotten.
        """
        if upload.digest != digest:
            upload.abandon()
            raise RegistryError(
                400, "DIGEST_INVALID", f"the content has the digest {upload.digest}, not {digest}"
            )
        upload.path.replace(self.path(digest))

    def put(self, content: bytes) -> str:
        """Keep small content at once, and return its digest."""
        upload = self.begin()
        upload.append(content)
        self.finish(upload, upload.digest)
        return upload.digest
