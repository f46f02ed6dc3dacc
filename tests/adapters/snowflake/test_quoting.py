from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.adapters.snowflake import statements
from spcs_worker_tui.adapters.snowflake.quoting import (
    identifier,
    literal,
    repository_name,
    service_name,
)
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.sandbox.sql.tokens import TokenKind, tokenize

# NUL never reaches a statement; everything else that a name or a text may hold does.
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


def test_a_plain_name_reads_as_a_person_would_write_it() -> None:
    key = ServiceKey("dev", "ANALYTICS", "PREFECT", "INGEST_2$")
    assert service_name(key) == key.qualified
    assert statements.suspend_service(key) == "ALTER SERVICE ANALYTICS.PREFECT.INGEST_2$ SUSPEND"


def test_everything_else_is_quoted() -> None:
    assert identifier("lower") == '"lower"'
    assert identifier("ORDER") == '"ORDER"'
    assert identifier("2ND") == '"2ND"'
    assert identifier('a"b') == '"a""b"'
    assert identifier("X; DROP SERVICE Y") == '"X; DROP SERVICE Y"'
    assert identifier("X\n") == '"X\n"'
    assert identifier("") == '""'


def test_a_repository_path_names_upper_case_objects() -> None:
    assert repository_name("db/sch/repo") == "DB.SCH.REPO"
    assert repository_name("db/sch/re po") == 'DB.SCH."RE PO"'


def test_a_literal_ends_where_it_should() -> None:
    assert literal("it's") == "'it''s'"
    assert literal("\\") == "'\\\\'"
    assert literal("\\'; DROP SERVICE X; --") == "'\\\\''; DROP SERVICE X; --'"
    assert literal("$$") == "'$$'"


@given(TEXT)
def test_any_literal_is_read_back_as_it_was(text: str) -> None:
    string, *rest = tokenize(literal(text))
    assert (string.kind, string.value) == (TokenKind.STRING, text)
    assert [token.kind for token in rest] == [TokenKind.END]


@given(TEXT)
def test_any_identifier_is_read_back_as_it_was(name: str) -> None:
    token, *rest = tokenize(identifier(name))
    assert token.kind in (TokenKind.WORD, TokenKind.QUOTED)
    assert token.value == name
    assert [token.kind for token in rest] == [TokenKind.END]


def test_log_arguments() -> None:
    key = ServiceKey("dev", "DB", "S", "it's")
    five = statements.service_logs(key, 1, "w'", lines=7, previous=True, timestamps=False)
    assert five == "CALL SYSTEM$GET_SERVICE_LOGS('DB.S.\"it''s\"', '1', 'w''', 7, TRUE)"
    seven = statements.service_logs(key, 1, "w", lines=7, previous=False, timestamps=True)
    assert seven.endswith("'w', 7, FALSE, '', TRUE)")
