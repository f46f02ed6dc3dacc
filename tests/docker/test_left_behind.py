"""Whatever happens to the sandbox, the engine is left as it was."""

from __future__ import annotations

import os
import signal

import pytest

from support.engine import DockerEngine
from support.site import PLACE, POOL, Site, eventually, running_site

pytestmark = pytest.mark.timeout(300)

SPECIFICATION = """
spec:
  containers:
  - name: main
    image: /lab/work/images/base:1
    command: ["python3", "-c", "import time; print('up', flush=True); time.sleep(600)"]
"""


def start_service(site: Site, engine: DockerEngine) -> None:
    site.push(engine, engine.base_image, "base:1")
    site.rows(
        f"CREATE SERVICE {PLACE}.SVC IN COMPUTE POOL {POOL} MIN_INSTANCES = 2 MAX_INSTANCES = 2 "
        f"FROM SPECIFICATION $$ {SPECIFICATION} $$"
    )
    eventually(lambda: len(engine.containers()) == 2, "both containers")


def names_of_images(engine: DockerEngine, host: str) -> list[str]:
    return [
        name
        for image in engine.client.images.list()
        for name in [*image.tags, *image.attrs["RepoDigests"]]
        if name.startswith(host)
    ]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_no_container_and_no_image_outlives_the_sandbox(
    docker_engine: DockerEngine, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
):
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    with running_site(prefect=False) as site:
        start_service(site, docker_engine)
        host = site.repository_url.partition("/")[0]
        assert names_of_images(docker_engine, host)
        os.kill(site.sandbox.pid, end)
        site.sandbox.process.wait(60)
        eventually(lambda: not docker_engine.containers(), "end of the containers", 60)
        eventually(lambda: not names_of_images(docker_engine, host), "end of the images", 60)


def test_a_pushed_image_does_not_start_without_an_engine(
    docker_engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with running_site(prefect=False) as site:
        site.push(docker_engine, docker_engine.base_image, "base:1")
        site.rows(
            f"CREATE SERVICE {PLACE}.SVC IN COMPUTE POOL {POOL} "
            f"FROM SPECIFICATION $$ {SPECIFICATION} $$"
        )

        def failed() -> bool:
            (row,) = site.containers("SVC")
            return "starting container" in str(row["message"])

        eventually(failed, "refusal")
        assert docker_engine.containers() == []
