"""What the parser refuses, where it says so, binds, and several statements at once."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.ast import (
    Call,
    Describe,
    Literal,
    Name,
    ObjectKind,
    Show,
    ShowKind,
    Statement,
    Use,
)
from spcs_worker_tui.sandbox.sql.parser import parse, parse_name


def n(*parts: str) -> Name:
    """A name of unquoted parts."""
    return Name(parts, (False,) * len(parts))


def one(text: str, *binds: Literal) -> Statement:
    (statement,) = parse(text, binds)
    return statement


@pytest.mark.parametrize(
    ("text", "unexpected", "line", "pos"),
    [
        ("FOO", "FOO", 1, 0),
        ("SHOW SERVICES IN", "<EOF>", 1, 16),
        ("SHOW SERVICES IN COMPUTE x", "x", 1, 25),
        ("SHOW SERVICES IN SCHEMA x LIKE 'a'", "LIKE", 1, 26),
        ("SHOW SERVICES LIMIT -1", "-", 1, 20),
        ("SHOW SERVICE INSTANCES", "<EOF>", 1, 22),
        ("SHOW JOB SERVICES EXCLUDE JOBS", "EXCLUDE", 1, 18),
        ("ALTER SERVICE s\nSET PREFECT_API_URL = 'x'", "PREFECT_API_URL", 2, 4),
        ("ALTER SERVICE s SET COMMENT = 'a' COMMENT = 'b'", "COMMENT", 1, 34),
        ("ALTER SERVICE s SET", "<EOF>", 1, 19),
        ("ALTER SERVICE s SET COMMENT 'a'", "'a'", 1, 28),
        ("CREATE SERVICE s IN COMPUTE POOL p FROM SPECIFICATION $$a$$ COMMENT", "<EOF>", 1, 67),
        ("CREATE STAGE s COMMENT", "<EOF>", 1, 22),
        ("ALTER SERVICE s UNSET env", "env", 1, 22),
        ("ALTER SERVICE s RESTART", "RESTART", 1, 16),
        ("CREATE OR REPLACE SERVICE s IN COMPUTE POOL p", "SERVICE", 1, 18),
        ("CREATE OR REPLACE COMPUTE POOL p", "COMPUTE", 1, 18),
        ("CREATE NETWORK RULE IF NOT EXISTS r", "NOT", 1, 23),
        ("CREATE SERVICE s IN COMPUTE POOL p", "<EOF>", 1, 34),
        ("CREATE SERVICE s IN COMPUTE POOL p FROM SPECIFICATION $$a$$ ENV = 1", "ENV", 1, 60),
        ("CREATE SERVICE select IN COMPUTE POOL p", "select", 1, 15),
        ("CREATE COMPUTE POOL p MIN_NODES = 1 MAX_NODES = 1", "<EOF>", 1, 49),
        ("DROP SERVICE a b", "b", 1, 15),
        ("DROP COMPUTE POOL p FORCE", "FORCE", 1, 20),
        ("GRANT FLYING ON SERVICE s TO ROLE r", "FLYING", 1, 6),
        ("GRANT USAGE ON SERVICE s FROM ROLE r", "FROM", 1, 25),
        ("DESCRIBE SERVICE IDENTIFIER('a b')", "'a b'", 1, 28),
        ("DESCRIBE SERVICE IDENTIFIER(IDENTIFIER('a'))", "(", 1, 38),
        ("CALL f('a',)", ")", 1, 11),
        ("CALL f(a => 1, 2)", "2", 1, 15),
        ("SELECT name", "<EOF>", 1, 11),
        ("SELECT * FROM", "<EOF>", 1, 13),
        ("SELECT 1; DROP", "<EOF>", 1, 14),
        ("USE SECONDARY ROLES some", "some", 1, 20),
        ("LIST stage", "stage", 1, 5),
        ("PUT '/tmp/x' @s", "'/tmp/x'", 1, 4),
        ("ALTER SERVICE s SET COMMENT = " + "(" * 60, "(", 1, 81),
    ],
)
def test_a_mistake_is_refused_where_it_stands(
    text: str, unexpected: str, line: int, pos: int
) -> None:
    with pytest.raises(SqlError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.sqlstate) == ("001003", "42000")
    assert caught.value.message == (
        "SQL compilation error:\n"
        f"syntax error line {line} at position {pos} unexpected '{unexpected}'."
    )


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (a INT)",
        "CREATE SERVICE s IN COMPUTE POOL p FROM SPECIFICATION_FILE = 'a.yml'",
        "ALTER SERVICE s RESTORE VOLUME v INSTANCES 0 FROM SNAPSHOT x",
        "ALTER DATABASE d RENAME TO e",
        "ALTER SECRET s UNSET COMMENT",
        "ALTER COMPUTE POOL p STOP ALL OF TYPE model",
        "CREATE COMPUTE POOL p FOR APPLICATION a",
        "DROP TABLE t",
        "GET @s file:///tmp",
        "GRANT DATABASE ROLE d.r TO ROLE x",
        "GRANT USAGE ON SERVICE s TO DATABASE ROLE d.r",
        "SELECT DISTINCT a FROM b",
        "SELECT f(1) FROM b",
        "SELECT a AS b FROM c",
        "SELECT * FROM TABLE(s!SPCS_GET_LOGS(START_TIME => DATEADD('hour', -1, 'x')))",
        "SHOW TABLES",
        "SELECT * FROM (SELECT * FROM a)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
    ],
)
def test_what_is_understood_and_not_offered_says_so(text: str) -> None:
    with pytest.raises(SqlError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.sqlstate) == ("000002", "0A000")
    assert caught.value.message.startswith("Unsupported feature '")


@pytest.mark.parametrize("text", ["", "  ", ";;", "-- nothing", "/* */;"])
def test_no_statement_is_an_error_of_its_own(text: str) -> None:
    with pytest.raises(SqlError) as caught:
        parse(text)
    assert caught.value.code == "000900"


def test_binds_stand_for_values_and_names() -> None:
    assert one("DESCRIBE SERVICE IDENTIFIER(?)", "d.S") == Describe(ObjectKind.SERVICE, n("D", "S"))
    assert one("CALL f(?, ?, ?)", 1, None, "x") == Call("F", (1, None, "x"))
    assert one("CALL f(:2, :1)", "a", "b") == Call("F", ("b", "a"))
    assert one("SHOW SERVICES LIKE ? LIMIT ?", "a%", 3) == Show(
        ShowKind.SERVICES, like="a%", limit=3
    )


@pytest.mark.parametrize("text", ["CALL f(?)", "CALL f(:1)", "CALL f(:0)", "CALL f(:99999999999)"])
def test_a_bind_that_was_not_sent_is_an_error(text: str) -> None:
    with pytest.raises(SqlError) as caught:
        parse(text)
    assert caught.value.code == "002049"


def test_a_bind_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(SqlError):
        parse("SHOW SERVICES LIKE ?", (3,))
    with pytest.raises(SqlError):
        parse("SHOW SERVICES LIMIT ?", ("3",))


def test_several_statements_come_in_order() -> None:
    assert parse("USE ROLE a; -- b\n;SHOW SERVICES;") == [
        Use("ROLE", n("A")),
        Show(ShowKind.SERVICES),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("abc", n("ABC")),
        ('"aBc"', Name(("aBc",), (True,))),
        ("a.b", n("A", "B")),
        ("my-db", Name(("my-db",), (True,))),
        ("a b", Name(("a b",), (True,))),
        ("", Name(("",), (True,))),
    ],
)
def test_a_name_from_a_connection_s_settings(text: str, name: Name) -> None:
    assert parse_name(text) == name
