"""What can be wrong with a deployment: one sentence and a next step each, and nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.program import Answer
from support.project_file import DEV, PLAIN, lay_out
from support.project_file import SPEC as PLAIN_SPEC

if TYPE_CHECKING:
    from conftest import World

SETTINGS = DEV + PLAIN
SPEC = f"""\
{PLAIN_SPEC}    resources:
      requests: {{cpu: "0.1", memory: 64Mi}}
"""
ANOTHER = SPEC.partition("containers:\n")[2]
NO_ACCESS = 'external_access_integrations = ["NO_SUCH"]\n'
MANY = "min_instances = 4\nmax_instances = 4\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "project", SETTINGS, SPEC).parent


async def update(world: World, project: Path, *more: str) -> Answer:
    settings = ("--project", str(project / "spcs-worker.toml"))
    return await world.program.run("update", *settings, "--yes", *more)


def assert_said(answer: Answer, status: int, said: str, step: str) -> None:
    assert answer.status == status, answer.err
    *_, sentence, following = answer.err.rstrip().splitlines()
    assert sentence.startswith("spcs-worker-tui: ")
    assert said in sentence
    assert following.startswith("  ")
    assert step in following
    assert "Traceback" not in answer.err


async def test_a_specification_that_is_none(world: World, project: Path) -> None:
    await world.create("WORKER")
    before = world.lab.service("WORKER").spec_digest
    file = project / "spcs-service-spec.yaml"
    for text, said, step in (
        (None, "spcs-service-spec.yaml cannot be read: No such file or directory", "--spec"),
        ("spec: [", "line 1: not valid YAML", "indentation, colons and quotes"),
        (SPEC.replace("resources", "resurces"), "did you mean 'resources'?", "nothing was sent"),
        (SPEC + ANOTHER, "two of them are named 'main'", "nothing was sent"),
    ):
        file.unlink(missing_ok=True)
        if text is not None:
            file.write_text(text)
        assert_said(await update(world, project), 64, said, step)
    assert world.lab.service("WORKER").spec_digest == before
    assert world.lab.service("WORKER").status == "RUNNING"


async def test_settings_that_name_what_is_not_there(world: World, project: Path) -> None:
    file = project / "spcs-worker.toml"
    for text, status, said, step in (
        (SETTINGS.replace('"P"', '"NOPE"'), 64, "no compute pool NOPE", "COMPUTE POOL NOPE TO"),
        (SETTINGS.replace('"1.0"', '"9"'), 64, "no image plain with the tag '9'", ""),
        (SETTINGS + NO_ACCESS, 2, "Integration 'NO_SUCH' does not", "GRANT USAGE ON INTEGRATION"),
        (SETTINGS + '[environments.dev.variables]\n"1A" = "x"\n', 64, "'1A' is no name of", ""),
    ):
        file.write_text(text)
        assert_said(await update(world, project), status, said, step)
    assert not world.lab.account.services
    answer = await world.program.run("update", "WORKER", "--yes")
    assert_said(answer, 64, "there is no service 'WORKER'", "SHOW SERVICES lists what")


async def test_a_running_service_outlives_settings_that_are_wrong(
    world: World, project: Path
) -> None:
    await world.create("WORKER")
    before = world.lab.service("WORKER").spec_digest
    (project / "spcs-worker.toml").write_text(SETTINGS + NO_ACCESS)
    answer = await update(world, project)
    assert_said(answer, 2, "Integration 'NO_SUCH' does not exist", "may see it")
    (project / "spcs-worker.toml").write_text(SETTINGS)
    (project / "spcs-service-spec.yaml").write_text(SPEC.replace('"0.1"', '"200"'))
    answer = await update(world, project)
    assert_said(answer, 2, "does not fit on a node of instance family", "Ask for less")
    assert world.lab.service("WORKER").spec_digest == before
    assert world.lab.service("WORKER").status == "RUNNING"


async def test_a_compute_pool_that_is_full(world: World, project: Path) -> None:
    (project / "spcs-worker.toml").write_text(SETTINGS + MANY)
    (project / "spcs-service-spec.yaml").write_text(SPEC.replace('"0.1"', '"2"'))
    answer = await update(world, project, "--timeout", "3")
    said = "still 2 of 4 instances ready; main of instance 2: Unschedulable due to insufficient CPU"
    assert_said(answer, 2, said, "Compute pool P has no room for it: free some or raise its MAX")


async def test_without_the_privilege(world: World, project: Path) -> None:
    world.connections(dev={"role": "WATCHER"})
    answer = await update(world, project)
    assert_said(answer, 64, "no compute pool P that this role can see", "GRANT USAGE ON COMPUTE")
    await world.create("WORKER")
    before = world.lab.service("WORKER").spec_digest
    for grant in ("USAGE ON DATABASE D", "USAGE ON SCHEMA D.S", "MONITOR ON SERVICE WORKER"):
        await world.lab.sql(f"GRANT {grant} TO ROLE WATCHER")
    for words in (
        ("update", "WORKER", "--yes"),
        ("env", "set", "A=1", "--service", "WORKER", "--yes"),
    ):
        answer = await world.program.run(*words)
        assert_said(answer, 3, "spec of D.S.WORKER is shown only to the role", "Use the role DEPL")
    for verb in ("suspend", "restart"):
        answer = await world.program.run(verb, "WORKER", "--yes")
        assert_said(answer, 2, "Insufficient privileges to operate on service", "GRANT OPERATE")
    assert world.lab.service("WORKER").spec_digest == before
    assert world.lab.service("WORKER").status == "RUNNING"


async def test_a_work_pool_whose_services_cannot_be_seen(world: World) -> None:
    world.connections(dev={"password": None})
    answer = await world.program.run("pool", "pause", "lab", "--yes")
    said = "no service that can be seen serves a work pool 'lab': connection dev needs a password"
    assert_said(answer, 3, said, "Or say the Prefect API with --api-url.")
