"""The adapter on a real engine: what goes away in the middle, and what real registries refuse."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.docker.engine import DockerEngine as Adapter
from spcs_worker_tui.domain.building import BuildRequest, Progress
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    EngineUnreachableError,
    RegistryError,
)
from spcs_worker_tui.domain.keys import Secret
from support.engine import DockerEngine
from support.relay import Relay, relayed_socket
from support.site import Site, eventually, running_site

pytestmark = pytest.mark.timeout(300)

SLOW = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nRUN sleep 300\n"
NOBODY = Secret(json.dumps({"token": "of-nobody-which-nobody-may-see", "expires_in": 3600}))


@pytest.fixture(scope="module")
def site(docker_engine: DockerEngine) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_engine.host)
        with running_site(prefect=False) as running:
            yield running


@pytest.fixture(autouse=True)
def _this_engine(docker_engine: DockerEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)


def request(engine: DockerEngine, folder: Path, dockerfile: str, name: str = "b:1") -> BuildRequest:
    (folder / "Dockerfile").write_text(dockerfile)
    arguments = {"BASE_IMAGE": engine.base_image}
    return BuildRequest(folder, folder / "Dockerfile", name, arguments, {"made.by": "tests"})


class Telling:
    """Keeps what is reported, and says when something came."""

    def __init__(self) -> None:
        self.told: list[Progress] = []
        self._came = asyncio.Event()

    def __call__(self, progress: Progress) -> None:
        self.told.append(progress)
        self._came.set()

    async def heard(self, words: str) -> None:
        async with asyncio.timeout(60):
            while not any(words in progress.text for progress in self.told):
                self._came.clear()
                await self._came.wait()


async def building(folder: Path, engine: DockerEngine) -> asyncio.Task[object]:
    """A build that takes for ever, and has got as far as that."""
    telling = Telling()
    build = Adapter().build(request(engine, folder, SLOW), telling)
    task: asyncio.Task[object] = asyncio.create_task(build)
    await telling.heard("RUN sleep 300")
    client = engine.client.api
    await asyncio.to_thread(eventually, client.containers, "container of the build", 30)
    return task


async def test_an_image_as_it_was_asked_for(docker_engine: DockerEngine, tmp_path: Path):
    (tmp_path / "kept").write_text("kept\n")
    (tmp_path / ".env").write_text("PREFECT_API_KEY=pnu_which-nobody-may-see\n")
    (tmp_path / ".dockerignore").write_text("# secrets\n.env\n\n")
    wanted = request(docker_engine, tmp_path, "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY . /app/\n")
    telling = Telling()
    image = await Adapter().build(wanted, telling)
    assert image.platform == "linux/amd64"
    assert telling.told[0] == Progress("Step 1/4: ARG BASE_IMAGE", done=1, total=4)
    inspected = docker_engine.client.images.get("b:1")
    assert inspected.id == image.id
    assert inspected.labels == {"made.by": "tests"}
    listed = docker_engine.client.containers.run(
        "b:1", ["ls", "-A", "/app"], network_mode="none", remove=True
    )
    assert listed.split() == [b".dockerignore", b"Dockerfile", b"kept"]
    assert await Adapter().image("b:1") == image
    assert await Adapter().image("nothing:1") is None


async def test_the_engine_stops_in_mid_build(
    docker_engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _ = docker_engine.base_image
    async with relayed_socket(docker_engine.socket, tmp_path / "relay") as relay:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/relay")
        task = await building(tmp_path, docker_engine)
        relay.cut()
        with pytest.raises(EngineUnreachableError) as caught:
            await asyncio.wait_for(task, 30)
    assert str(caught.value) == (
        "the Docker engine went away while it was building, at step 3 of 4"
    )
    assert "run the same command" in caught.value.next_step
    client = docker_engine.client.api
    await asyncio.to_thread(eventually, lambda: not client.containers(), "end of the build", 30)


async def test_a_cancelled_build_ends_in_the_engine(docker_engine: DockerEngine, tmp_path: Path):
    task = await building(tmp_path, docker_engine)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    client = docker_engine.client.api
    await asyncio.to_thread(eventually, lambda: not client.containers(), "end of the build", 30)


async def test_a_folder_that_cannot_be_built(docker_engine: DockerEngine, tmp_path: Path):
    inside = tmp_path / "inside"
    for context, dockerfile, said in (
        (tmp_path / "none", tmp_path / "Dockerfile", "there is no folder"),
        (tmp_path, tmp_path / "Dockerfile", "there is no Dockerfile at"),
    ):
        wanted = BuildRequest(context, dockerfile, "b:1")
        with pytest.raises(ConfigurationError, match=said):
            await Adapter().build(wanted, Telling())
    inside.mkdir()
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(ConfigurationError, match="is not in the folder that is built"):
        await Adapter().build(BuildRequest(inside, tmp_path / "Dockerfile", "b:1"), Telling())


async def refusal(engine: DockerEngine, reference: str, password: Secret) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        await Adapter().push(engine.base_image, reference, password, Telling())
    assert caught.value.next_step
    assert "nobody-may-see" not in f"{caught.value}{caught.value.next_step}"
    engine.client.images.remove(reference, noprune=True)
    return caught.value


async def test_a_token_that_is_no_good(docker_engine: DockerEngine, site: Site):
    error = await refusal(docker_engine, f"{site.repository_url}/x:1", NOBODY)
    host = site.repository_url.partition("/")[0]
    assert str(error).startswith(f"the registry {host} refused the sign-in: ")


async def test_a_repository_that_is_somebody_elses(docker_engine: DockerEngine, site: Site):
    host = site.repository_url.partition("/")[0]
    password = Secret(site.registry_password())
    error = await refusal(docker_engine, f"{host}/lab/work/others/x:1", password)
    assert "does not let this role push" in str(error)
    assert "IMAGE REPOSITORY LAB.WORK.OTHERS TO ROLE" in error.next_step


async def test_a_registry_that_is_not_there(docker_engine: DockerEngine):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    error = await refusal(docker_engine, f"127.0.0.1:{port}/d/s/r/x:1", NOBODY)
    assert f"the Docker engine does not reach the registry 127.0.0.1:{port}" in str(error)


async def test_nothing_to_push(docker_engine: DockerEngine, site: Site):
    with pytest.raises(RegistryError, match="has no image nothing:1 to push"):
        await Adapter().push("nothing:1", f"{site.repository_url}/x:1", NOBODY, Telling())


async def test_the_engine_stops_in_mid_push_and_the_next_one_goes_on(
    docker_engine: DockerEngine, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    password = Secret(site.registry_password())
    reference = f"{site.repository_url}/base:1"
    async with relayed_socket(docker_engine.socket, tmp_path / "relay") as relay:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/relay")
        with pytest.raises(EngineUnreachableError, match="went away while it was pushing"):
            await pushed_until(relay, docker_engine, reference, password)
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    digest = await Adapter().push(docker_engine.base_image, reference, password, Telling())
    (row,) = site.rows("SHOW IMAGES IN IMAGE REPOSITORY LAB.WORK.IMAGES")
    assert (row["image_name"], row["digest"]) == ("base", digest)
    image = await Adapter().image(reference)
    assert image is not None
    assert f"{site.repository_url}/base@{digest}" in image.pushed
    docker_engine.client.images.remove(reference, noprune=True)


async def pushed_until(
    relay: Relay, engine: DockerEngine, reference: str, password: Secret
) -> None:
    """Push, and lose the engine once bytes flow."""
    telling = Telling()
    task = asyncio.create_task(Adapter().push(engine.base_image, reference, password, telling))
    await telling.heard("Pushing")
    relay.cut()
    await asyncio.wait_for(task, 60)
