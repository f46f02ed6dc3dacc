"""What holds for any statement, and for any text that is none."""

from __future__ import annotations

import contextlib
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.ast import Statement
from spcs_worker_tui.sandbox.sql.parser import parse, parse_name
from spcs_worker_tui.sandbox.sql.tokens import TokenKind, tokenize
from spcs_worker_tui.sandbox.wire.journal import mask_secrets
from support.sql import STATEMENTS, pieces, spelled

_WORDS = [
    "SHOW",
    "SERVICES",
    "SERVICE",
    "COMPUTE",
    "POOL",
    "POOLS",
    "IN",
    "ACCOUNT",
    "LIKE",
    "STARTS",
    "WITH",
    "LIMIT",
    "FROM",
    "CREATE",
    "ALTER",
    "DROP",
    "DESCRIBE",
    "IF",
    "NOT",
    "EXISTS",
    "OR",
    "REPLACE",
    "SPECIFICATION",
    "SPECIFICATION_FILE",
    "SET",
    "UNSET",
    "SUSPEND",
    "COMMENT",
    "TYPE",
    "USING",
    "GRANT",
    "REVOKE",
    "TO",
    "ROLE",
    "ON",
    "USE",
    "CALL",
    "SELECT",
    "TABLE",
    "WHERE",
    "AND",
    "ORDER",
    "BY",
    "PUT",
    "EXECUTE",
    "JOB",
    "NAME",
    "IDENTIFIER",
    "SECRET",
    "STAGE",
    "TAG",
    "NULL",
    "TRUE",
    "x",
    "y.z",
]
_SYMBOLS = [
    *"(),;.=*!?:@<>-+[]{}/%\"'",
    *("=>", "::", "$$", "file:///x", "@s/p", "'t'", '"q"', "7", "1.5", "--", "/*"),
]
_SOUP = st.lists(st.sampled_from([*_WORDS, *_SYMBOLS]), max_size=25).map(" ".join)


def parse_or_error(text: str) -> tuple[list[Statement], SqlError | None]:
    try:
        return parse(text), None
    except SqlError as error:
        return [], error


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_statement_is_read_as_what_it_was_made_from(data: st.DataObject) -> None:
    statement: Statement = data.draw(STATEMENTS)
    text = data.draw(spelled(statement))
    assert parse(text) == [statement]
    assert parse(f";{text} ; {text};") == [statement, statement]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_statement_cut_short_is_no_other_statement(data: st.DataObject) -> None:
    statement: Statement = data.draw(STATEMENTS)
    words = pieces(statement)
    kept = data.draw(st.integers(0, len(words) - 1))
    with contextlib.suppress(SqlError):
        assert parse(" ".join(words[:kept])) != [statement]


@given(st.one_of(st.text(), _SOUP))
@settings(max_examples=400, deadline=None)
def test_any_text_is_statements_or_a_sql_error(text: str) -> None:
    found, error = parse_or_error(text)
    if error is None:
        assert found
        return
    assert len(error.code) == 6
    assert len(error.sqlstate) == 5
    if error.code == "001003":
        line = text.split("\n")[error.line - 1]
        assert 0 <= error.pos <= len(line)


@given(st.text())
def test_tokens_cover_all_but_blanks_and_comments(text: str) -> None:
    with contextlib.suppress(SqlError):
        tokens = tokenize(text)
        assert tokens[-1].kind is TokenKind.END
        assert all(text[token.start : token.end] == token.text for token in tokens)
        assert all(a.end <= b.start for a, b in itertools.pairwise(tokens))


@given(st.text(min_size=1))
def test_any_text_is_some_name(text: str) -> None:
    assert parse_name(text).parts


@given(st.one_of(st.text(), _SOUP), st.sampled_from(["SECRET_STRING", "password"]))
def test_a_secret_is_masked_whatever_stands_around_it(around: str, key: str) -> None:
    for text in (f"{around} {key} = 'hunter2'", f"{key} = 'hunter2' {around}"):
        assert "hunter2" not in mask_secrets(text)
