"""From an empty folder and a new account to a flow that ran: image, registry and worker real."""

from __future__ import annotations

import asyncio
import json
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import snowflake.connector

from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.engine import DockerEngine
from support.program import Program, ended
from support.site import eventually
from support.terminal import Terminal

pytestmark = pytest.mark.timeout(600)

SECONDS = 400
"""The first build of the image is in it, where no other test has built it."""
NAME = "PREFECT.WORKERS.WORKER"


def answers(folder: Path, engine: DockerEngine, sandbox: LaunchedSandbox) -> None:
    """All that a person has to write; the folder holds nothing else."""
    (folder / "spcs-worker.toml").write_text(
        f"""
[environments.dev]
connection = "{sandbox.connections[0]}"
database = "PREFECT"
schema = "WORKERS"
service = "WORKER"
compute_pool = "WORKER_POOL"
image_repository = "IMAGES"
work_pool = "spcs"
prefect_api_url = "{sandbox.prefect_api_url}"
build_args = {{ BASE_IMAGE = "{engine.base_image}" }}
# The engine of the tests has no network of its own.
build_network = "host"
"""
    )


def rows(sandbox: LaunchedSandbox, statement: str) -> list[dict[str, object]]:
    saved = tomllib.loads((sandbox.home / "connections.toml").read_text())
    with snowflake.connector.connect(
        **saved[sandbox.connections[0]], enable_server_session_keep_alive_auto_detection=False
    ) as connection:
        return connection.cursor(snowflake.connector.DictCursor).execute(statement).fetchall()


@dataclass
class Begun:
    """A new account, and a folder that holds the answers only."""

    sandbox: LaunchedSandbox
    project: Path
    program: Program
    variables: dict[str, str]

    async def check(self) -> None:
        """The service that was set up runs what was pushed, and its project is one like others."""
        sandbox = self.sandbox
        (service,) = rows(sandbox, "SHOW SERVICES IN ACCOUNT")
        assert (service["status"], service["owner"]) == ("RUNNING", "PREFECT_OPERATOR")
        (image,) = rows(sandbox, "SHOW IMAGES IN IMAGE REPOSITORY PREFECT.WORKERS.IMAGES")
        (container,) = rows(sandbox, f"SHOW SERVICE CONTAINERS IN SERVICE {NAME}")
        assert container["image_digest"] == image["digest"]
        assert (self.project / "worker" / "spcs_worker" / "__main__.py").is_file()
        answer = await self.program.run("--check", "--json", **self.variables)
        (seen,) = json.loads(answer.out)["services"]
        assert seen["service"] == "WORKER", answer.out
        # A heartbeat that is late on a busy machine is no fault of the set-up.
        assert seen["verdict"] in ("healthy", "degraded"), answer.out


@pytest.fixture
def begun(
    docker_engine: DockerEngine,
    worker_image: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Begun]:
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    project = tmp_path / "project"
    project.mkdir()
    with launch(fleet="empty", speed="instant") as sandbox:
        answers(project, docker_engine, sandbox)
        health = f"{sandbox.prefect_api_url}/health"
        eventually(lambda: httpx.get(health, trust_env=False).is_success, "Prefect")
        variables = {"SNOWFLAKE_HOME": str(sandbox.home), "DOCKER_HOST": docker_engine.host}
        yield Begun(sandbox, project, Program(tmp_path), variables)


async def test_from_an_empty_folder(begun: Begun) -> None:
    settings = ("--project", str(begun.project / "spcs-worker.toml"))
    words = (*settings, "--non-interactive", "--env", "dev", "--yes")
    start = begun.program.start("setup", *words, **begun.variables)
    async with ended(await start) as process:
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, err.decode()
    assert b"docker build" in out
    assert b"a flow has finished on it" in err
    await begun.check()


async def test_the_same_screen_by_screen(begun: Begun) -> None:
    """The settings have all the answers, so that each page wants an enter."""
    environment = begun.program.environment(**begun.variables, TERM="xterm-256color")
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main", "setup"]

    def pressed() -> None:
        with Terminal(argv, environment, cwd=str(begun.project)) as terminal:
            for page in (
                "Which Snowflake connection",
                "Which role owns",
                "Where is Prefect",
                r"API URL +http://127\.0\.0\.1",
                "Which work pool",
                "Where do things go",
                "Build it here and push it",
            ):
                terminal.wait_for(page, 60)
                terminal.send("\r")
            terminal.wait_for("it is built here, and pushed", 60)
            terminal.send("\x1b[B\r")
            terminal.wait_for("A worker is running", SECONDS)
            terminal.send("\x1b[B\r")
            assert terminal.wait_exit(20) == 0

    await asyncio.to_thread(pressed)
    await begun.check()
