"""A trial of the worker on this machine's Docker: the program, a real engine, a real Prefect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import docker
from spcs_worker_tui.sandbox.prefect.server import free_port
from support.engine import DockerEngine
from support.program import Answer, Program, ended
from support.site import Site, eventually, running_site

pytestmark = pytest.mark.timeout(600)

SECONDS = 240
NAME = "spcs-worker-tui-lab"
KEY = "pnu_of-a-trial'which $(nobody) may see"
POOL = "rehearsal"
# Containers of the tests' engine are on the machine's own network, where any port may be taken.
PORT = free_port()
SPEC = f"""\
spec:
  containers:
  - name: worker
    image: /lab/work/images/spcs-worker:1
    env:
      PREFECT_WORKER_CREATE_POOL: "true"
      PREFECT_WORKER_QUERY_SECONDS: "1"
      PREFECT_WORKER_HEARTBEAT_SECONDS: "2"
      PREFECT_WORKER_WEBSERVER_PORT: "{PORT}"
    secrets:
    - snowflakeSecret:
        objectName: LAB.WORK.OTHER
      secretKeyRef: secret_string
      envVarName: OTHER_SECRET
    readinessProbe: {{port: {PORT}, path: /health}}
    resources:
      requests: {{cpu: "0.1", memory: 256Mi}}
      limits: {{cpu: "1", memory: 768Mi}}
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as running:
        api_url = str(running.sandbox.prefect_api_url)
        eventually(lambda: httpx.get(f"{api_url}/health").status_code == 200, "Prefect server", 120)
        yield running


class Rehearsal:
    """A project whose image was built, and the program as its owner runs it."""

    def __init__(self, folder: Path, engine: DockerEngine, image: str, site: Site) -> None:
        self.engine = engine
        self.api_url = str(site.sandbox.prefect_api_url)
        self.folder = folder
        self.program = Program(folder)
        self.write(SPEC)
        name, _, tag = image.partition(":")
        (folder / "spcs-worker.toml").write_text(
            f"""
[environments.lab]
connection = "lab"
database = "LAB"
schema = "WORK"
service = "ETL"
compute_pool = "LAB_POOL"
image_repository = "IMAGES"
image = "{name}"
tag = "{tag}"
work_pool = "{POOL}"
prefect_api_url = "{self.api_url}"
"""
        )

    def write(self, specification: str) -> None:
        (self.folder / "spcs-service-spec.yaml").write_text(specification)

    async def run(self, verb: str, *more: str, **variables: str) -> Answer:
        """The program, run to its end, which takes a container's start and a flow run."""
        settings = str(self.folder / "spcs-worker.toml")
        started = await self.program.start(
            *("local", verb, "--project", settings),
            *more,
            DOCKER_HOST=self.engine.host,
            SPCS_WORKER_TUI_STATE_DIR=str(self.folder / "state"),
            **variables,
        )
        async with ended(started) as process:
            out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode is not None
        return Answer(process.returncode, out.decode(), err.decode())

    def workers(self) -> list[dict[str, Any]]:
        path = f"{self.api_url}/work_pools/{POOL}/workers/filter"
        found: list[dict[str, Any]] = httpx.post(path, json={}).json()
        return found

    @property
    def container(self) -> docker.models.containers.Container | None:
        try:
            return self.engine.client.containers.get(NAME)
        except docker.errors.NotFound:
            return None


@pytest.fixture
def rehearsal(
    docker_engine: DockerEngine, worker_image: str, site: Site, tmp_path: Path
) -> Iterator[Rehearsal]:
    yield Rehearsal(tmp_path, docker_engine, worker_image, site)
    found = docker_engine.client.containers.list(all=True, filters={"name": NAME})
    for container in found:
        container.remove(force=True)


