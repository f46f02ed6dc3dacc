"""What an image is for, asked of a real registry endpoint."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from spcs_worker_tui.adapters.snowflake.manifests import RegistryReader
from spcs_worker_tui.domain.errors import RegistryError
from spcs_worker_tui.domain.keys import Secret
from support.registry import OCI_INDEX, Hub, TestImage, running_hub

NAME = "d/s/repo/app"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with running_hub(tmp_path) as made:
        yield made


def reader(hub: Hub, token: str | None = None, role: str | None = None) -> RegistryReader:
    value = token or hub.session(0, role)[1]

    async def password() -> Secret:
        return Secret(json.dumps({"token": value, "expires_in": 3600}))

    return RegistryReader(password)


def place(hub: Hub) -> str:
    return f"{hub.lab.account.registry_host}/d/s/repo"


async def test_an_image_of_one_platform(hub: Hub) -> None:
    image = TestImage()
    async with hub.client() as client:
        await client.push(image, "1.0")

    by_tag = await reader(hub).platforms(place(hub), "app", "1.0")

    assert by_tag == ("linux/amd64",)
    assert await reader(hub).platforms(place(hub), "app", image.digest) == by_tag


async def test_an_index_of_several_platforms(hub: Hub) -> None:
    image = TestImage()
    described = [
        {"digest": image.digest, "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": image.digest, "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [{"mediaType": image.media_type, "size": 1, **one} for one in described],
    }
    async with hub.client() as client:
        await client.push(image, "1.0")
        answer = await client.manifest(json.dumps(index).encode(), "2.0", media_type=OCI_INDEX)
        assert answer.status_code == 201, answer.text

    assert await reader(hub).platforms(place(hub), "app", "2.0") == ("linux/amd64",)


async def test_an_image_that_the_registry_does_not_have(hub: Hub) -> None:
    with pytest.raises(RegistryError, match="does not have what the account lists"):
        await reader(hub).platforms(place(hub), "app", "9.9")


async def test_a_password_that_is_none(hub: Hub) -> None:
    with pytest.raises(RegistryError, match="refuses to tell: 401") as refused:
        await reader(hub, "not-a-token").platforms(place(hub), "app", "1.0")

    assert "not-a-token" not in repr(refused.value)


async def test_a_role_that_may_not_read_the_repository(hub: Hub) -> None:
    async with hub.client() as client:
        await client.push(TestImage(), "1.0")

    with pytest.raises(RegistryError, match="refuses to tell"):
        await reader(hub, role="OUTSIDER").platforms(place(hub), "app", "1.0")


async def test_a_registry_that_is_not_there(hub: Hub) -> None:
    with pytest.raises(RegistryError, match="does not answer"):
        await reader(hub).platforms("127.0.0.1:1/d/s/repo", "app", "1.0")


async def test_a_registry_elsewhere_is_asked_in_secret_only(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[httpx.URL] = []

    async def refuse(_: object, request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        raise httpx.ConnectError("no way out of a test")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", refuse)

    with pytest.raises(RegistryError, match="no way out of a test"):
        await reader(hub).platforms("x.registry.example/d/s/repo", "app", "1.0")

    assert [url.scheme for url in asked] == ["https"]
