"""Blobs in one piece, in chunks, from elsewhere, cut off and continued."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.registry import Hub, digest_of

UPLOADS = "/v2/d/s/repo/app/blobs/uploads/"
CONTENT = bytes(range(256)) * 1000


async def pieces() -> AsyncIterator[bytes]:
    for start in range(0, len(CONTENT), 7777):
        yield CONTENT[start : start + 7777]


async def test_in_chunks_as_docker_does_it(hub: Hub):
    async with hub.client() as client:
        begun = await client.http.post(UPLOADS)
        assert (begun.status_code, begun.headers["range"]) == (202, "0-0")
        sent = await client.http.patch(begun.headers["location"], content=pieces())
        assert (sent.status_code, sent.headers["range"]) == (202, f"0-{len(CONTENT) - 1}")
        done = await client.http.put(
            sent.headers["location"], params={"digest": digest_of(CONTENT)}
        )
        assert done.status_code == 201
        assert (await client.http.get(done.headers["location"])).content == CONTENT
        again = await client.http.put(
            sent.headers["location"], params={"digest": digest_of(CONTENT)}
        )
        assert again.status_code == 404


async def test_chunks_with_their_place_and_the_last_with_the_end(hub: Hub):
    async with hub.client() as client:
        location = (await client.http.post(UPLOADS)).headers["location"]

        async def chunk(first: int, last: int) -> int:
            headers = {"Content-Range": f"{first}-{last}"}
            answer = await client.http.patch(
                location, content=CONTENT[first : last + 1], headers=headers
            )
            return answer.status_code

        assert await chunk(0, 999) == 202
        assert await chunk(5000, 5999) == 416
        assert (await client.http.get(location)).headers["range"] == "0-999"
        assert await chunk(1000, 1999) == 202
        done = await client.http.put(
            location, params={"digest": digest_of(CONTENT)}, content=CONTENT[2000:]
        )
        assert done.status_code == 201


async def test_content_that_is_not_what_was_announced(hub: Hub, tmp_path: Path):
    async with hub.client() as client:
        for digest in ("sha256:" + "0" * 64, "md5:0", ""):
            location = (await client.http.post(UPLOADS)).headers["location"]
            await client.http.patch(location, content=CONTENT)
            answer = await client.http.put(location, params={"digest": digest})
            assert answer.status_code == 400
            assert "DIGEST_INVALID" in answer.text
    assert list((tmp_path / "registry" / "uploads").iterdir()) == []


async def test_an_upload_can_be_given_up(hub: Hub, tmp_path: Path):
    async with hub.client() as client:
        location = (await client.http.post(UPLOADS)).headers["location"]
        await client.http.patch(location, content=CONTENT)
        assert (await client.http.delete(location)).status_code == 204
        assert (await client.http.patch(location, content=b"x")).status_code == 404
    assert list((tmp_path / "registry" / "uploads").iterdir()) == []


async def test_a_connection_that_breaks_leaves_an_upload_that_goes_on(hub: Hub):
    async with hub.client() as client:
        begun = await client.http.post(UPLOADS)
        location = begun.headers["location"]
        host, port = hub.lab.account.registry_host.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        request = client.http.build_request("PATCH", location)
        authorization = (await client.http.get("/login")).json()["token"]
        head = (
            f"PATCH {location} HTTP/1.1\r\nHost: {request.url.netloc.decode()}\r\n"
            f"Authorization: Bearer {authorization}\r\nContent-Length: {len(CONTENT)}\r\n\r\n"
        )
        writer.write(head.encode() + CONTENT[:5000])
        await writer.drain()

        async with asyncio.timeout(10):
            # Another task of the server makes it true.
            while (await client.http.get(location)).headers["range"] != "0-4999":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        writer.close()
        await client.http.patch(location, content=CONTENT[5000:])
        done = await client.http.put(location, params={"digest": digest_of(CONTENT)})
        assert done.status_code == 201
        reader.feed_eof()


async def test_a_blob_is_taken_over_from_another_repository(hub: Hub):
    await hub.lab.sql("CREATE IMAGE REPOSITORY D.S.OTHER")
    digest = digest_of(CONTENT)
    mount = {"mount": digest, "from": "d/s/repo/app"}
    path = "/v2/d/s/other/app/blobs/uploads/"
    async with hub.client() as client:
        assert (await client.http.post(path, params=mount)).status_code == 202
        await client.blob(CONTENT)
        # Not yet: what is in one repository is not in the others.
        assert (await client.http.head(f"/v2/d/s/other/app/blobs/{digest}")).status_code == 404
        assert (await client.http.post(path, params=mount)).status_code == 201
        assert (await client.http.get(f"/v2/d/s/other/app/blobs/{digest}")).content == CONTENT
        foreign = {**mount, "from": "snowflake/images/nothing/app"}
        assert (await client.http.post(path, params=foreign)).status_code == 202


@pytest.mark.parametrize("role", ["WATCHER", "SYSADMIN"])
async def test_an_upload_belongs_to_its_repository(hub: Hub, role: str):
    await hub.lab.sql("CREATE IMAGE REPOSITORY D.S.OTHER")
    async with hub.client() as client, hub.client(role=role) as other:
        location = (await client.http.post(UPLOADS)).headers["location"]
        elsewhere = location.replace("/repo/", "/other/")
        assert (await client.http.patch(elsewhere, content=b"x")).status_code == 404
        status = (await other.http.patch(location, content=b"x")).status_code
        assert status == (403 if role == "WATCHER" else 202)
