"""What the registry has of an image that nobody pushed, since a program or a script plays it."""

from __future__ import annotations

import json
import secrets

from spcs_worker_tui.sandbox.registry.storage import digest_of

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"


def played_image(name: str) -> tuple[bytes, bytes]:
    """Manifest and configuration of an image for linux/amd64 without layers; each is another."""
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "config": {"Labels": {"name": name, "build": secrets.token_hex(8)}},
        }
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [],
    }
    return json.dumps(manifest).encode(), config
