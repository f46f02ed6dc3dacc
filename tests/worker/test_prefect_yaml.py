"""`worker/prefect.yaml`, deployed by Prefect's own command to a real server, and run."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from spcs_worker_tui.sandbox.prefect.seed import WorkPool
from support.prefect_lab import Lab

WORKER = Path(__file__).parents[2] / "worker"
pytestmark = pytest.mark.asyncio(loop_scope="session")
POOL = "spcs"
FLOWS = {"hello", "load-table", "check-quality"}


async def deploy_all(folder: Path, api_url: str) -> None:
    """As the file says, by a user who has Prefect and this folder, and no profile."""
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).with_name("prefect"), "--no-prompt", "deploy", "--all"),
        cwd=folder,
        env={
            **{name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ},
            "PYTHONPATH": ".",
            "HOME": str(folder.parent),
            "PREFECT_HOME": str(folder.parent / "prefect-home"),
            "PREFECT_API_URL": api_url,
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, out.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy, since Prefect may write into the folder."""
    copy = tmp_path / "worker"
    shutil.copytree(WORKER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.mark.timeout(400)  # Prefect's command and a worker, each slow to start on a busy machine
async def test_all_flows_are_deployed_and_run(prefect: Lab, folder: Path) -> None:
    await prefect.seeder.create_work_pool(WorkPool(POOL))
    await deploy_all(folder, prefect.server.api_url)
    body = {"work_pools": {"name": {"any_": [POOL]}}}
    deployments = (await prefect.seeder.request("POST", "/deployments/filter", body)).json()
    by_entrypoint = {row["entrypoint"].rpartition(".")[2]: row for row in deployments}
    assert {name.replace("_", "-") for name in by_entrypoint} == FLOWS
    assert len(deployments) == len(FLOWS)
    assert [s["active"] for s in by_entrypoint["load_table"]["schedules"]] == [False]
    run = await prefect.seeder.request(
        "POST",
        f"/deployments/{by_entrypoint['hello']['id']}/create_flow_run",
        {"parameters": {"names": ["test"], "pause_seconds": 0}},
    )
    await prefect.start_worker(POOL, "example")
    state = await prefect.until_run_is(run.json()["id"], "COMPLETED", "FAILED", "CRASHED")
    assert state["state_type"] == "COMPLETED", state["state"]["message"]
