"""Rights that are missing: each is named with its GRANT, and well again once that is granted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.domain.doctor import Finding, Outcome
from support.doctoring import findings, only, run_statements, wrong
from support.patients import SPEC, admit
from support.project_file import DEV

SETTINGS = f"""\
{DEV}service = "WORKER"
image = "spcs-worker"
tag = "1.0"
external_access_integrations = ["PREFECT_ACCESS"]
secrets = {{ PREFECT_API_KEY = "PREFECT_API_KEY" }}
"""


def grants(found: list[Finding]) -> list[str]:
    """The statements that are handed to an administrator."""
    return [line for one in found if one.cure is not None for line in one.cure.statements]


@pytest.fixture
async def watched(ward: Any) -> Any:
    """A worker, seen by a role that may look at everything but the specification."""
    await admit(ward)
    ward.lab.open_schema("WATCHER")
    await ward.lab.sql("GRANT MONITOR ON SERVICE D.S.WORKER TO ROLE WATCHER")
    await ward.lab.sql("GRANT MONITOR ON COMPUTE POOL P TO ROLE WATCHER")
    ward.connections(dev={"role": "WATCHER"})
    assert not wrong(await findings(), "privileges")
    return ward


async def test_a_role_that_may_see_a_service_and_not_look_into_it(watched: Any) -> None:
    await watched.lab.sql("REVOKE MONITOR ON SERVICE D.S.WORKER FROM ROLE WATCHER")
    await watched.lab.sql("GRANT USAGE ON SERVICE D.S.WORKER TO ROLE WATCHER")

    (finding,) = wrong(await findings(), "privileges")

    assert finding.outcome is Outcome.PROBLEM
    assert "role WATCHER lacks MONITOR on SERVICE D.S.WORKER" in finding.text
    assert grants([finding]) == ["GRANT MONITOR ON SERVICE D.S.WORKER TO ROLE WATCHER"]
    await run_statements(watched.lab, finding)
    assert not wrong(await findings(), "privileges")


async def test_a_role_that_may_operate_one_service_and_not_the_other(watched: Any) -> None:
    await watched.create("OTHER")
    for right in ("MONITOR", "OPERATE"):
        await watched.lab.sql(f"GRANT {right} ON SERVICE D.S.OTHER TO ROLE WATCHER")

    (finding,) = wrong(await findings(), "privileges")

    assert finding.outcome is Outcome.NOTICE
    assert grants([finding]) == ["GRANT OPERATE ON SERVICE D.S.WORKER TO ROLE WATCHER"]
    await run_statements(watched.lab, finding)
    assert not wrong(await findings(), "privileges")


async def test_a_role_that_does_not_see_what_its_pool_lacks(watched: Any) -> None:
    await watched.lab.sql("REVOKE MONITOR ON COMPUTE POOL P FROM ROLE WATCHER")

    (finding,) = wrong(await findings(), "privileges")

    assert grants([finding]) == ["GRANT MONITOR ON COMPUTE POOL P TO ROLE WATCHER"]
    await run_statements(watched.lab, finding)
    assert not wrong(await findings(), "privileges")


async def test_a_role_that_sees_no_service(home: Any) -> None:
    await home.create("WORKER")
    home.connections(dev={"role": "OUTSIDER"})

    finding = await only("privileges")

    assert finding.outcome is Outcome.NOTICE
    assert finding.text == "role OUTSIDER sees no service"


@pytest.fixture
def project(ward: Any) -> Any:
    """A project whose environment is for the account, with nothing deployed yet."""
    place: Path = ward.program.home
    (place / "spcs-worker.toml").write_text(SETTINGS)
    (place / "spcs-service-spec.yaml").write_text(SPEC.lstrip())
    return ward


async def test_an_environment_that_can_be_deployed(project: Any) -> None:
    found = await findings(environment="dev")

    assert not wrong(found)
    said = next(one.text for one in found if one.check.id == "privileges")
    assert "CREATE SERVICE on schema" in said
    assert "READ on secret" in said


async def test_an_environment_is_looked_at_alone(project: Any) -> None:
    await admit(project)
    await project.create("OTHER")

    found = await findings(environment="dev")

    assert not wrong(found)
    assert {one.service.name for one in found if one.service} == {"WORKER"}


async def test_a_role_that_cannot_deploy_is_told_every_grant(project: Any) -> None:
    project.connections(dev={"role": "OUTSIDER"})

    found = wrong(await findings(environment="dev"), "privileges")

    assert grants(found) == [
        "GRANT USAGE ON DATABASE D TO ROLE OUTSIDER",
        "GRANT USAGE ON SCHEMA D.S TO ROLE OUTSIDER",
        "GRANT USAGE ON COMPUTE POOL P TO ROLE OUTSIDER",
        "GRANT MONITOR ON COMPUTE POOL P TO ROLE OUTSIDER",
        "GRANT OPERATE ON COMPUTE POOL P TO ROLE OUTSIDER",
        "GRANT READ ON IMAGE REPOSITORY D.S.REPO TO ROLE OUTSIDER",
        "GRANT WRITE ON IMAGE REPOSITORY D.S.REPO TO ROLE OUTSIDER",
        "GRANT CREATE SERVICE ON SCHEMA D.S TO ROLE OUTSIDER",
        "GRANT READ ON SECRET D.S.PREFECT_API_KEY TO ROLE OUTSIDER",
        "GRANT USAGE ON INTEGRATION PREFECT_ACCESS TO ROLE OUTSIDER",
    ]
    for finding in found:
        await run_statements(project.lab, finding)
    assert not wrong(await findings(environment="dev"), "privileges")


async def test_a_warehouse_of_the_settings_that_may_not_be_used(project: Any) -> None:
    await admit(project)
    settings = project.program.home / "spcs-worker.toml"
    settings.write_text(SETTINGS.replace("tag =", 'query_warehouse = "COMPUTE_WH"\ntag ='))
    project.lab.account.warehouses["COMPUTE_WH"].privileges.clear()

    finding = await only("warehouse", environment="dev")

    assert grants([finding]) == ["GRANT USAGE ON WAREHOUSE COMPUTE_WH TO ROLE DEPLOYER"]
    settings.write_text(SETTINGS)
    assert not wrong(await findings(environment="dev"))


async def test_a_pool_that_is_not_there_yet(project: Any) -> None:
    settings = project.program.home / "spcs-worker.toml"
    settings.write_text(SETTINGS.replace('"P"', '"NEW_POOL"'))

    (finding,) = wrong(await findings(environment="dev"), "compute-pool-state")

    await run_statements(project.lab, finding)
    found = await findings(environment="dev")
    assert not [one for one in wrong(found) if one.outcome is Outcome.PROBLEM]


async def test_an_environment_that_asks_for_more_than_a_node_has(project: Any) -> None:
    settings = project.program.home / "spcs-worker.toml"
    more = '[environments.dev.resources.requests]\ncpu = "8"\nmemory = "20Gi"\n'
    settings.write_text(SETTINGS + more)

    finding = await only("compute-pool-family", environment="dev")

    assert "requests 8 vCPU of 3 and 20 GiB of 13" in finding.text
    settings.write_text(SETTINGS)
    assert not wrong(await findings(environment="dev"))


async def test_a_specification_file_that_is_wrong(project: Any) -> None:
    path = project.program.home / "spcs-service-spec.yaml"
    path.write_text(SPEC.replace("containers", "contianers"))

    finding = await only("service-spec", environment="dev")

    assert "spec has no containers" in finding.text
    assert finding.cure is not None
    assert "unknown field 'contianers'" in finding.cure.words
    path.write_text(SPEC)
    assert not wrong(await findings(environment="dev"))
