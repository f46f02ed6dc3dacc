"""The files under `sql/` are read as `snow sql -f` reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.adapters.template import sql_files
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.operations.setup.scripts import Script, scripts, split
from spcs_worker_tui.operations.setup.words import (
    Creates,
    Drops,
    Grants,
    GrantsRole,
    Uses,
    comment_of,
    meaning,
)
from spcs_worker_tui.sandbox.sql.parser import parse
from support.sql_files import files

VALUES = {
    variable.name: variable.default or "SOMEBODY" for file in files() for variable in file.variables
}


def test_every_statement_of_every_file_is_one_and_is_understood() -> None:
    found = scripts(sql_files())
    assert len(found) == len(files())
    for number, script in found.items():
        statements = script.statements(VALUES)
        assert statements, number
        for statement in statements:
            (parsed,) = parse(statement)
            assert parsed
            assert meaning(statement), statement
            assert "--" not in statement
            assert "<%" not in statement


def test_the_undo_of_what_is_made_drops_it() -> None:
    """What the files 01 to 09 create is what 90 to 97 drop, under the same names."""
    values = VALUES | {"drop_database": VALUES["database"], "drop_schema": VALUES["schema"]}
    made, dropped = {}, set()
    for number, script in scripts(sql_files()).items():
        for statement in script.statements(values):
            what = meaning(statement)
            if isinstance(what, Creates):
                made[what.kind, what.name] = (number, comment_of(statement))
            if isinstance(what, Drops):
                dropped.add((what.kind, what.name))
    assert made.keys() == dropped
    # By its comment a thing is known to be ours.
    assert all(comment for _, comment in made.values())


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';', '--', '''; '", ["SELECT ';', '--', '''; '"]),
        ("SELECT 'it\\'s; so'; X", ["SELECT 'it\\'s; so'", "X"]),
        ('USE ROLE "a;b"; X', ['USE ROLE "a;b"', "X"]),
        ("A $$ ; -- ' $$ B; C", ["A $$ ; -- ' $$ B", "C"]),
        ("A /* ; */ B", ["A /* ; */ B"]),
        (" ;; \n ; ", []),
        ("A\n\n  B ;", ["A\n  B"]),
    ],
)
def test_what_separates_statements(text: str, statements: list[str]) -> None:
    assert list(split(text)) == statements


def test_comments_go_and_texts_that_look_like_one_stay() -> None:
    script = Script("00", "-- <% nothing %>\nA '-- x' /* <% no %> */ <% name %>; -- end\n")
    assert script.statements({"name": "N"}) == ("A '-- x'  N",)


@given(
    st.lists(
        st.text(
            st.characters(
                exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029",
                exclude_categories=["Cs"],
            ),
            max_size=8,
        ),
        max_size=4,
    )
)
def test_quoted_texts_are_never_taken_apart(texts: list[str]) -> None:
    quoted = ["'" + text.replace("\\", "\\\\").replace("'", "''") + "'" for text in texts]
    assert list(split("; ".join(f"X {one} Y" for one in quoted))) == [
        f"X {one} Y" for one in quoted
    ]


def test_a_variable_without_a_value_is_said() -> None:
    with pytest.raises(ConfigurationError, match="a value for role"):
        scripts(sql_files())["01"].statements({})


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ('USE ROLE "My Role"', Uses("ROLE", "My Role")),
        ("use schema a.b", Uses("SCHEMA", "A.B")),
        (
            "CREATE OR REPLACE EXTERNAL ACCESS INTEGRATION x\n  ENABLED = TRUE",
            Creates("INTEGRATION", "X"),
        ),
        ("DROP INTEGRATION IF EXISTS X", Drops("INTEGRATION", "X")),
        ('GRANT ROLE A TO USER "j.d"', GrantsRole("A", "USER", "j.d")),
        (
            "GRANT USAGE, CREATE SERVICE ON SCHEMA A.B\n TO ROLE R",
            Grants(("USAGE", "CREATE SERVICE"), "SCHEMA", "A.B", "R"),
        ),
        (
            "GRANT MONITOR ON FUTURE SERVICES IN SCHEMA A.B TO ROLE R",
            Grants(("MONITOR",), "SCHEMA", "A.B", "R", "FUTURE SERVICES IN"),
        ),
    ],
)
def test_what_a_statement_is_about(statement: str, found: object) -> None:
    assert meaning(statement) == found


def test_a_statement_of_another_kind_is_a_defect_of_a_file() -> None:
    with pytest.raises(ValueError, match="not a statement of a set-up"):
        meaning("ALTER USER X SET PASSWORD = 'y'")