async def test_up_logs_shell_stop(rehearsal: Rehearsal):
    up = await rehearsal.run("up", "--yes", OTHER_SECRET=KEY)
    assert up.status == 0, up.err
    assert "memory 768 MiB, 1 vCPU" in up.err
    container = rehearsal.container
    assert container is not None
    host = container.attrs["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (768 << 20, 768 << 20, 10**9)
    # What may be seen by everybody who may use the engine, and what may not.
    assert f"PREFECT_WORK_POOL={POOL}" in container.attrs["Config"]["Env"]
    assert KEY not in json.dumps(rehearsal.engine.client.api.inspect_container(NAME))
    assert "OTHER_SECRET" not in json.dumps(container.attrs)
    _, environment = container.exec_run("cat /proc/1/environ")
    assert f"OTHER_SECRET={KEY}".encode() in environment.split(b"\0")

    workers = rehearsal.workers()
    # Nobody may take it for a worker of the service LAB.WORK.ETL.
    assert [row["name"] for row in workers] == [container.attrs["Config"]["Hostname"]]
    assert workers[0]["name"].startswith("local-lab-")

    logs = await rehearsal.run("logs")
    assert logs.status == 0, logs.err
    assert POOL in logs.out
    assert KEY not in logs.out + up.out + up.err

    shell = await rehearsal.run("shell")
    assert shell.status == 0, shell.err

    stopped = await rehearsal.run("stop")
    assert stopped.status == 0, stopped.err
    assert "it ended with exit code 0" in stopped.err
    assert rehearsal.container is None
    again = await rehearsal.run("stop")
    assert again.status == 0
    assert "there was none" in again.err


async def test_a_smoke_flow_and_nothing_is_left(rehearsal: Rehearsal):
    shown = await rehearsal.run("test", "--dry-run")
    assert shown.status == 0, shown.err
    assert "--memory=805306368 --cpus=1 --network=host" in shown.out
    assert "# on standard input: OTHER_SECRET" in shown.out
    assert "It takes flow runs of work pool rehearsal" in shown.out
    assert rehearsal.container is None

    tested = await rehearsal.run("test", "--yes", OTHER_SECRET=KEY)
    assert tested.status == 0, tested.err
    assert "Completed on local-lab-" in tested.err
    assert "it ended with exit code 0, and is removed" in tested.err
    assert rehearsal.container is None


async def test_a_worker_that_ends_says_why_and_stays_to_be_looked_at(rehearsal: Rehearsal):
    rehearsal.write(SPEC.replace('"true"', '"false"'))
    up = await rehearsal.run("up", "--yes", "--work-pool", "nowhere", OTHER_SECRET=KEY)
    assert up.status == 2, up.err
    assert "the container ended with exit code 66" in up.err
    assert "work pool" in up.err
    assert rehearsal.container is not None
    logs = await rehearsal.run("logs", "--follow")
    assert "nowhere" in logs.out
    shell = await rehearsal.run("shell")
    assert (shell.status, "ended with exit code 66" in shell.err) == (3, True)


async def test_what_it_cannot_do_is_said_before_anything_starts(rehearsal: Rehearsal):
    up = await rehearsal.run("up", "--yes")
    assert up.status == 64
    assert "OTHER_SECRET comes from a Snowflake secret" in up.complaint
    missing = await rehearsal.run("up", "--yes", "--tag", "never-built", OTHER_SECRET=KEY)
    assert missing.status == 64
    assert "has no image spcs-worker:never-built" in missing.complaint
    assert (await rehearsal.run("logs")).complaint.endswith(f"there is no container {NAME}.")
    assert (await rehearsal.run("shell")).status == 3


async def test_a_container_of_somebody_else_is_left_alone(
    rehearsal: Rehearsal, docker_engine: DockerEngine
):
    docker_engine.client.containers.create(
        docker_engine.base_image, ["true"], name=NAME, network_mode="none"
    )
    stop = await rehearsal.run("stop")
    assert stop.status != 0
    assert "is not a trial of this program" in stop.err
    assert rehearsal.container is not None
