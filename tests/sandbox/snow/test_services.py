"""`snow spcs service …` against the sandbox: it does what it does on a live account."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from support.snow import Snow

# The first of them installs the program.
pytestmark = pytest.mark.timeout(600)

SPEC = """
spec:
  containers:
  - name: worker
    image: /d/s/repo/worker:1.0
    env:
      GREETING: it's "me"
  endpoints:
  - name: api
    port: 8080
serviceRoles:
- name: caller
  endpoints: [api]
"""
JOB = """
spec:
  containers:
  - name: main
    image: /d/s/repo/job:1.0
"""


def write(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


async def create(snow: Snow, name: str, folder: Path) -> None:
    spec = write(folder, "spec.yml", SPEC)
    words = ["spcs", "service", "create", name, "--compute-pool", "P", "--spec-path", spec]
    (row,) = await snow.rows(*words, "--comment", "it's mine")
    assert row == {"status": f"Service {name} successfully created."}
    await snow.settled(name, "RUNNING")


async def test_it_creates_a_service_and_looks_at_it(snow: Snow, tmp_path: Path) -> None:
    await create(snow, "SVC", tmp_path)
    service = ("spcs", "service")
    (
        (listed,),
        (described,),
        (instance,),
        (container,),
        (endpoint,),
        roles,
        (status,),
        logs,
        missing,
    ) = await asyncio.gather(
        snow.rows(*service, "list"),
        snow.rows(*service, "describe", "SVC"),
        snow.rows(*service, "list-instances", "SVC"),
        snow.rows(*service, "list-containers", "SVC"),
        snow.rows(*service, "list-endpoints", "SVC"),
        snow.rows(*service, "list-roles", "SVC"),
        snow.rows(*service, "status", "SVC"),
        snow.ok(
            *(*service, "logs", "SVC", "--container-name", "worker", "--instance-id", "0"),
            table=False,
        ),
        snow.run(*service, "describe", "NOTHING"),
    )
    assert (listed["name"], listed["status"]) == ("SVC", "RUNNING")
    assert (listed["comment"], listed["is_job"]) == ("it's mine", False)
    assert "it's" in described["spec"]
    assert list(described)[5:8] == ["compute_pool", "spec", "dns_name"]
    assert (instance["instance_id"], instance["status"]) == ("0", "READY")
    assert (container["container_name"], container["status"]) == ("worker", "READY")
    assert (endpoint["name"], endpoint["port"], endpoint["is_public"]) == ("api", 8080, False)
    assert {role["name"] for role in roles} == {"ALL_ENDPOINTS_USAGE", "CALLER"}
    assert status["containerName"] == "worker"
    assert "SVC/0 started" in logs.out
    assert missing.status == 1
    assert "does not exist or not authorized" in missing.text


async def test_it_changes_a_service_and_drops_it(snow: Snow, tmp_path: Path) -> None:
    await create(snow, "SVC", tmp_path)
    service = snow.lab.account.services["D", "S", "SVC"]
    done = [{"status": "Statement executed successfully."}]
    words = ("spcs", "service")

    assert await snow.rows(*words, "set", "SVC", "--max-instances", "2", "--no-auto-resume") == done
    assert (service.max_instances, service.auto_resume) == (2, False)
    assert await snow.rows(*words, "unset", "SVC", "--comment", "--auto-resume") == done
    assert (service.comment, service.auto_resume) == (None, True)

    before = service.spec_digest
    changed = write(tmp_path, "changed.yml", SPEC.replace("GREETING", "FAREWELL"))
    assert await snow.rows(*words, "upgrade", "SVC", "--spec-path", changed) == done
    assert service.spec_digest != before
    assert "FAREWELL" in json.dumps(service.spec)

    assert await snow.rows(*words, "suspend", "SVC") == done
    await snow.settled("SVC", "SUSPENDED")
    assert await snow.rows(*words, "resume", "SVC") == done
    await snow.settled("SVC", "RUNNING")

    twice = await snow.run(
        *(*words, "create", "SVC", "--compute-pool", "P", "--spec-path", changed)
    )
    assert twice.status == 1
    assert "already exists" in twice.text
    assert await snow.rows(*words, "drop", "SVC") == [{"status": "SVC successfully dropped."}]


async def test_it_deploys_a_project_through_a_stage_and_upgrades_it(
    snow: Snow, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    write(project, "spec.yml", SPEC)
    write(
        project,
        "snowflake.yml",
        """
definition_version: 2
entities:
  svc:
    type: service
    identifier: SVC
    stage: deployments
    compute_pool: P
    spec_file: spec.yml
    min_instances: 1
    max_instances: 1
    artifacts:
    - spec.yml
""",
    )
    deployed = await snow.ok("spcs", "service", "deploy", cwd=project)
    assert "SVC successfully created" in deployed.out
    stage = snow.lab.account.stages["D", "S", "DEPLOYMENTS"]
    assert stage.files["spec.yml"].content.decode() == SPEC
    service = snow.lab.account.services["D", "S", "SVC"]
    before = service.spec_digest
    write(project, "spec.yml", SPEC.replace("GREETING", "FAREWELL"))
    await snow.ok("spcs", "service", "deploy", "--upgrade", cwd=project)
    assert service.spec_digest != before


async def test_it_runs_a_job(snow: Snow, tmp_path: Path) -> None:
    spec = write(tmp_path, "job.yml", JOB)
    words = ("spcs", "service", "execute-job", "JOB", "--compute-pool", "P", "--spec-path", spec)
    (row,) = await snow.rows(*words)
    assert row == {"status": "Job JOB completed successfully with status: DONE."}
