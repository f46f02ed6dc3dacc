"""KEY=VALUE lines as people have them in files and paste them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.adapters.dotenv_lines import read_lines
from spcs_worker_tui.domain.errors import ConfigurationError

KEY = "pnu_aB3dE6gH9jK2mN5pQ8sT1vW4"


def read(text: str) -> dict[str, str]:
    return {entry.name: entry.value for entry in read_lines(text, ".env")}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=x", "x"),
        ("  export A = x  ", "x"),
        ("A=x\r", "x"),
        ("A=", ""),
        ("A=''", ""),
        ("A=a=b&c=d", "a=b&c=d"),
        ("A=x#y", "x#y"),
        ("A=x #y", "x"),
        ("A='x #y'", "x #y"),
        ('A="x\\ty"', "x\ty"),
        ("A='x\\ty'", "x\\ty"),
        ('A="x\ny"', "x\ny"),
        ("A=$B${B}", "$B${B}"),
        ("A=yes", "yes"),
        ("A=012", "012"),
        ("A=$$", "$$"),
        ("A=: ", ":"),
    ],
)
def test_one_line(line: str, value: str) -> None:
    assert read(f"# first\n\n{line}\nLAST=1\n") == {"A": value, "LAST": "1"}


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert read("\ufeffA=x") == {"A": "x"}


def test_where_each_begins() -> None:
    entries = read_lines('\r\n\r\nA="1\r\n2"\r\n# x\r\n\r\nB=2', ".env")

    assert [(entry.name, entry.line) for entry in entries] == [("A", 3), ("B", 7)]


def test_everything_that_is_wrong_is_said_and_no_value() -> None:
    text = f"A=1\n{KEY}\nB='open\n{KEY}=x-y\nA=2\n-{KEY}-=1\nC D=3\n"

    with pytest.raises(ConfigurationError) as refused:
        read_lines(text, ".env")

    error = refused.value
    assert [str(error), *error.others] == [
        ".env, line 2: this is not NAME=VALUE",
        ".env, line 3: this is not NAME=VALUE",
        ".env, line 6: this is no name of an environment variable",
        ".env, line 7: this is not NAME=VALUE",
        ".env, lines 1, 5: A is there 2 times",
    ]
    assert error.next_step


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n"])
def test_nothing(text: str) -> None:
    with pytest.raises(ConfigurationError, match="holds no variable"):
        read_lines(text, ".env")


def test_too_long() -> None:
    with pytest.raises(ConfigurationError, match="longer than"):
        read_lines("A=1\n" * 300_000, ".env")


@given(st.text())
def test_anything_is_read_or_refused(text: str) -> None:
    with suppress(ConfigurationError):
        assert read_lines(text, ".env")


@given(st.text().filter(lambda text: "\0" not in text))
def test_what_is_quoted_comes_back(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")

    assert read(f"A='{quoted}'") == {"A": value}
