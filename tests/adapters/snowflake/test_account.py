"""What an account has, read with the unmodified connector from the sandbox."""

from __future__ import annotations

import pytest

from spcs_worker_tui.domain.account import Grant, ObjectName, Privileges
from spcs_worker_tui.domain.account_port import AccountReader
from spcs_worker_tui.domain.errors import NotVisibleError, StatementRefusedError
from support.session_bench import Bench

_RULE = ObjectName("D", "S", "PREFECT_API")


async def _set_up(bench: Bench) -> None:
    """As an administrator, so that the role that looks sees what it was given, and no more."""
    for statement in (
        "CREATE NETWORK RULE D.S.PREFECT_API TYPE = HOST_PORT MODE = EGRESS "
        "VALUE_LIST = ('api.prefect.cloud:443', 'github.com')",
        "CREATE EXTERNAL ACCESS INTEGRATION OUT ALLOWED_NETWORK_RULES = (D.S.PREFECT_API) "
        "ENABLED = TRUE",
        "CREATE SECRET D.S.KEY TYPE = GENERIC_STRING SECRET_STRING = 'x'",
        "CREATE IMAGE REPOSITORY D.S.IMAGES",
        'CREATE DATABASE "od.d"',
    ):
        await bench.session._send(statement)


@pytest.fixture
def admin(bench: Bench) -> Bench:
    bench.session = bench.connect(changes={"role": "ACCOUNTADMIN"})
    return bench


async def test_what_is_there_is_read_with_its_names_and_owners(admin: Bench) -> None:
    await _set_up(admin)
    reader: AccountReader = admin.session
    assert "od.d" in {database.name for database in await reader.show_databases()}
    assert {s.name for s in await reader.show_schemas("D")} >= {"S"}
    repositories = {found.name: found for found in await reader.show_repositories()}
    mine = repositories[ObjectName("D", "S", "IMAGES")]
    assert mine.url.endswith("/d/s/images")
    assert mine.owner == "ACCOUNTADMIN"
    (rule,) = await reader.show_network_rules()
    assert (rule.name, rule.kind, rule.mode) == (_RULE, "HOST_PORT", "EGRESS")
    assert rule.hosts is None
    described = await reader.describe_network_rule(_RULE)
    assert described.hosts == ("api.prefect.cloud:443", "github.com")
    (integration,) = await reader.show_integrations()
    assert (integration.name, integration.is_enabled, integration.rules) == ("OUT", True, None)
    assert (await reader.describe_integration("OUT")).rules == (_RULE,)
    assert (await reader.describe_integration("OUT")).is_enabled
    (secret,) = await reader.show_all_secrets()
    assert secret.name == ObjectName("D", "S", "KEY")
    assert {f.name: (f.vcpu, f.memory_gib) for f in await reader.show_instance_families()}[
        "CPU_X64_XS"
    ] == (1, 6)
    assert (await reader.pool_trouble("P")).error_code == ""


async def test_who_we_are_and_which_roles_that_includes(admin: Bench) -> None:
    standing = await admin.session.standing()
    assert standing.role == "ACCOUNTADMIN"
    assert {"ACCOUNTADMIN", "SYSADMIN", "USERADMIN", "PUBLIC"} <= standing.roles
    assert "ACCOUNTADMIN" in standing.granted
    assert standing.can_take("SYSADMIN")
    assert not standing.can_take("NOBODY")


async def test_grants_are_read_by_holder_and_by_object(admin: Bench) -> None:
    send = admin.session._send
    await send("CREATE ROLE OPS")
    await send("GRANT USAGE, MONITOR ON COMPUTE POOL P TO ROLE OPS")
    await send("GRANT CREATE SERVICE ON SCHEMA D.S TO ROLE OPS")
    held = await admin.session.show_grants_to("OPS")
    assert Grant("USAGE", "COMPUTE POOL", "P", "OPS") in held
    assert Grant("CREATE SERVICE", "SCHEMA", "D.S", "OPS") in held
    assert set(await admin.session.show_grants_on("COMPUTE POOL", "P")) >= {
        Grant("USAGE", "COMPUTE POOL", "P", "OPS"),
        Grant("MONITOR", "COMPUTE POOL", "P", "OPS"),
    }
    account = await admin.session.show_grants_on("ACCOUNT")
    assert any(g.privilege == "CREATE DATABASE" and g.role == "SYSADMIN" for g in account)
    privileges = Privileges(frozenset({"OPS"}), tuple(held))
    assert privileges.holds("USAGE", "COMPUTE POOL", "P")
    assert not privileges.holds("OPERATE", "COMPUTE POOL", "P")


async def test_what_is_not_there_is_said_to_be_missing(admin: Bench) -> None:
    with pytest.raises(NotVisibleError):
        await admin.session.describe_network_rule(ObjectName("D", "S", "NOWHERE"))
    with pytest.raises(NotVisibleError):
        await admin.session.describe_integration("NOWHERE")
    with pytest.raises(NotVisibleError):
        await admin.session.show_grants_to("NOBODY")


async def test_a_role_that_was_taken_on_stays_after_a_new_sign_in(admin: Bench) -> None:
    await admin.session.use_role("SYSADMIN")
    assert (await admin.session.standing()).role == "SYSADMIN"
    await admin.clock.advance(3600)
    assert (await admin.session.standing()).role == "SYSADMIN"
    assert (await admin.session.open()).role == "SYSADMIN"
    with pytest.raises(StatementRefusedError):
        await admin.session.use_role("NOBODY")
    assert (await admin.session.open()).role == "SYSADMIN"


async def test_names_are_quoted_where_they_have_to_be(admin: Bench) -> None:
    assert admin.session.quoted("D", "s b", "X") == 'D."s b".X'
