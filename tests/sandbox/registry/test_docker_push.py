"""The real `docker` command and the real SDK against the registry."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.engine import DockerEngine
from support.registry import SESSION_USER, Hub, digest_of


def packed(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def make_image(engine: DockerEngine, name: str, text: str, architecture: str = "amd64") -> None:
    """An image with one file in it, for any machine."""
    layer = packed({"file": text.encode()})
    config = json.dumps(
        {
            "os": "linux",
            "architecture": architecture,
            "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
        }
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {
        "config.json": config,
        "layer.tar": layer,
        "manifest.json": json.dumps(manifest).encode(),
    }
    engine.client.images.load(packed(files))


@pytest.fixture
def names(hub: Hub, docker_engine: DockerEngine) -> Iterator[str]:
    """Where to push; what was given such a name is removed again."""
    prefix = f"{hub.lab.account.registry_host}/d/s/repo/"
    yield prefix
    for image in docker_engine.client.images.list():
        for name in image.tags:
            if name.startswith(hub.lab.account.registry_host):
                docker_engine.client.images.remove(name)


def password(hub: Hub) -> str:
    return json.dumps({"token": hub.session()[1], "expires_in": 3600})


async def test_login_push_and_pull(
    hub: Hub, names: str, docker_engine: DockerEngine, tmp_path: Path
):
    def docker(*arguments: str, stdin: str = "") -> str:
        done = docker_engine.command(*arguments, stdin=stdin, config=tmp_path / "docker")
        return done.stdout + done.stderr

    def play() -> None:
        name, host = f"{names}app:1.0", hub.lab.account.registry_host
        make_image(docker_engine, name, "hello")
        login = ("login", host, "-u", SESSION_USER, "--password-stdin")
        assert "unauthorized" in docker(*login, stdin='{"token": "wrong"}\n')
        assert "authentication required" in docker("push", name)
        assert "Login Succeeded" in docker(*login, stdin=password(hub))
        assert "digest: sha256:" in docker("push", name)
        image = docker_engine.client.images.get(name).id
        docker("rmi", name)
        assert "Downloaded newer image" in docker("pull", name)
        assert docker_engine.client.images.get(name).id == image
        foreign = f"{host}/snowflake/images/snowflake_images/app:1"
        docker("tag", name, foreign)
        assert "denied: Image Repository" in docker("push", foreign)

    await asyncio.to_thread(play)
    rows = await hub.lab.asked("SHOW IMAGES LIKE 'app' IN IMAGE REPOSITORY D.S.REPO")
    assert [(row["image_name"], row["tags"]) for row in rows] == [("app", "1.0")]


async def test_the_sdk_pushes_and_is_told_what_is_wrong(
    hub: Hub, names: str, docker_engine: DockerEngine
):
    credentials = {"username": SESSION_USER, "password": password(hub)}

    def push(name: str) -> list[dict[str, str]]:
        return list(
            docker_engine.client.api.push(name, auth_config=credentials, stream=True, decode=True)
        )

    def play() -> None:
        make_image(docker_engine, f"{names}app:1.0", "hello")
        events = push(f"{names}app:1.0")
        assert not [event for event in events if "error" in event]
        assert any(event.get("status") == "Pushed" for event in events)
        again = push(f"{names}app:1.0")
        assert any(event.get("status") == "Layer already exists" for event in again)
        make_image(docker_engine, f"{names}arm:1.0", "hello", "arm64")
        (refused,) = [event for event in push(f"{names}arm:1.0") if "error" in event]
        assert "linux/amd64 only" in refused["error"]

    await asyncio.to_thread(play)
    images = hub.lab.account.image_repositories["D", "S", "REPO"].images
    assert [image.name for image in images] == ["worker", "app"]
