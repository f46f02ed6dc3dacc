"""What is in the worker's image, and what is not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker.utils.build
import pytest
import yaml
from docker.models.containers import Container

from support.engine import DockerEngine
from support.site import eventually

pytestmark = pytest.mark.timeout(600)

CHECKOUT = Path(__file__).parents[2]
ANSWERS = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[1]) if self.path == "/health" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8080), Handler).serve_forever()
"""


@pytest.fixture
def container(docker_engine: DockerEngine, worker_image: str) -> Iterator[Container]:
    """The image with nothing in it running but a sleep."""
    running = docker_engine.client.containers.run(
        worker_image, entrypoint=["sleep", "600"], network_mode="none", detach=True
    )
    try:
        yield running
    finally:
        running.remove(force=True)


def said(container: Container, *command: str) -> str:
    code, (output, complaints) = container.exec_run(list(command), demux=True)
    assert code == 0, complaints
    return str(output.decode())


def test_only_the_workers_packages_are_installed(container: Container):
    listed = json.loads(said(container, "uv", "pip", "list", "--format", "json"))
    installed = {f"{package['name']}=={package['version']}" for package in listed}
    pinned = {
        line.split()[0]
        for line in (CHECKOUT / "worker" / "requirements.txt").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    }
    assert installed <= pinned
    assert any(package.startswith("prefect==") for package in installed)


def test_it_runs_as_nobody_in_particular(container: Container):
    assert said(container, "id", "-u").strip() == "10001"
    assert said(container, "python", "--version").startswith("Python 3.11.")
    code, _ = container.exec_run(["touch", "/opt/worker/x"])
    assert code != 0
    code, _ = container.exec_run(["touch", "/home/worker/x"])
    assert code == 0


def test_nothing_of_the_checkout_but_the_worker_is_in_it(container: Container):
    found = said(container, "find", "/app", "-type", "f", "-not", "-name", "*.pyc").split()
    assert found
    assert all(re.fullmatch(r"/app/spcs_worker/.*(\.py|py\.typed)", path) for path in found)


def test_nothing_but_the_worker_is_sent_to_the_engine():
    patterns = [
        line
        for line in (CHECKOUT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    sent = docker.utils.build.exclude_paths(str(CHECKOUT), patterns, "Dockerfile")
    files = {path for path in sent if (CHECKOUT / path).is_file()}
    code = re.compile(r"worker/spcs_worker/.*(\.py|py\.typed)")
    others = {path for path in files if not code.fullmatch(path)}
    assert others == {".dockerignore", "Dockerfile", "worker/requirements.txt"}


@pytest.mark.parametrize(("status", "exit_code"), [("200", 0), ("503", 1)])
def test_the_health_check_asks_the_worker(
    container: Container,
    docker_engine: DockerEngine,
    worker_image: str,
    status: str,
    exit_code: int,
):
    image = docker_engine.client.images.get(worker_image)
    kind, *command = image.attrs["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD"
    assert container.exec_run(command).exit_code == 1  # nobody listens
    container.exec_run(["python", "-c", ANSWERS, status], detach=True)
    listening = ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8080))"]
    eventually(lambda: container.exec_run(listening).exit_code == 0, "listener")
    assert container.exec_run(command, environment={"http_proxy": "x"}).exit_code == exit_code


def test_a_change_of_the_code_leaves_the_dependencies_cached(
    docker_engine: DockerEngine, worker_image: str, tmp_path: Path
):
    shutil.copy(CHECKOUT / "Dockerfile", tmp_path)
    shutil.copytree(
        CHECKOUT / "worker", tmp_path / "worker", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "worker" / "spcs_worker" / "new.py").write_text("new = True\n")
    image, log = docker_engine.client.images.build(
        path=str(tmp_path),
        platform="linux/amd64",
        buildargs={"BASE_IMAGE": docker_engine.base_image},
        network_mode="host",
        rm=True,
    )
    steps = "".join(entry.get("stream", "") for entry in log)
    installing = steps[steps.index("RUN uv pip install") :]
    assert installing.index("Using cache") < installing.index("Step")
    old = docker_engine.client.images.get(worker_image).attrs["RootFS"]["Layers"]
    new = image.attrs["RootFS"]["Layers"]
    assert new != old
    assert new[: len(old) - 2] == old[: len(old) - 2]


def test_the_compose_file_tries_what_is_built_here():
    services = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]
    arguments = set(re.findall(r"^ARG (\w+)", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE))
    assert set(services["worker"]["build"]["args"]) <= arguments
    pinned = re.search(
        r"^prefect==(\S+)", (CHECKOUT / "worker/requirements.txt").read_text(), re.MULTILINE
    )
    assert pinned is not None
    assert f":{pinned[1]}-python3.11" in services["prefect"]["image"]
    assert services["prefect"]["ports"] == ["127.0.0.1:4200:4200"]
