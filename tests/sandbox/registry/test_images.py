"""What is pushed is listed, pulled and pinned; what cannot run is refused."""

from __future__ import annotations

import json

import httpx
import pytest

from support.registry import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Hub,
    TestImage,
    digest_of,
)


def error(answer: httpx.Response) -> tuple[int, str, str]:
    (one,) = answer.json()["errors"]
    return answer.status_code, one["code"], one["message"]


async def images(hub: Hub) -> dict[str, str]:
    rows = await hub.lab.asked("SHOW IMAGES LIKE 'app' IN IMAGE REPOSITORY D.S.REPO")
    return {str(row["digest"]): str(row["tags"]) for row in rows}


def index(*entries: tuple[TestImage, str, str]) -> bytes:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [
                {
                    "mediaType": OCI_MANIFEST,
                    "digest": image.digest,
                    "size": len(image.manifest),
                    "platform": {"os": os, "architecture": architecture},
                }
                for image, os, architecture in entries
            ],
        }
    ).encode()


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, OCI_MANIFEST])
async def test_a_pushed_image_is_listed_and_pulled_unchanged(hub: Hub, media_type: str):
    image = TestImage(layer=b"x" * 300_000, media_type=media_type)
    async with hub.client() as client:
        answer = await client.push(image, "1.0")
        assert answer.status_code == 201
        assert answer.headers["docker-content-digest"] == image.digest
        for reference in ("1.0", image.digest):
            path = f"/v2/d/s/repo/app/manifests/{reference}"
            pulled = await client.http.get(path)
            assert pulled.content == image.manifest
            assert pulled.headers["content-type"] == media_type
            asked = await client.http.head(path)
            assert asked.headers["docker-content-digest"] == image.digest
            assert int(asked.headers["content-length"]) == len(image.manifest)
            assert asked.content == b""
        blob = await client.http.get(f"/v2/d/s/repo/app/blobs/{digest_of(image.layer)}")
        assert blob.content == image.layer
        head = await client.http.head(f"/v2/d/s/repo/app/blobs/{digest_of(image.layer)}")
        assert int(head.headers["content-length"]) == len(image.layer)
    assert await images(hub) == {image.digest: "1.0"}


async def test_a_tag_moves_to_the_image_that_was_pushed_last(hub: Hub):
    old, new = TestImage(layer=b"old"), TestImage(layer=b"new")
    async with hub.client() as client:
        await client.push(old, "1.0")
        await client.push(old, "stable")
        await client.push(new, "1.0")
        assert await images(hub) == {old.digest: "stable", new.digest: "1.0"}
        tagged = await client.http.get("/v2/d/s/repo/app/manifests/1.0")
        assert tagged.headers["docker-content-digest"] == new.digest
        by_digest = await client.http.get(f"/v2/d/s/repo/app/manifests/{old.digest}")
        assert by_digest.status_code == 200
        tags = await client.http.get("/v2/d/s/repo/app/tags/list")
        assert tags.json() == {"name": "d/s/repo/app", "tags": ["1.0", "stable"]}
        page = await client.http.get("/v2/d/s/repo/app/tags/list?n=1")
        assert page.json()["tags"] == ["1.0"]
        assert page.headers["link"] == '</v2/d/s/repo/app/tags/list?n=1&last=1.0>; rel="next"'
        rest = await client.http.get("/v2/d/s/repo/app/tags/list?n=1&last=1.0")
        assert rest.json()["tags"] == ["stable"]


async def test_a_service_is_pinned_to_the_digest_that_the_tag_had(hub: Hub):
    first, second = TestImage(layer=b"1"), TestImage(layer=b"2")
    create = (
        "CREATE SERVICE D.S.NEW IN COMPUTE POOL P FROM SPECIFICATION "
        "$$ {spec: {containers: [{name: main, image: /d/s/repo/app:1}]}} $$"
    )
    async with hub.client() as client:
        await client.push(first, "1")
        await hub.lab.sql(create)
        await client.push(second, "1")
    service = hub.lab.service("NEW")
    assert service.digests == {"main": first.digest}
    host = hub.lab.account.registry_host
    assert service.spec["spec"]["containers"][0]["image"] == f"{host}/d/s/repo/app:1"
    await hub.lab.sql(
        "ALTER SERVICE D.S.NEW FROM SPECIFICATION "
        "$$ {spec: {containers: [{name: main, image: /d/s/repo/app:1}]}} $$"
    )
    assert hub.lab.service("NEW").digests == {"main": second.digest}


async def test_repository_url_is_what_clients_push_to(hub: Hub):
    (row,) = await hub.lab.asked("SHOW IMAGE REPOSITORIES IN SCHEMA D.S")
    assert f"http://{row['repository_url']}" == f"{hub.url()}/d/s/repo"
    assert hub.url(0) != hub.url(1)


