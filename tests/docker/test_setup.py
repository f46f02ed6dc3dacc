"""From an empty folder and a new account to a flow that ran: image, registry and worker real."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path

import httpx
import pytest
import snowflake.connector

from spcs_worker_tui.sandbox.launch import LaunchedSandbox, launch
from support.engine import DockerEngine
from support.program import Program, ended
from support.site import eventually

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


@pytest.mark.usefixtures("worker_image")
async def test_from_an_empty_folder(
    docker_engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    project = tmp_path / "project"
    project.mkdir()
    with launch(fleet="empty", speed="instant") as sandbox:
        answers(project, docker_engine, sandbox)
        health = f"{sandbox.prefect_api_url}/health"
        await asyncio.to_thread(
            eventually, lambda: httpx.get(health, trust_env=False).is_success, "Prefect"
        )
        program = Program(tmp_path)
        variables = {"SNOWFLAKE_HOME": str(sandbox.home), "DOCKER_HOST": docker_engine.host}
        words = ("--project", str(project / "spcs-worker.toml"), "--non-interactive", "--env")
        start = program.start("setup", *words, "dev", "--yes", **variables)
        async with ended(await start) as process:
            out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode == 0, err.decode()
        assert b"docker build" in out
        assert b"a flow has finished on it" in err
        (service,) = rows(sandbox, "SHOW SERVICES IN ACCOUNT")
        assert (service["status"], service["owner"]) == ("RUNNING", "PREFECT_OPERATOR")
        (image,) = rows(sandbox, "SHOW IMAGES IN IMAGE REPOSITORY PREFECT.WORKERS.IMAGES")
        (container,) = rows(sandbox, f"SHOW SERVICE CONTAINERS IN SERVICE {NAME}")
        assert container["image_digest"] == image["digest"]
        assert (project / "worker" / "spcs_worker" / "__main__.py").is_file()
        # What is written is a project like any other.
        answer = await program.run("--check", "--json", **variables)
        (seen,) = json.loads(answer.out)["services"]
        assert seen["service"] == "WORKER", answer.out
        # A heartbeat that is late on a busy machine is no fault of the set-up.
        assert seen["verdict"] in ("healthy", "degraded"), answer.out
