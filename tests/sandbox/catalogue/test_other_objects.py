"""Image repositories, secrets, network rules, integrations, stages, namespaces, parameters."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.catalogue.model import StagedFile
from support.catalogue import DIGEST, START, Lab, add_service

SECRET = "CREATE SECRET k TYPE = GENERIC_STRING SECRET_STRING = 'hush-hush'"
RULE = "CREATE NETWORK RULE r TYPE = HOST_PORT MODE = EGRESS VALUE_LIST = ('api.prefect.cloud:443')"


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("CREATE IMAGE REPOSITORY r2", "Image Repository R2 successfully created."),
        ("CREATE STAGE st", "Stage area ST successfully created."),
        (SECRET, "Secret K successfully created."),
        ("CREATE OR REPLACE IMAGE REPOSITORY repo", "Image Repository REPO successfully created."),
        (
            "CREATE IMAGE REPOSITORY IF NOT EXISTS repo",
            "REPO already exists, statement succeeded.",
        ),
        ("DROP IMAGE REPOSITORY repo", "REPO successfully dropped."),
        (
            "DROP SECRET IF EXISTS gone",
            "Drop statement executed successfully (GONE already dropped).",
        ),
        ("ALTER IMAGE REPOSITORY repo SET COMMENT = 'x'", "Statement executed successfully."),
        ("GRANT READ ON IMAGE REPOSITORY repo TO ROLE watcher", "Statement executed successfully."),
        ("USE ROLE deployer", "Statement executed successfully."),
    ],
)
async def test_what_success_says(lab: Lab, statement: str, text: str) -> None:
    table = await lab.sql(statement)
    assert [column.name for column in table.columns] == ["status"]
    assert table.rows == ((text,),)


async def test_image_repositories(lab: Lab) -> None:
    (row,) = await lab.asked("SHOW IMAGE REPOSITORIES")
    url = "acme-main-site.registry.snowflakecomputing.com/d/s/repo"
    assert (row["repository_url"], row["comment"]) == (url, "")
    assert row["encryption"] == "SNOWFLAKE_SSE"
    refused = await lab.refusal("ALTER IMAGE REPOSITORY repo UNSET COMMENT")
    assert (refused.code, refused.message) == ("000002", "Unsupported feature 'UNSET'.")
    assert (await lab.refusal('CREATE IMAGE REPOSITORY "lower"')).code == "000904"
    assert (await lab.refusal("CREATE IMAGE REPOSITORY repo")).code == "002002"


async def test_images(lab: Lab) -> None:
    (row,) = await lab.asked("SHOW IMAGES IN IMAGE REPOSITORY repo")
    assert row == {
        "created_on": START,
        "image_name": "worker",
        "tags": "1.0, latest",
        "digest": DIGEST,
        "image_path": "d/s/repo/worker:1.0",
    }
    assert await lab.asked("SHOW IMAGES LIKE 'other' IN IMAGE REPOSITORY repo") == []


async def test_no_statement_shows_a_secret(lab: Lab) -> None:
    await lab.sql(SECRET)
    await lab.sql("CREATE SECRET p TYPE = PASSWORD USERNAME = 'me' PASSWORD = 'swordfish'")
    answers = [
        await lab.asked(statement)
        for statement in (
            "SHOW SECRETS",
            "DESC SECRET k",
            "DESC SECRET p",
            "SHOW GRANTS ON SECRET k",
            "ALTER SECRET k SET SECRET_STRING = 'hush-more'",
        )
    ]
    assert "hush" not in str(answers)
    assert "swordfish" not in str(answers)
    assert answers[1][0]["secret_type"] == "GENERIC_STRING"
    assert answers[2][0]["username"] == "me"
    assert lab.account.secrets["D", "S", "K"].values == {"secret_string": "hush-more"}
    refusals = [
        await lab.refusal("ALTER SECRET k SET PASSWORD = 'swordfish'"),
        await lab.refusal("CREATE SECRET x TYPE = PASSWORD PASSWORD = 'swordfish'"),
        await lab.refusal("CREATE SECRET y TYPE = GENERIC_STRING SECRET_STRING = ('swordfish')"),
    ]
    assert "swordfish" not in str([refused.message for refused in refusals])


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("api.prefect.cloud", True),
        ("api.prefect.cloud:443", True),
        ("github.com:22", True),
        ("a.example:8080", True),
        ("0.0.0.0:443", True),
        ("0.0.0.0", False),
        ("0.0.0.0:8080", False),
        ("a.example:25", False),
        ("a.example:70000", False),
        ("*.example.com", False),
        ("https://a.example", False),
        ("", False),
    ],
)
async def test_hosts_of_network_rules(lab: Lab, value: str, accepted: bool) -> None:
    statement = RULE.replace("api.prefect.cloud:443", value)
    if accepted:
        await lab.sql(statement)
        (row,) = await lab.asked("DESC NETWORK RULE r")
        assert row["value_list"] == value
    else:
        assert (await lab.refusal(statement)).sqlstate == "22023"


async def test_integrations(lab: Lab) -> None:
    lab.session.role = "ACCOUNTADMIN"
    await lab.sql(f"{SECRET};{RULE}")
    await lab.sql(
        "CREATE EXTERNAL ACCESS INTEGRATION e ALLOWED_NETWORK_RULES = (d.s.r) "
        "ALLOWED_AUTHENTICATION_SECRETS = (k) ENABLED = TRUE COMMENT = 'out'"
    )
    (row,) = await lab.asked("SHOW INTEGRATIONS")
    assert (row["name"], row["type"], row["enabled"]) == ("E", "EXTERNAL_ACCESS", True)
    assert (await lab.refusal("DROP NETWORK RULE r")).sqlstate == "22023"
    await lab.sql("ALTER EXTERNAL ACCESS INTEGRATION e SET ENABLED = FALSE")
    assert not lab.account.integrations["E"].enabled
    await lab.sql("DROP INTEGRATION e; DROP NETWORK RULE r")
    assert await lab.asked("SHOW INTEGRATIONS") == []


async def test_files_on_a_stage(lab: Lab) -> None:
    await lab.sql("CREATE STAGE IF NOT EXISTS st DIRECTORY = (ENABLE = TRUE) COMMENT = 'x'")
    stage = lab.account.stages["D", "S", "ST"]
    assert (stage.directory, stage.comment) == (True, "x")
    for path in ("a/spec.yaml", "b.yaml"):
        stage.files[path] = StagedFile(path, b"text", "0f", START)
    (row,) = await lab.asked("LIST @st/a")
    assert row == {
        "name": "st/a/spec.yaml",
        "size": 4,
        "md5": "0f",
        "last_modified": "Thu, 1 Jan 2026 00:00:00 GMT",
    }
    assert len(await lab.asked("ls @d.s.st pattern = '.*[.]yaml'")) == 2
    assert (await lab.refusal("LIST @st PATTERN = '['")).sqlstate == "22023"
    assert await lab.asked("RM @st/b.yaml") == [{"name": "st/b.yaml", "result": "removed"}]
    assert set(stage.files) == {"a/spec.yaml"}


async def test_dropping_a_database_takes_everything_in_it(lab: Lab) -> None:
    add_service(lab)
    await lab.sql(SECRET)
    answer = await lab.sql("DROP DATABASE d")
    assert answer.session_changes == {"schema": None, "database": None}
    assert (lab.session.database, lab.session.schema) == (None, None)
    assert not lab.account.services
    assert not lab.account.secrets
    assert lab.platform.wakes


async def test_replacing_a_schema_empties_it(lab: Lab) -> None:
    await lab.sql(f"{SECRET}; CREATE OR REPLACE SCHEMA d.s")
    assert not lab.account.secrets
    assert not lab.account.image_repositories.get(("D", "S", "REPO"))


async def test_parameters(lab: Lab) -> None:
    (row,) = await lab.asked("show parameters like 'event_table' in account")
    assert row["value"] == "snowflake.telemetry.events"
    await lab.sql("ALTER SESSION SET TIMEZONE = 'UTC' STATEMENT_TIMEOUT_IN_SECONDS = 60")
    (row,) = await lab.asked("SHOW PARAMETERS LIKE 'timezone'")
    assert (row["key"], row["value"], row["default"], row["level"]) == (
        "TIMEZONE",
        "UTC",
        "America/Los_Angeles",
        "SESSION",
    )
    await lab.sql("ALTER SESSION UNSET TIMEZONE")
    (row,) = await lab.asked("SHOW PARAMETERS LIKE 'timezone'")
    assert (row["value"], row["level"]) == ("America/Los_Angeles", "")
    for bad in ("NONSENSE = 1", "AUTOCOMMIT = 'x'", "STATEMENT_TIMEOUT_IN_SECONDS = -1"):
        assert (await lab.refusal(f"ALTER SESSION SET {bad}")).sqlstate == "22023"
    add_service(lab, log_level="INFO")
    (row,) = await lab.asked("SHOW PARAMETERS LIKE 'log_level' IN SERVICE svc")
    assert (row["value"], row["level"]) == ("INFO", "SERVICE")
