"""What is there, what is made and what is lacking, as different roles see it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spcs_worker_tui.domain.errors import ConfigurationError, EngineUnreachableError
from spcs_worker_tui.domain.setup import ImageChoice, PieceState, RoleStatement, Survey
from support.setting_up import SettingUp

_ACCOUNT = ("role", "database", "repository", "pool", "rule", "integration")


def states(survey: Survey) -> dict[str, PieceState]:
    return {piece.id: piece.state for piece in survey.pieces}


async def test_in_a_new_account_everything_is_made_by_the_roles_of_the_files(
    bench: SettingUp,
) -> None:
    survey = await bench.survey()
    assert set(states(survey).values()) == {PieceState.MADE}
    assert survey.is_possible
    roles = {name: {one.role for one in survey.piece(name).statements} for name in _ACCOUNT}
    assert roles == {
        "role": {"USERADMIN"},
        "database": {"SYSADMIN"},
        "repository": {"SYSADMIN"},
        "pool": {"ACCOUNTADMIN"},
        "rule": {"SYSADMIN"},
        "integration": {"ACCOUNTADMIN"},
    }
    assert survey.piece("pool").costs == "0.06 credits an hour while it is up"
    (secret,) = survey.piece("secret").statements
    assert secret.role == "PREFECT_OPERATOR"
    assert "SECRET_STRING = '***'" in secret.statement


async def test_looking_changes_nothing(bench: SettingUp) -> None:
    await bench.survey()
    texts = {text.split()[0] for text in bench.bench.sandbox.statements}
    assert texts <= {"SHOW", "DESCRIBE"}


async def test_what_is_there_is_kept_and_gets_only_what_it_lacks(bench: SettingUp) -> None:
    await bench.admin(
        [
            "CREATE ROLE PREFECT_OPERATOR",
            "GRANT ROLE PREFECT_OPERATOR TO USER OPERATOR",
            "CREATE DATABASE PREFECT",
            "CREATE SCHEMA PREFECT.WORKERS",
            "GRANT USAGE ON DATABASE PREFECT TO ROLE PREFECT_OPERATOR",
            "CREATE IMAGE REPOSITORY PREFECT.WORKERS.IMAGES",
            "GRANT READ, WRITE ON IMAGE REPOSITORY PREFECT.WORKERS.IMAGES TO ROLE PREFECT_OPERATOR",
            "CREATE COMPUTE POOL WORKER_POOL MIN_NODES = 1 MAX_NODES = 3 "
            "INSTANCE_FAMILY = CPU_X64_S",
            "CREATE NETWORK RULE PREFECT.WORKERS.PREFECT_API TYPE = HOST_PORT MODE = EGRESS "
            "VALUE_LIST = ('github.com')",
            "CREATE NETWORK RULE PREFECT.WORKERS.GIT TYPE = HOST_PORT MODE = EGRESS "
            "VALUE_LIST = ('gitlab.com')",
            "CREATE EXTERNAL ACCESS INTEGRATION PREFECT_ACCESS ALLOWED_NETWORK_RULES = "
            "(PREFECT.WORKERS.GIT) ENABLED = TRUE",
        ]
    )
    survey = await bench.survey()
    found = states(survey)
    assert (found["role"], found["repository"]) == (PieceState.THERE, PieceState.THERE)
    assert found["database"] is PieceState.CHANGED
    (grant,) = survey.piece("database").statements
    assert grant.statement.startswith("GRANT USAGE, CREATE SERVICE, CREATE SECRET ON SCHEMA")
    assert [one.statement[:5] for one in survey.piece("pool").statements] == ["GRANT"]
    # The pool keeps its nodes, and what they cost is said.
    assert survey.piece("pool").costs == "0.11 to 0.33 credits an hour while it is up"
    assert any("has CPU_X64_S nodes, and keeps them" in text for text in survey.warnings)
    # What others put there stays there.
    assert [one.statement for one in survey.piece("rule").statements] == [
        "ALTER NETWORK RULE PREFECT.WORKERS.PREFECT_API SET VALUE_LIST = "
        "('github.com', '127.0.0.1:4200')"
    ]
    altered, granted = survey.piece("integration").statements
    assert altered.statement == (
        "ALTER EXTERNAL ACCESS INTEGRATION PREFECT_ACCESS SET ALLOWED_NETWORK_RULES = "
        "(PREFECT.WORKERS.GIT, PREFECT.WORKERS.PREFECT_API) ENABLED = TRUE"
    )
    assert granted.statement.startswith("GRANT USAGE ON INTEGRATION PREFECT_ACCESS")
    for name in ("database", "pool", "rule", "integration"):
        for one in survey.piece(name).statements:
            await bench.lab.sql(one.statement, role=one.role)
    again = states(await bench.survey())
    assert {again[name] for name in _ACCOUNT} == {PieceState.THERE}


async def test_who_may_do_nothing_gets_the_grants_that_make_it_possible(plain: SettingUp) -> None:
    survey = await plain.survey()
    assert not survey.is_possible
    assert survey.asks == (
        "GRANT CREATE ROLE ON ACCOUNT TO ROLE OUTSIDER",
        "GRANT CREATE DATABASE ON ACCOUNT TO ROLE OUTSIDER",
        "GRANT CREATE COMPUTE POOL ON ACCOUNT TO ROLE OUTSIDER",
        "GRANT CREATE INTEGRATION ON ACCOUNT TO ROLE OUTSIDER",
    )
    await plain.admin(survey.asks)
    again = await plain.survey()
    assert again.is_possible, again.asks
    for name in _ACCOUNT:
        await run(plain, again.piece(name).statements)
    left = states(await plain.survey())
    assert {left[name] for name in _ACCOUNT} == {PieceState.THERE}


async def run(bench: SettingUp, statements: tuple[RoleStatement, ...]) -> None:
    """Through the real session, as the plan does."""
    for one in statements:
        await bench.bench.session.use_role(one.role)
        await bench.bench.session.run_statement(one.statement)


async def test_who_owns_everything_needs_no_grants(plain: SettingUp) -> None:
    await plain.admin(
        [
            f"GRANT CREATE {what} ON ACCOUNT TO ROLE OUTSIDER"
            for what in ("DATABASE", "COMPUTE POOL", "INTEGRATION")
        ]
    )
    survey = await plain.survey(role="OUTSIDER")
    assert survey.is_possible
    assert survey.piece("role").state is PieceState.THERE
    statements = [one for piece in survey.pieces for one in piece.statements]
    assert {one.role for one in statements} == {"OUTSIDER"}
    assert not [one.statement for one in statements if one.statement.startswith("GRANT")]


async def test_a_grant_on_what_somebody_else_owns_is_asked_for_as_it_is(plain: SettingUp) -> None:
    await plain.admin(
        [
            "CREATE COMPUTE POOL WORKER_POOL MIN_NODES = 1 MAX_NODES = 1 "
            "INSTANCE_FAMILY = CPU_X64_XS",
            "GRANT MONITOR ON COMPUTE POOL WORKER_POOL TO ROLE OUTSIDER",
        ]
    )
    pool = (await plain.survey(role="OUTSIDER")).piece("pool")
    assert pool.state is PieceState.LACKING
    assert pool.asks == (
        "GRANT USAGE, MONITOR, OPERATE ON COMPUTE POOL WORKER_POOL TO ROLE OUTSIDER",
    )
    await plain.admin(pool.asks)
    assert (await plain.survey(role="OUTSIDER")).piece("pool").state is PieceState.THERE


async def test_a_secret_that_is_there_keeps_its_value_unless_it_is_renewed(
    bench: SettingUp,
) -> None:
    there = {"database": "D", "schema": "S", "repository": "REPO", "secret": "KEY"}
    kept = (await bench.survey(**there, role="DEPLOYER")).piece("secret")
    assert (kept.state, kept.statements) == (PieceState.THERE, ())
    renewed = (await bench.survey(**there, role="DEPLOYER", renew_secret=True)).piece("secret")
    assert [one.statement for one in renewed.statements] == [
        "ALTER SECRET D.S.KEY SET SECRET_STRING = '***'"
    ]
    other = (await bench.survey(**there, role="WATCHER")).piece("secret")
    assert [one.statement for one in other.statements] == [
        "GRANT READ ON SECRET D.S.KEY TO ROLE WATCHER"
    ]
    none = await bench.survey(**(there | {"secret": ""}))
    assert "secret" not in states(none)


async def test_a_secret_of_another_type_cannot_be_used(bench: SettingUp) -> None:
    await bench.admin(["CREATE SECRET D.S.LOGIN TYPE = PASSWORD USERNAME = 'u' PASSWORD = 'p'"])
    found = (await bench.survey(database="D", schema="S", secret="LOGIN")).piece("secret")
    assert found.state is PieceState.LACKING
    assert "of type PASSWORD" in found.detail


async def test_the_image_has_to_be_there_or_an_engine_to_build_it(bench: SettingUp) -> None:
    there = {"database": "D", "schema": "S", "repository": "REPO", "image": "worker"}
    choice = {"image_choice": ImageChoice.THERE}
    assert (await bench.survey(**there, **choice, tag="1.0")).piece("image").state is (
        PieceState.THERE
    )
    missing = (await bench.survey(**there, **choice, tag="9.9")).piece("image")
    assert missing.state is PieceState.LACKING
    assert "it is not in D.S.REPO" in missing.detail
    bench.engine.failure = EngineUnreachableError("there is no engine", next_step="Start it.")
    engine = (await bench.survey()).piece("image")
    assert (engine.state, engine.detail) == (PieceState.LACKING, "there is no engine. Start it.")


async def test_a_work_pool_of_another_type_cannot_be_served(bench: SettingUp) -> None:
    bench.writer.created.append(bench.answers.pool_key)
    assert (await bench.survey()).piece("work-pool").state is PieceState.THERE
    bench.prefect.type = "kubernetes"
    found = (await bench.survey()).piece("work-pool")
    assert found.state is PieceState.LACKING
    assert "of type kubernetes" in found.detail


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"database": "my db"}, "'my db' is no name of a database"),
        ({"compute_pool": '"P"'}, "is no name of a compute pool"),
        ({"compute_pool": "P; DROP DATABASE D"}, "is no name of a compute pool"),
        ({"repository": "A.B.C.D"}, "is no image repository"),
        ({"prefect_api_url": "ftp://x"}, "is no address of a Prefect API"),
        ({"prefect_api_url": "http://u:p@x/api"}, "is no address of a Prefect API"),
        ({"prefect_api_url": "http://x:25/api"}, "port 25"),
        ({"prefect_api_url": "http://x'); DROP/api"}, "is no address of a Prefect API"),
        ({"min_nodes": 2, "max_nodes": 1}, "2 to 1 nodes"),
        ({"tag": "a b"}, "is no image tag"),
        ({"environment": "a.b"}, "is no name of an environment"),
        ({"secret_variable": "PATH"}, "the secret can be"),
    ],
)
async def test_an_answer_that_cannot_be_is_refused_before_anything_is_asked(
    bench: SettingUp, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await bench.setup.survey(replace(bench.answers, **changes))
    assert words in str(refused.value)
    assert "u:p" not in str(refused.value)


async def test_names_come_in_any_case_and_reserved_words_in_quotes(bench: SettingUp) -> None:
    survey = await bench.survey(database="prefect", schema="Schema", role="table")
    assert survey.answers.database == "PREFECT"
    made = survey.piece("role").statements[0].statement
    assert made.startswith('CREATE ROLE IF NOT EXISTS "TABLE"')
    await run(bench, survey.piece("role").statements)
    await run(bench, survey.piece("database").statements)
    assert (await bench.survey(schema="Schema", role="table")).piece("role").state is (
        PieceState.THERE
    )


async def test_the_monitoring_role_is_made_where_it_is_wanted(bench: SettingUp) -> None:
    assert "monitor" not in states(await bench.survey())
    monitor = (await bench.survey(monitor_role="PREFECT_MONITOR")).piece("monitor")
    assert monitor.state is PieceState.MADE
    assert len(monitor.statements) == 9


async def test_a_user_is_named_as_the_account_names_it(bench: SettingUp) -> None:
    """A connection may have the name in lower case, or a login name that is another one."""
    bench.bench.session = bench.as_role("ACCOUNTADMIN", user="operator")
    survey = await bench.survey()
    assert survey.standing.user == "OPERATOR"
    assert "GRANT ROLE PREFECT_OPERATOR TO USER OPERATOR" in [
        one.statement for one in survey.piece("role").statements
    ]
    await bench.bench.session.close()


async def test_a_service_that_another_role_owns_is_not_set_up_as_this_one(
    bench: SettingUp,
) -> None:
    await bench.bench.create()
    there = {"database": "D", "schema": "S", "repository": "REPO", "compute_pool": "P"}
    found = (await bench.survey(**there)).piece("service")
    assert found.state is PieceState.LACKING
    assert "owned by DEPLOYER" in found.detail
    assert "role" in found.detail
    owned = (await bench.survey(**there, role="DEPLOYER")).piece("service")
    assert owned.state is PieceState.CHANGED


async def test_a_pool_that_does_not_resume_by_itself_is_said(bench: SettingUp) -> None:
    await bench.admin(
        [
            "CREATE COMPUTE POOL WORKER_POOL MIN_NODES = 1 MAX_NODES = 1 "
            "INSTANCE_FAMILY = CPU_X64_XS AUTO_RESUME = FALSE INITIALLY_SUSPENDED = TRUE",
        ]
    )
    survey = await bench.survey()
    assert any("ALTER COMPUTE POOL WORKER_POOL RESUME" in text for text in survey.warnings)


async def test_nodes_that_cannot_run_the_image_are_refused(bench: SettingUp) -> None:
    with pytest.raises(ConfigurationError, match="GEN_ARM_G1_2 nodes run linux/arm64"):
        await bench.survey(instance_family="GEN_ARM_G1_2")
