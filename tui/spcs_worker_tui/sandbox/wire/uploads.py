"""PUT: where the client uploads to, and what arrives there (contract 6.8)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException

from spcs_worker_tui.sandbox.catalogue.model import Stage, StagedFile

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.sql.ast import Put
    from spcs_worker_tui.sandbox.wire.envelope import JsonObject
    from spcs_worker_tui.sandbox.wire.settings import SandboxSettings

_COMPRESSED = frozenset({".gz", ".bz2", ".br", ".zst", ".deflate", ".parquet", ".orc"})
_SIGNED = (
    "X-Goog-Algorithm=GOOG4-RSA-SHA256"
    "&X-Goog-SignedHeaders=content-encoding%3Bhost%3Bx-goog-if-generation-match"
    "%3Bx-goog-meta-encryptiondata%3Bx-goog-meta-matdesc%3Bx-goog-meta-sfc-digest"
)
"""Connector 5 sends only headers that the address says are signed, and `OVERWRITE = FALSE` needs
them."""
_WILDCARDS = frozenset("*?")
_DEFAULT_PARALLEL = 4
_DEFAULT_THRESHOLD = 209_715_200


@dataclass(frozen=True, slots=True)
class _Ticket:
    stage: Stage
    path: str
    expires: datetime


class Uploads:
    """Upload addresses that were handed out; each is good for one file on one stage."""

    def __init__(self, clock: Clock, settings: SandboxSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._tickets: dict[str, _Ticket] = {}

    def offer(self, put: Put, stage: Stage, base_url: str) -> JsonObject:
        """The part of PUT's answer that tells the client what to do.

        Args:
            put: The statement.
            stage: Where the file goes; the role's WRITE has been checked.
            base_url: How the client reaches this server, without trailing slash.
        """
        source = put.source[len("file://") :]
        compress = put.options.get("AUTO_COMPRESS", True) is not False
        stored = _join(put.target.path, _stored_name(source, compress=compress))
        url = f"{base_url}/sandbox/upload/{self._ticket(stage, stored)}/{quote(stored)}?{_SIGNED}"
        return {
            "command": "UPLOAD",
            "operation": "Node",
            "src_locations": [source],
            "parallel": put.options.get("PARALLEL", _DEFAULT_PARALLEL),
            "threshold": _DEFAULT_THRESHOLD,
            "autoCompress": compress,
            "overwrite": put.options.get("OVERWRITE", False) is True,
            "sourceCompression": str(put.options.get("SOURCE_COMPRESSION", "auto_detect")).lower(),
            "clientShowEncryptionParameter": False,
            "encryptionMaterial": None,
            "stageInfo": {
                "locationType": "GCS",
                "location": f"sandbox/{'/'.join(stage.key)}/{put.target.path}",
                "path": put.target.path,
                "region": "",
                "storageAccount": None,
                "creds": {},
                "presignedUrl": url,
                "endPoint": None,
                "isClientSideEncrypted": False,
            },
            "presignedUrls": [url],
        }

    def _ticket(self, stage: Stage, path: str) -> str:
        now = self._clock.now()
        self._tickets = {key: item for key, item in self._tickets.items() if item.expires > now}
        key = secrets.token_urlsafe(24)
        life = timedelta(seconds=self._settings.upload_seconds)
        self._tickets[key] = _Ticket(stage, path, now + life)
        return key

    def receive(self, key: str, content: bytes, *, must_be_new: bool) -> None:
        """Put the body of an upload on its stage.

        Raises:
            HTTPException: 403, as for a signature that is wrong or has expired; 412 when the file
                exists and must not; 400 for an address that stands for several files: both
                connectors then ask for an address for each file.
        """
        ticket = self._tickets.get(key)
        now = self._clock.now()
        if ticket is None or ticket.expires <= now:
            raise HTTPException(403)
        if not _WILDCARDS.isdisjoint(ticket.path):
            raise HTTPException(400)
        if must_be_new and ticket.path in ticket.stage.files:
            raise HTTPException(412)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        ticket.stage.files[ticket.path] = StagedFile(ticket.path, content, digest, now)


def _stored_name(source: str, *, compress: bool) -> str:
    # A Windows client sends backslashes or a drive; both spellings end in the same name.
    name = PureWindowsPath(PurePosixPath(source).name).name
    if compress and PurePosixPath(name).suffix.lower() not in _COMPRESSED:
        return f"{name}.gz"
    return name


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
