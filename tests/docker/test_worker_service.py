"""From the Dockerfile to a flow run: everything real, and nothing of it a stand-in for another."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from support.engine import DockerEngine
from support.site import ACCESS, PLACE, POOL, SECRET, SECRET_VALUE, Site, eventually, running_site

pytestmark = pytest.mark.timeout(600)

WORK_POOL = "lab"
WORKER = "lab.work.etl.0"


def specification(api_url: str, image: str) -> str:
    return f"""
spec:
  containers:
  - name: worker
    image: /lab/work/images/{image}
    env:
      PREFECT_API_URL: {api_url}
      PREFECT_WORK_POOL: {WORK_POOL}
      PREFECT_WORKER_CREATE_POOL: "true"
      PREFECT_WORKER_QUERY_SECONDS: "1"
      PREFECT_WORKER_HEARTBEAT_SECONDS: "2"
    secrets:
    - snowflakeSecret:
        objectName: {SECRET}
      secretKeyRef: secret_string
      envVarName: PREFECT_API_KEY
    readinessProbe:
      port: 8080
      path: /health
    resources:
      requests:
        cpu: "0.5"
        memory: 512Mi
      limits:
        cpu: "1"
        memory: 1Gi
"""


def online_workers(api_url: str) -> list[dict[str, Any]]:
    answer = httpx.post(f"{api_url}/work_pools/{WORK_POOL}/workers/filter", json={})
    if answer.status_code != 200:
        return []
    return [row for row in answer.json() if row["status"] == "ONLINE"]


def run_hello(api_url: str) -> dict[str, Any]:
    """Run the example flow that the image has, to its end."""
    flow = httpx.post(f"{api_url}/flows/", json={"name": "hello"}).json()
    deployment = httpx.post(
        f"{api_url}/deployments/",
        json={
            "name": "hello",
            "flow_id": flow["id"],
            "work_pool_name": WORK_POOL,
            "entrypoint": "spcs_worker.flows.hello.hello",
            "enforce_parameter_schema": False,
        },
    ).json()
    path = f"{api_url}/deployments/{deployment['id']}/create_flow_run"
    run = httpx.post(path, json={"parameters": {"pause_seconds": 0}}).json()["id"]

    def ended() -> dict[str, Any] | None:
        state = httpx.get(f"{api_url}/flow_runs/{run}").json()["state"]
        return state if state["type"] in {"COMPLETED", "FAILED", "CRASHED"} else None

    return eventually(ended, "end of the flow run", 120)


def create_service(site: Site, image: str) -> None:
    api_url = str(site.sandbox.prefect_api_url)
    site.rows(
        f"CREATE SERVICE {PLACE}.ETL IN COMPUTE POOL {POOL} "
        f"FROM SPECIFICATION $$ {specification(api_url, image)} $$ "
        f"EXTERNAL_ACCESS_INTEGRATIONS = ({ACCESS})"
    )


def test_the_image_runs_as_a_service(
    docker_engine: DockerEngine, worker_image: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    with running_site() as site:
        api_url = str(site.sandbox.prefect_api_url)
        digest = site.push(docker_engine, worker_image, "worker:1.0")
        (image,) = site.rows(f"SHOW IMAGES IN IMAGE REPOSITORY {PLACE}.IMAGES")
        assert (image["image_name"], image["tags"], image["digest"]) == ("worker", "1.0", digest)

        eventually(lambda: httpx.get(f"{api_url}/health").status_code == 200, "Prefect server", 120)
        create_service(site, "worker:1.0")
        row = site.until_ready("ETL")
        assert row["image_digest"] == digest
        (container,) = docker_engine.client.containers.list(filters={"label": "spcs-sandbox"})
        assert container.attrs["Config"]["Image"].endswith(f"@{digest}")
        assert container.attrs["HostConfig"]["Memory"] == 1024**3
        assert container.exec_run("id -u").output.strip() == b"10001"

        assert [worker["name"] for worker in online_workers(api_url)] == [WORKER]
        assert run_hello(api_url)["type"] == "COMPLETED"
        log = site.logs("ETL")
        assert "Completed" in log
        assert SECRET_VALUE not in log

        site.rows(f"DROP SERVICE {PLACE}.ETL")
        eventually(lambda: not docker_engine.containers(), "end of the container", 60)
