"""Workers that cannot reach Prefect: each is found and named, and well again after its cure."""

from __future__ import annotations

from typing import Any

import pytest

from spcs_worker_tui.domain.doctor import Outcome
from support.doctoring import apply_fix, findings, only, run_statements, wrong
from support.patients import CREATE, SPEC, admit, suspend


async def test_no_integration_although_one_leads_there(ward: Any) -> None:
    await admit(ward, integrations="")

    finding = await only("external-access")

    assert "cannot reach localhost:443" in finding.text
    assert finding.cure is not None
    assert finding.cure.words == "Integration PREFECT_ACCESS leads there."
    await apply_fix(finding)
    assert not wrong(await findings())


async def test_no_integration_at_all(ward: Any) -> None:
    await ward.lab.sql("DROP INTEGRATION PREFECT_ACCESS", role="ACCOUNTADMIN")
    await admit(ward, integrations="")

    finding = await only("external-access")

    assert finding.fix is None
    await run_statements(ward.lab, finding)
    assert not wrong(await findings())


async def test_an_integration_that_is_gone(ward: Any) -> None:
    await admit(ward)
    await ward.lab.sql(
        "REVOKE USAGE ON INTEGRATION PREFECT_ACCESS FROM ROLE DEPLOYER", role="ACCOUNTADMIN"
    )

    finding = await only("external-access")

    assert "there is no integration PREFECT_ACCESS that role DEPLOYER can see" in finding.text
    await run_statements(ward.lab, finding)
    assert not wrong(await findings())


async def test_an_integration_that_is_off(ward: Any) -> None:
    await admit(ward)
    await ward.lab.sql(
        "ALTER EXTERNAL ACCESS INTEGRATION PREFECT_ACCESS SET ENABLED = FALSE", role="ACCOUNTADMIN"
    )

    finding = await only("external-access")

    assert finding.fix is None
    await run_statements(ward.lab, finding)
    assert not wrong(await findings())


@pytest.mark.parametrize("hosts", ["'example.com'", "'localhost:80'"])
async def test_a_rule_that_lacks_the_prefect_host(ward: Any, hosts: str) -> None:
    await admit(ward)
    await ward.lab.sql(f"ALTER NETWORK RULE D.S.PREFECT_API SET VALUE_LIST = ({hosts})")

    finding = await only("network-rule")

    assert finding.outcome is Outcome.PROBLEM
    assert finding.cure is not None
    assert finding.cure.statements == (
        f"ALTER NETWORK RULE D.S.PREFECT_API SET VALUE_LIST = ({hosts}, 'localhost:443')",
    )
    await apply_fix(finding)
    assert not wrong(await findings())


@pytest.mark.parametrize("hosts", ["'localhost'", "'0.0.0.0:443'", "'x.com', 'LOCALHOST:443'"])
async def test_a_rule_that_has_the_host_in_another_form(ward: Any, hosts: str) -> None:
    await admit(ward)
    await ward.lab.sql(f"ALTER NETWORK RULE D.S.PREFECT_API SET VALUE_LIST = ({hosts})")

    assert not wrong(await findings())


async def test_a_rule_that_is_somebody_elses(ward: Any) -> None:
    await admit(ward)
    ward.lab.account.network_rules["D", "S", "PREFECT_API"].grants.owner = "ACCOUNTADMIN"
    assert not wrong(await findings())  # it is suspended, so nothing speaks against the rule
    await ward.lab.sql("ALTER SERVICE D.S.WORKER RESUME")
    await ward.reaches("WORKER", "RUNNING")
    (instance,) = ward.lab.service("WORKER").instances
    (container,) = instance.containers
    container.status, container.message = "PENDING", "Waiting to start"

    finding = await only("network-rule")

    assert finding.outcome is Outcome.UNKNOWN
    assert finding.cure is not None
    assert finding.cure.words == "Have its owner check that it has localhost:443."


async def test_two_services_that_need_a_host_each_of_the_same_rule(ward: Any) -> None:
    await admit(ward)
    other = SPEC.replace("https://localhost", "https://localhost:8443")
    await ward.lab.sql(
        CREATE.format(spec=other, integrations="PREFECT_ACCESS").replace("WORKER", "OTHER")
    )
    await ward.reaches("OTHER", "RUNNING")
    await suspend(ward, "OTHER")
    await ward.lab.sql("ALTER NETWORK RULE D.S.PREFECT_API SET VALUE_LIST = ('example.com')")

    for finding in wrong(await findings(), "network-rule"):
        await apply_fix(finding)

    assert not wrong(await findings())
    rule = ward.lab.account.network_rules["D", "S", "PREFECT_API"]
    assert sorted(rule.value_list) == ["example.com", "localhost:443", "localhost:8443"]
