"""Names of secrets as specifications and people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.adapters.snowflake.quoting import identifier
from spcs_worker_tui.domain.secret_objects import SecretName, SecretObject

HOME = ("D", "S")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("key", ("D", "S", "KEY")),
        ("t.key", ("D", "T", "KEY")),
        ("e.t.key", ("E", "T", "KEY")),
        ('"key"', ("D", "S", "key")),
        ('e."t.u"."k""y"', ("E", "t.u", 'k"y')),
    ],
)
def test_what_is_left_out_is_the_services(text: str, parts: tuple[str, str, str]) -> None:
    assert SecretName.parse(text, HOME) == SecretName(*parts)


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a.b.c.d", "a b", '"a', 'a"b"'])
def test_what_is_no_name(text: str) -> None:
    assert SecretName.parse(text, HOME) is None


@given(*[st.text(st.characters(exclude_characters="\0"), min_size=1)] * 3)
def test_a_quoted_name_is_read_as_what_it_was(database: str, schema: str, name: str) -> None:
    text = ".".join(map(identifier, (database, schema, name)))

    assert SecretName.parse(text, HOME) == SecretName(database, schema, name)


@pytest.mark.parametrize(
    ("word", "is_text"),
    [("GENERIC", True), ("GENERIC_STRING", True), ("generic_string", True), ("PASSWORD", False)],
)
def test_both_words_for_a_text(word: str, is_text: bool) -> None:
    assert SecretObject(SecretName("D", "S", "K"), word).is_text is is_text
