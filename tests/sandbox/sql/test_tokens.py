"""Text into tokens."""

from __future__ import annotations

import pytest

from spcs_worker_tui.sandbox.results import SqlError
from spcs_worker_tui.sandbox.sql.tokens import TokenKind, tokenize


def values(text: str) -> list[str]:
    return [token.value for token in tokenize(text)[:-1]]


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("'it''s'", "it's"),
        (r"'it\'s'", "it's"),
        (r"'a\\b'", "a\\b"),
        (r"'\n\t\0\z'", "\n\t\0z"),
        (r"'\u0041\x42'", "AB"),
        (r"'\u00'", "u00"),
        (r"'\ud800'", "\N{REPLACEMENT CHARACTER}"),
        ("''", ""),
        ("'-- no comment /* '", "-- no comment /* "),
    ],
)
def test_strings_with_either_escape(literal: str, value: str) -> None:
    (token,) = tokenize(literal)[:-1]
    assert (token.kind, token.value) == (TokenKind.STRING, value)


def test_a_body_is_taken_as_it_is() -> None:
    body = '\n{"a": "it\'s $1 \\n -- x"}\n'
    assert values(f"$${body}$$") == [body]


def test_words_are_folded_and_quoted_identifiers_are_not() -> None:
    assert values('abc "aBc ""x""" System$f') == ["ABC", 'aBc "x"', "SYSTEM$F"]


def test_comments_are_blank() -> None:
    assert values("a -- b\n// c 'd\n/* e\n */ f") == ["A", "F"]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("@db.s.stage/a/b.yml", TokenKind.STAGE, "db.s.stage/a/b.yml"),
        ('@"my stage"/a', TokenKind.STAGE, '"my stage"/a'),
        ("@~/x", TokenKind.STAGE, "~/x"),
        ("file:///tmp/a.yml", TokenKind.FILE, "file:///tmp/a.yml"),
        (":12", TokenKind.BIND, "12"),
        ("?", TokenKind.BIND, ""),
        ("1.5e-3", TokenKind.NUMBER, "1.5e-3"),
        (".5", TokenKind.NUMBER, ".5"),
    ],
)
def test_the_rest_of_the_kinds(text: str, kind: TokenKind, value: str) -> None:
    (token,) = tokenize(text)[:-1]
    assert (token.kind, token.value) == (kind, value)


@pytest.mark.parametrize(
    ("text", "line", "pos"),
    [("SELECT ^", 1, 7), ("a\n  'open", 2, 2), ('a "open', 1, 2), ("$$ open", 1, 0), ('""', 1, 0)],
)
def test_what_cannot_be_a_token_is_refused_where_it_stands(text: str, line: int, pos: int) -> None:
    with pytest.raises(SqlError) as caught:
        tokenize(text)
    assert (caught.value.code, caught.value.line, caught.value.pos) == ("001003", line, pos)


def test_a_token_knows_its_line_and_position() -> None:
    tokens = tokenize("a\n\n  bc -- x\n\td")
    assert [(token.text, token.line, token.pos) for token in tokens] == [
        ("a", 1, 0),
        ("bc", 3, 2),
        ("d", 4, 1),
        ("", 4, 2),
    ]
