"""Python's reader of TOML gives up in three ways; here it is one."""

from __future__ import annotations

import tomllib

import pytest

from spcs_worker_tui.adapters.toml_text import read_toml


def test_tables() -> None:
    assert read_toml("[a]\nb = 1\n") == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ", "Invalid value"),
        ("a = " + "[" * 20_000, "nested too deeply"),
        ("a = " + "9" * 5000, "a number in it is too long"),
    ],
)
def test_no_toml(text: str, said: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError, match=said):
        read_toml(text)