async def test_images_for_other_machines_are_refused(hub: Hub):
    async with hub.client() as client:
        status, code, message = error(await client.push(TestImage(architecture="arm64"), "1.0"))
    assert (status, code) == (400, "MANIFEST_INVALID")
    assert "linux/arm64" in message
    assert "--platform linux/amd64" in message
    assert await images(hub) == {}


async def test_an_index_needs_an_image_for_snowflakes_machines(hub: Hub):
    arm = TestImage(layer=b"arm", architecture="arm64", media_type=OCI_MANIFEST)
    amd = TestImage(layer=b"amd", media_type=OCI_MANIFEST)
    only_arm = index((arm, "linux", "arm64"))
    both = index((arm, "linux", "arm64"), (amd, "linux", "amd64"))
    pretended = index((arm, "linux", "amd64"))
    async with hub.client() as client:
        # By digest they are parts of what is to come.
        assert (await client.push(arm, arm.digest)).status_code == 201
        missing = await client.manifest(both, "1.0", media_type=OCI_INDEX)
        assert error(missing)[1] == "MANIFEST_INVALID"
        assert (await client.push(amd, amd.digest)).status_code == 201
        assert await images(hub) == {}
        for wrong in (only_arm, pretended):
            answer = error(await client.manifest(wrong, "1.0", media_type=OCI_INDEX))
            assert answer[:2] == (400, "MANIFEST_INVALID")
            assert "linux/arm64" in answer[2]
        assert (await client.manifest(both, "1.0", media_type=OCI_INDEX)).status_code == 201
    assert await images(hub) == {digest_of(both): "1.0"}


@pytest.mark.parametrize(
    "content",
    [
        b"not JSON",
        b"[]",
        b"{}",
        b'{"schemaVersion": 1}',
        TestImage(more={"layers": [{"digest": "sha256:short", "size": 1}]}).manifest,
        TestImage(more={"layers": 1}).manifest,
        TestImage(more={"config": None}).manifest,
        TestImage(more={"mediaType": OCI_INDEX}).manifest,
    ],
)
async def test_malformed_manifests(hub: Hub, content: bytes):
    async with hub.client() as client:
        answer = await client.manifest(content, "1.0")
    assert error(answer)[:2] == (400, "MANIFEST_INVALID")


async def test_a_configuration_without_a_platform(hub: Hub):
    image = TestImage(more={"config": {"digest": digest_of(b"a layer"), "size": 7}})
    async with hub.client() as client:
        answer = await client.push(image, "1.0")
    assert error(answer)[:2] == (400, "MANIFEST_INVALID")


async def test_layers_come_before_the_manifest(hub: Hub):
    async with hub.client() as client:
        answer = await client.manifest(TestImage().manifest, "1.0")
        assert error(answer)[:2] == (400, "MANIFEST_BLOB_UNKNOWN")


async def test_a_manifest_under_another_digest(hub: Hub):
    async with hub.client() as client:
        answer = await client.push(TestImage(), "sha256:" + "0" * 64)
        assert error(answer)[:2] == (400, "DIGEST_INVALID")
        answer = await client.manifest(TestImage().manifest, "-no-tag")
        assert error(answer)[:2] == (400, "TAG_INVALID")


async def test_nothing_can_be_deleted_singly(hub: Hub):
    async with hub.client() as client:
        await client.push(TestImage(), "1.0")
        answer = await client.http.delete("/v2/d/s/repo/app/manifests/1.0")
        assert error(answer)[:2] == (405, "UNSUPPORTED")
        answer = await client.http.delete(f"/v2/d/s/repo/app/blobs/{digest_of(b'a layer')}")
        assert error(answer)[:2] == (405, "UNSUPPORTED")


async def test_a_repository_made_anew_is_empty(hub: Hub):
    image = TestImage()
    async with hub.client() as client:
        await client.push(image, "1.0")
        await hub.lab.sql("CREATE OR REPLACE IMAGE REPOSITORY D.S.REPO")
        answer = await client.http.get(f"/v2/d/s/repo/app/manifests/{image.digest}")
        assert error(answer)[:2] == (404, "MANIFEST_UNKNOWN")
        blob = f"/v2/d/s/repo/app/blobs/{digest_of(image.layer)}"
        assert (await client.http.head(blob)).status_code == 404
        assert (await client.http.get("/v2/d/s/repo/app/tags/list")).status_code == 404


async def test_an_image_that_nobody_pushed_has_no_content(hub: Hub):
    async with hub.client() as client:
        answer = await client.http.get("/v2/d/s/repo/worker/manifests/1.0")
    assert error(answer)[:2] == (404, "MANIFEST_UNKNOWN")
