"""Current database and schema, and what an unqualified or missing name is answered with."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.catalogue.names import ROW_CAP
from support.catalogue import Lab, add_service


@pytest.mark.parametrize("written", ["svc", "SVC", "s.svc", "d.s.svc", "IDENTIFIER('d.s.svc')"])
async def test_names_are_completed_from_the_session(lab: Lab, written: str) -> None:
    add_service(lab)
    (row,) = await lab.asked(f"DESC SERVICE {written}")
    assert row["name"] == "SVC"


@pytest.mark.parametrize(
    ("statement", "code", "sqlstate"),
    [
        ("DESC SERVICE gone", "002003", "02000"),
        ("DESC SERVICE gone.svc", "002003", "02000"),
        ("DESC SERVICE gone.s.svc", "002003", "02000"),
        ("DESC SERVICE a.b.c.d", "000904", "42000"),
        ("DESC COMPUTE POOL gone", "002003", "02000"),
        ("DESC COMPUTE POOL d.p", "000904", "42000"),
        ("SHOW SERVICES IN SCHEMA gone", "002003", "02000"),
        ("SHOW SERVICES IN DATABASE gone", "002003", "02000"),
        ("SHOW SERVICES IN COMPUTE POOL gone", "002003", "02000"),
        ("SHOW IMAGES IN IMAGE REPOSITORY gone", "002003", "02000"),
        ("LIST @gone", "002003", "02000"),
        ("USE DATABASE gone", "002043", "02000"),
        ("USE SCHEMA gone", "002043", "02000"),
        ("USE WAREHOUSE gone", "002043", "02000"),
        ("USE ROLE gone", "002043", "02000"),
        ("SELECT * FROM gone", "002003", "02000"),
        ("CALL SYSTEM$NOTHING()", "002140", "42601"),
        ("SHOW SERVICES OF TYPE notebook", "000002", "0A000"),
    ],
)
async def test_what_is_not_there(lab: Lab, statement: str, code: str, sqlstate: str) -> None:
    refused = await lab.refusal(statement)
    assert (refused.code, refused.sqlstate) == (code, sqlstate)


async def test_without_a_current_database_or_schema(lab: Lab) -> None:
    lab.session.schema = None
    refused = await lab.refusal("DESC SERVICE svc")
    assert (refused.code, refused.sqlstate) == ("090106", "22000")
    lab.session.database = None
    refused = await lab.refusal("DESC SERVICE svc")
    assert (refused.code, refused.sqlstate) == ("090105", "22000")
    assert refused.message == (
        "Cannot perform DESC. This session does not have a current database. Call 'USE DATABASE', "
        "or use a qualified name."
    )
    assert (await lab.refusal("SHOW SERVICES IN DATABASE")).code == "090105"
    assert (await lab.refusal("CREATE STAGE st")).code == "090105"


async def test_use_moves_the_session_and_tells_the_client(lab: Lab) -> None:
    await lab.sql("CREATE DATABASE other", role="ACCOUNTADMIN")
    lab.session.role = "ACCOUNTADMIN"
    answer = await lab.sql("USE DATABASE d")
    # D has no PUBLIC schema.
    assert answer.session_changes == {"database": "D", "schema": None}
    assert (await lab.sql("USE other")).session_changes == {"database": "OTHER", "schema": "PUBLIC"}
    assert (await lab.sql("USE d.s")).session_changes == {"database": "D", "schema": "S"}
    assert (await lab.sql("USE ROLE deployer")).session_changes == {"role": "DEPLOYER"}
    assert (lab.session.database, lab.session.schema, lab.session.role) == ("D", "S", "DEPLOYER")


async def test_a_role_that_is_not_granted_cannot_be_used(lab: Lab) -> None:
    lab.session.user = "SOMEONE"
    assert (await lab.refusal("USE ROLE accountadmin")).sqlstate == "42501"
    await lab.sql("USE ROLE public")


async def test_scopes(lab: Lab) -> None:
    lab.session.role = "ACCOUNTADMIN"
    await lab.sql("CREATE DATABASE d2; CREATE STAGE a; USE d.s; CREATE STAGE b; CREATE STAGE c")
    shown = {
        "SHOW STAGES": ["B", "C"],
        "SHOW STAGES IN ACCOUNT": ["B", "C", "A"],
        "SHOW STAGES IN DATABASE": ["B", "C"],
        "SHOW STAGES IN DATABASE d2": ["A"],
        "SHOW STAGES IN SCHEMA": ["B", "C"],
        "SHOW STAGES IN SCHEMA d2.public": ["A"],
        "SHOW STAGES LIKE 'c'": ["C"],
    }
    for statement, names in shown.items():
        assert [row["name"] for row in await lab.asked(statement)] == names, statement


async def test_no_listing_is_longer_than_the_cap(lab: Lab) -> None:
    for number in range(ROW_CAP + 5):
        add_service(lab, f"S{number:05}")
    rows = (await lab.sql("SHOW SERVICES IN ACCOUNT")).rows
    assert len(rows) == ROW_CAP
    last = rows[-1][0]
    rest = await lab.asked(f"SHOW SERVICES IN ACCOUNT LIMIT 10000 FROM '{last}'")
    assert [row["name"] for row in rest] == [f"S{ROW_CAP + number:05}" for number in range(5)]
