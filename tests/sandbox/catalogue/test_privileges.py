"""Which statement needs which privilege; 002003 for the unseen, 003001 for the seen."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.catalogue.model import Grants
from spcs_worker_tui.sandbox.catalogue.privileges import effective_roles
from support.catalogue import Lab, add_service

ON_SERVICE = [
    ("SHOW SERVICE INSTANCES IN SERVICE svc", "MONITOR"),
    ("SHOW SERVICE CONTAINERS IN SERVICE svc", "MONITOR"),
    ("SHOW SERVICE VOLUMES IN SERVICE svc", "MONITOR"),
    ("SHOW ENDPOINTS IN SERVICE svc", "USAGE"),
    ("CALL SYSTEM$GET_SERVICE_STATUS('svc')", "MONITOR"),
    ("CALL SYSTEM$GET_SERVICE_LOGS('svc', 0, 'worker')", "MONITOR"),
    ("SELECT * FROM TABLE(svc!SPCS_GET_LOGS())", "MONITOR"),
    ("SELECT * FROM TABLE(svc!SPCS_GET_EVENTS())", "MONITOR"),
    ("ALTER SERVICE svc SUSPEND", "OPERATE"),
    ("ALTER SERVICE svc RESUME", "OPERATE"),
]
FOR_OWNERS = [
    "ALTER SERVICE svc SET COMMENT = 'x'",
    "ALTER SERVICE svc UNSET COMMENT",
    "ALTER SERVICE svc SET TAG t = 'v'",
    "DROP SERVICE svc",
]
SERVICE_PRIVILEGES = {"MONITOR", "OPERATE", "USAGE"}


@pytest.mark.parametrize(("statement", "needed"), ON_SERVICE)
async def test_on_services(lab: Lab, statement: str, needed: str) -> None:
    grants = add_service(lab).grants
    lab.open_schema("WATCHER")
    assert (await lab.refusal(statement, role="WATCHER")).code == "002003"
    grants.privileges["WATCHER"] = SERVICE_PRIVILEGES - {needed}
    refused = await lab.refusal(statement, role="WATCHER")
    assert (refused.code, refused.sqlstate) == ("003001", "42501")
    assert refused.message.endswith("Insufficient privileges to operate on service 'SVC'.")
    grants.privileges["WATCHER"] = {needed}
    await lab.sql(statement, role="WATCHER")


@pytest.mark.parametrize("statement", FOR_OWNERS)
async def test_for_owners_of_services(lab: Lab, statement: str) -> None:
    grants = add_service(lab).grants
    lab.open_schema("WATCHER")
    grants.privileges["WATCHER"] = set(SERVICE_PRIVILEGES)
    assert (await lab.refusal(statement, role="WATCHER")).code == "003001"
    await lab.sql(statement, role="DEPLOYER")


@pytest.mark.parametrize("privilege", sorted(SERVICE_PRIVILEGES))
async def test_any_privilege_shows_and_describes(lab: Lab, privilege: str) -> None:
    grants = add_service(lab).grants
    lab.open_schema("WATCHER")
    assert await lab.asked("SHOW SERVICES IN ACCOUNT", role="WATCHER") == []
    grants.privileges["WATCHER"] = {privilege}
    (row,) = await lab.asked("SHOW SERVICES IN ACCOUNT", role="WATCHER")
    assert row["name"] == "SVC"
    (row,) = await lab.asked("DESC SERVICE svc", role="WATCHER")
    assert "spec" not in row


async def test_a_closed_schema_hides_what_is_in_it(lab: Lab) -> None:
    add_service(lab).grants.privileges["WATCHER"] = set(SERVICE_PRIVILEGES)
    assert await lab.asked("SHOW SERVICES IN ACCOUNT", role="WATCHER") == []
    refused = await lab.refusal("DESC SERVICE d.s.svc", role="WATCHER")
    assert refused.message.endswith("Database 'D' does not exist or not authorized.")
    lab.allow("WATCHER", lab.account.databases["D"].grants)
    refused = await lab.refusal("DESC SERVICE d.s.svc", role="WATCHER")
    assert refused.message.endswith("Schema 'D.S' does not exist or not authorized.")


ON_POOL = [
    ("DESC COMPUTE POOL p", "MONITOR"),
    ("SHOW NODES IN COMPUTE POOL p", "MONITOR"),
    ("CALL SYSTEM$GET_COMPUTE_POOL_STATUS('p')", "MONITOR"),
    ("ALTER COMPUTE POOL p SUSPEND", "OPERATE"),
    ("ALTER COMPUTE POOL p RESUME", "OPERATE"),
    ("ALTER COMPUTE POOL p STOP ALL", "OPERATE"),
    ("ALTER COMPUTE POOL p SET MAX_NODES = 3", "MODIFY"),
    ("ALTER COMPUTE POOL p UNSET COMMENT", "MODIFY"),
]


@pytest.mark.parametrize(("statement", "needed"), ON_POOL)
async def test_on_compute_pools(lab: Lab, statement: str, needed: str) -> None:
    grants = lab.account.compute_pools["P"].grants
    assert (await lab.refusal(statement, role="WATCHER")).code == "002003"
    grants.privileges["WATCHER"] = {"MODIFY", "MONITOR", "OPERATE", "USAGE"} - {needed}
    assert (await lab.refusal(statement, role="WATCHER")).code == "003001"
    grants.privileges["WATCHER"] = {needed}
    await lab.sql(statement, role="WATCHER")


CREATES = [
    ("CREATE STAGE d.s.st", "CREATE STAGE"),
    ("CREATE SECRET d.s.k TYPE = GENERIC_STRING SECRET_STRING = 'x'", "CREATE SECRET"),
    ("CREATE IMAGE REPOSITORY d.s.r", "CREATE IMAGE REPOSITORY"),
    (
        "CREATE NETWORK RULE d.s.n TYPE = HOST_PORT MODE = EGRESS VALUE_LIST = ('a.example')",
        "CREATE NETWORK RULE",
    ),
]


@pytest.mark.parametrize(("statement", "needed"), CREATES)
async def test_creating_in_a_schema(lab: Lab, statement: str, needed: str) -> None:
    lab.open_schema("WATCHER")
    refused = await lab.refusal(statement, role="WATCHER")
    assert refused.message.endswith("Insufficient privileges to operate on schema 'S'.")
    schema = lab.account.databases["D"].schemas["S"]
    lab.allow("WATCHER", schema.grants, privilege=needed)
    await lab.sql(statement, role="WATCHER")


ON_ACCOUNT = [
    ("CREATE DATABASE d2", "CREATE DATABASE"),
    ("CREATE ROLE r2", "CREATE ROLE"),
    ("CREATE WAREHOUSE w2", "CREATE WAREHOUSE"),
    (
        "CREATE COMPUTE POOL p2 MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS",
        "CREATE COMPUTE POOL",
    ),
    (
        "CREATE EXTERNAL ACCESS INTEGRATION e ALLOWED_NETWORK_RULES = () ENABLED = TRUE",
        "CREATE INTEGRATION",
    ),
]


@pytest.mark.parametrize(("statement", "needed"), ON_ACCOUNT)
async def test_creating_in_the_account(lab: Lab, statement: str, needed: str) -> None:
    assert (await lab.refusal(statement)).code == "003001"
    lab.allow("DEPLOYER", lab.account.grants, privilege=needed)
    await lab.sql(statement)


async def test_a_name_that_is_taken_by_what_the_role_cannot_see(lab: Lab) -> None:
    create = "CREATE COMPUTE POOL p MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS"
    lab.allow("OUTSIDER", lab.account.grants, privilege="CREATE COMPUTE POOL")
    assert (await lab.refusal(create, role="OUTSIDER")).code == "003041"


def test_roles_inherit_down_the_hierarchy(lab: Lab) -> None:
    assert effective_roles(lab.account, "DEPLOYER") == {"DEPLOYER", "PUBLIC"}
    above = effective_roles(lab.account, "ACCOUNTADMIN")
    assert {"SYSADMIN", "SECURITYADMIN", "USERADMIN", "DEPLOYER", "PUBLIC"} <= above


async def test_a_role_above_may_what_the_role_below_may(lab: Lab) -> None:
    add_service(lab)
    assert len(await lab.asked("SHOW SERVICES", role="SYSADMIN")) == 1
    await lab.sql("ALTER SERVICE svc SUSPEND", role="ACCOUNTADMIN")
    assert (await lab.refusal("ALTER SERVICE svc SUSPEND", role="SECURITYADMIN")).code == "002003"


async def test_grant_revoke_and_future(lab: Lab) -> None:
    add_service(lab)
    show = "SHOW SERVICES IN ACCOUNT"
    await lab.sql("GRANT USAGE ON DATABASE d TO ROLE watcher; GRANT USAGE ON SCHEMA d.s TO watcher")
    await lab.sql("GRANT MONITOR ON SERVICE svc TO ROLE watcher")
    assert len(await lab.asked(show, role="WATCHER")) == 1
    await lab.sql("REVOKE MONITOR ON SERVICE svc FROM ROLE watcher")
    assert await lab.asked(show, role="WATCHER") == []
    await lab.sql("GRANT MONITOR, OPERATE ON ALL SERVICES IN SCHEMA d.s TO ROLE watcher")
    assert len(await lab.asked(show, role="WATCHER")) == 1
    await lab.sql("GRANT READ ON FUTURE STAGES IN SCHEMA s TO ROLE watcher; CREATE STAGE st")
    assert len(await lab.asked("SHOW STAGES IN ACCOUNT", role="WATCHER")) == 1
    await lab.sql("LIST @d.s.st", role="WATCHER")
    assert (await lab.refusal("REMOVE @d.s.st", role="WATCHER")).code == "003001"


async def test_only_owners_and_managers_of_grants_grant(lab: Lab) -> None:
    grants = add_service(lab).grants
    lab.open_schema("WATCHER")
    grants.privileges["WATCHER"] = set(SERVICE_PRIVILEGES)
    grant = "GRANT MONITOR ON SERVICE svc TO ROLE outsider"
    assert (await lab.refusal(grant, role="WATCHER")).code == "003001"
    lab.account.grants.privileges["WATCHER"] = {"MANAGE GRANTS"}
    await lab.sql(grant, role="WATCHER")


async def test_what_cannot_be_granted(lab: Lab) -> None:
    add_service(lab)
    codes = {
        "GRANT WRITE ON SERVICE svc TO ROLE watcher": "001003",
        "GRANT OWNERSHIP ON SERVICE svc TO ROLE watcher": "000002",
        "REVOKE OWNERSHIP ON SERVICE svc FROM ROLE deployer": "000002",
        "GRANT MONITOR ON SERVICE svc TO ROLE watcher WITH GRANT OPTION": "000002",
        "GRANT MONITOR ON SERVICE svc TO ROLE nobody": "002003",
        "GRANT MONITOR ON SERVICE gone TO ROLE watcher": "002003",
        "GRANT SERVICE ROLE svc!gone TO ROLE watcher": "002003",
    }
    for statement, code in codes.items():
        assert (await lab.refusal(statement)).code == code, statement


async def test_a_new_role_is_nobodys_until_it_is_granted(lab: Lab) -> None:
    await lab.sql("USE ROLE USERADMIN; CREATE ROLE fresh")
    assert (await lab.refusal("USE ROLE fresh")).code == "003013"
    await lab.sql("GRANT ROLE fresh TO USER operator; USE ROLE fresh")
    assert lab.session.role == "FRESH"
    assert (await lab.refusal("GRANT ROLE sysadmin TO USER operator")).code == "003001"


async def test_roles_cannot_be_granted_in_a_circle(lab: Lab) -> None:
    refused = await lab.refusal("GRANT ROLE sysadmin TO ROLE deployer", role="ACCOUNTADMIN")
    assert refused.sqlstate == "42501"


async def test_ownership_moves(lab: Lab) -> None:
    await lab.sql("CREATE STAGE st; GRANT OWNERSHIP ON STAGE st TO ROLE watcher")
    assert lab.account.stages["D", "S", "ST"].grants == Grants("WATCHER")
