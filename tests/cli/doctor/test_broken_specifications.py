"""Broken specifications of workers: each is found and named, and well again after its cure."""

from __future__ import annotations

from typing import Any

import pytest

from spcs_worker_tui.domain.doctor import Outcome
from support.doctoring import apply_fix, findings, only, run_statements, wrong
from support.patients import SPEC, admit

PROBE = "readinessProbe: {port: 8080, path: /health}"
KEY = "pnu_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xR"


async def test_a_worker_that_is_well(ward: Any) -> None:
    await admit(ward)

    found = await findings()

    assert not wrong(found)
    about = {one.check.id for one in found if one.service is not None}
    assert {"readiness-probe", "secret", "external-access", "network-rule"} <= about
    assert {"image-present", "compute-pool-family", "plain-key", "auto-suspend"} <= about


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (SPEC.replace("port: 8080", "port: 9000"), "the worker answers at port 8080"),
        (SPEC.replace("path: /health", "path: /"), "the worker answers at port 8080"),
        (
            SPEC.replace(PROBE, PROBE + '\n    args: [sh, -c, "prefect worker start --pool spcs"]'),
            "serves nothing without --with-healthcheck",
        ),
        (
            SPEC.replace(
                "PREFECT_WORK_POOL: spcs",
                'PREFECT_WORK_POOL: spcs\n      PREFECT_WORKER_WEBSERVER_PORT: "8090"',
            ),
            "the worker answers at port 8090",
        ),
    ],
)
async def test_a_probe_at_a_port_that_nobody_serves(ward: Any, spec: str, text: str) -> None:
    await admit(ward, spec=spec)

    finding = await only("readiness-probe")

    assert finding.outcome is Outcome.PROBLEM
    assert text in finding.text
    await apply_fix(finding)
    assert not wrong(await findings())


async def test_a_probe_that_fails(ward: Any) -> None:
    await admit(ward)
    await ward.lab.sql("ALTER SERVICE D.S.WORKER RESUME")
    await ward.reaches("WORKER", "RUNNING")
    (instance,) = ward.lab.service("WORKER").instances
    (container,) = instance.containers
    container.status, container.start_time = "PENDING", ward.lab.session.created_on
    container.message = "Readiness probe is failing at path: /health, port: 8080"

    (finding,) = wrong(await findings(), "readiness-probe")

    assert "Readiness probe is failing at path: /health, port: 8080" in finding.text
    assert finding.cure is not None
    assert finding.cure.commands == ("spcs-worker-tui logs dev:D.S.WORKER",)


async def test_a_worker_that_suspends_itself(ward: Any) -> None:
    await admit(ward, more="AUTO_SUSPEND_SECS = 600")

    finding = await only("auto-suspend")

    assert "after 600 s" in finding.text
    assert finding.cure is not None
    assert finding.cure.statements == ("ALTER SERVICE D.S.WORKER SET AUTO_SUSPEND_SECS = 0",)
    await apply_fix(finding)
    assert not wrong(await findings())


async def test_a_public_endpoint(ward: Any) -> None:
    spec = SPEC + "  endpoints:\n  - {name: web, port: 8080, public: true}\n"
    await ward.lab.sql(
        "GRANT BIND SERVICE ENDPOINT ON ACCOUNT TO ROLE DEPLOYER", role="ACCOUNTADMIN"
    )
    await admit(ward, spec=spec)

    finding = await only("public-endpoint")

    assert finding.outcome is Outcome.NOTICE
    await apply_fix(finding)
    assert not wrong(await findings())
    assert await ward.lab.asked("SHOW ENDPOINTS IN SERVICE D.S.WORKER") == []


async def test_a_key_as_a_plain_variable(ward: Any) -> None:
    spec = SPEC.replace("PREFECT_WORK_POOL: spcs", f"PREFECT_WORK_POOL: spcs\n      SOME: {KEY}")
    await admit(ward, spec=spec)

    finding = await only("plain-key")

    assert "variable SOME of container worker" in finding.text
    assert KEY not in repr(finding)
    await apply_fix(finding)
    assert not wrong(await findings())
    assert KEY not in str(await ward.lab.asked("DESCRIBE SERVICE D.S.WORKER"))


async def test_a_specification_that_only_its_owner_may_read(ward: Any) -> None:
    await admit(ward)
    ward.lab.open_schema("WATCHER")
    await ward.lab.sql("GRANT MONITOR ON SERVICE D.S.WORKER TO ROLE WATCHER")
    await ward.lab.sql("GRANT MONITOR ON COMPUTE POOL P TO ROLE WATCHER")
    ward.connections(dev={"role": "WATCHER"})

    finding = await only("service-spec")

    assert finding.outcome is Outcome.UNKNOWN
    assert finding.cure is not None
    assert finding.cure.words == "Use the role DEPLOYER."


async def test_a_secret_that_is_not_there(ward: Any) -> None:
    await admit(ward)
    await ward.lab.sql("DROP SECRET D.S.PREFECT_API_KEY")

    finding = await only("secret")

    assert "there is no secret D.S.PREFECT_API_KEY that role DEPLOYER can see" in finding.text
    await run_statements(ward.lab, finding)
    assert not wrong(await findings())


async def test_a_secret_that_may_not_be_read(ward: Any) -> None:
    await admit(ward)
    secret = ward.lab.account.secrets["D", "S", "PREFECT_API_KEY"]
    secret.grants.owner = "ACCOUNTADMIN"
    secret.grants.privileges["DEPLOYER"] = {"USAGE"}

    finding = await only("secret")

    assert "role DEPLOYER, as which the service runs, may not read" in finding.text
    assert finding.fix is None
    await run_statements(ward.lab, finding)
    assert not wrong(await findings())


async def test_a_secret_of_the_wrong_type(ward: Any) -> None:
    await admit(ward)
    await ward.lab.sql("DROP SECRET D.S.PREFECT_API_KEY")
    await ward.lab.sql(
        "CREATE SECRET D.S.PREFECT_API_KEY TYPE = PASSWORD USERNAME = 'u' PASSWORD = 'p'"
    )

    finding = await only("secret")

    assert "is of type PASSWORD, which has no secret_string" in finding.text
