"""Pushes an image of a few bytes to a sandbox's registry, without a Docker engine."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_SESSION_USER = "0sessiontoken"


def registry_password(connection: Any, sandbox_url: str) -> str:
    """What `snow spcs image-registry token` prints (contract 5)."""
    answer = httpx.post(
        f"{sandbox_url}/session/token-request",
        json={"oldSessionToken": connection.rest.token, "requestType": "ISSUE"},
        headers={"Authorization": f'Snowflake Token="{connection.rest.master_token}"'},
    ).json()
    return json.dumps({"token": answer["data"]["sessionToken"], "expires_in": 3600})


def push_small_image(repository_url: str, password: str, image: str, tag: str) -> str:
    """Push an image for linux/amd64 with one layer; returns its digest.

    Args:
        repository_url: As SHOW IMAGE REPOSITORIES has it, without a scheme.
        password: Of the user `0sessiontoken`.
        image: Its name in the repository.
        tag: The tag that moves to it.
    """
    host, _, place = repository_url.partition("/")
    with httpx.Client(base_url=f"http://{host}") as registry:
        token = registry.get("/login", auth=(_SESSION_USER, password)).raise_for_status().json()
        registry.headers["Authorization"] = f"Bearer {token['token']}"
        path = f"/v2/{place}/{image}"
        blobs = (json.dumps({"os": "linux", "architecture": "amd64"}).encode(), b"a layer")
        config, layer = [_upload(registry, path, blob) for blob in blobs]
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **layer}],
        }
        answer = registry.put(
            f"{path}/manifests/{tag}", json=manifest, headers={"Content-Type": _MANIFEST}
        ).raise_for_status()
        return answer.headers["Docker-Content-Digest"]


def _upload(registry: httpx.Client, path: str, content: bytes) -> dict[str, Any]:
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    registry.post(
        f"{path}/blobs/uploads/", params={"digest": digest}, content=content
    ).raise_for_status()
    return {"digest": digest, "size": len(content)}
