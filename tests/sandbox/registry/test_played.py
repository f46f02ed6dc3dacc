"""Images that nobody pushed are in the registry, as everything is that SHOW IMAGES lists."""

from __future__ import annotations

from spcs_worker_tui.sandbox.catalogue.model import Image
from spcs_worker_tui.sandbox.registry.played import played_image
from spcs_worker_tui.sandbox.registry.storage import digest_of
from support.registry import Hub


async def test_a_played_image_can_be_read_by_tag_and_by_digest(hub: Hub) -> None:
    manifest, config = played_image("demo")
    repository = hub.lab.account.image_repositories["D", "S", "REPO"]
    digest = digest_of(manifest)
    played = (manifest, config)
    repository.images.append(Image("demo", {"1.0"}, digest, repository.created_on, played=played))

    async with hub.client() as client:
        by_tag = await client.http.get("/v2/d/s/repo/demo/manifests/1.0")
        by_digest = await client.http.get(f"/v2/d/s/repo/demo/manifests/{digest}")
        wanted = by_tag.json()["config"]["digest"]
        blob = await client.http.get(f"/v2/d/s/repo/demo/blobs/{wanted}")

    assert by_tag.content == by_digest.content == manifest
    assert by_tag.headers["Docker-Content-Digest"] == digest
    assert blob.content == config
    assert blob.json()["architecture"] == "amd64"


def test_no_two_played_images_are_the_same() -> None:
    assert played_image("demo")[0] != played_image("demo")[0]
