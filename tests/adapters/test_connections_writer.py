"""One connection is written; every other entry, every comment and the file's mode stay safe."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.connections_writer import ConnectionsFile, _with
from spcs_worker_tui.adapters.snowflake.keys import needed_key
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.new_connection import (
    Address,
    NewConnection,
    SignInWay,
    checked_connection,
)

NEW = NewConnection("dev", Address("ACME-MAIN"), "ada", SignInWay.PASSWORD, "OPERATOR")
OTHERS = """\
# my connections
[prod]  # careful
account = 'acme-prod'
user = "ada"
password = "swordfish"

# the one for tests
["odd name"]
account = "x"
"""


def environ(home: Path) -> dict[str, str]:
    return {"HOME": str(home)}


def file_in(home: Path, text: str | bytes, folder: str = ".snowflake") -> Path:
    path = home / folder / "connections.toml"
    path.parent.mkdir(parents=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_connection_makes_file_and_folder(tmp_path: Path) -> None:
    path = Path(ConnectionsFile(environ(tmp_path)).save(NEW))
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    (found,) = read_connections(environ(tmp_path)).connections
    assert (found.name, found.account, found.user, found.role) == (
        "dev",
        "ACME-MAIN",
        "ada",
        "OPERATOR",
    )
    assert not list(path.parent.glob(".connections*"))


def test_others_and_comments_stay_byte_by_byte(tmp_path: Path) -> None:
    path = file_in(tmp_path, OTHERS)
    ConnectionsFile(environ(tmp_path)).save(NEW)
    text = path.read_text()
    assert text.startswith(OTHERS)
    assert tomllib.loads(text)["dev"] == dict(NEW.options)
    assert mode(path) == 0o600


def test_one_of_that_name_is_replaced_with_its_secrets_and_keeps_its_comments(
    tmp_path: Path,
) -> None:
    old = "[dev]\n# of the team\naccount = 'old' # was\npassword = 'tiger'\nwarehouse = 'W'\n\n"
    path = file_in(tmp_path, old + OTHERS)
    ConnectionsFile(environ(tmp_path)).save(NEW)
    text = path.read_text()
    assert tomllib.loads(text)["dev"] == dict(NEW.options)
    assert "tiger" not in text
    assert "# of the team" in text
    assert text.endswith(OTHERS)


@pytest.mark.parametrize(
    "text",
    [
        "dev = {account = 'old', user = 'x'}\n",
        "dev.account = 'old'\ndev.user = 'x'\n",
        "\ufeff[dev]\naccount = 'old'\n",
        "[prod]\naccount = 'no newline at the end'",
        "# nothing but a comment",
    ],
)
def test_odd_but_valid_files(tmp_path: Path, text: str) -> None:
    path = file_in(tmp_path, text)
    ConnectionsFile(environ(tmp_path)).save(NEW)
    after = path.read_text("utf-8")
    assert tomllib.loads(after.removeprefix("\ufeff"))["dev"] == dict(NEW.options)
    assert after.startswith("\ufeff") == text.startswith("\ufeff")


def test_windows_newlines_stay(tmp_path: Path) -> None:
    path = file_in(tmp_path, OTHERS.replace("\n", "\r\n").encode())
    ConnectionsFile(environ(tmp_path)).save(NEW)
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")


def test_it_is_written_where_the_connector_reads(tmp_path: Path) -> None:
    named = tmp_path / "named"
    named.mkdir()
    variables = {**environ(tmp_path), "SNOWFLAKE_HOME": str(named)}
    assert Path(ConnectionsFile(variables).save(NEW)) == named / "connections.toml"
    assert [c.name for c in read_connections(variables).connections] == ["dev"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text(OTHERS)
    real.chmod(0o600)
    link = tmp_path / ".snowflake" / "connections.toml"
    link.parent.mkdir()
    link.symlink_to(real)
    ConnectionsFile(environ(tmp_path)).save(NEW)
    assert link.is_symlink()
    assert "dev" in tomllib.loads(real.read_text())


def test_a_name_in_the_other_file_is_refused(tmp_path: Path) -> None:
    config = tmp_path / ".snowflake" / "config.toml"
    config.parent.mkdir()
    config.write_text("[connections.dev]\naccount = 'x'\npassword = 'tiger'\n")
    config.chmod(0o600)
    with pytest.raises(ConfigurationError, match=r"config\.toml"):
        ConnectionsFile(environ(tmp_path)).save(NEW)
    assert not config.with_name("connections.toml").exists()


def test_a_file_that_is_no_toml_is_left_alone(tmp_path: Path) -> None:
    path = file_in(tmp_path, "[dev\n")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        ConnectionsFile(environ(tmp_path)).save(NEW)
    assert path.read_text() == "[dev\n"


def test_a_file_that_others_may_write_is_left_alone(tmp_path: Path) -> None:
    path = file_in(tmp_path, OTHERS)
    path.chmod(0o666)
    with pytest.raises(ConfigurationError, match="written by others"):
        ConnectionsFile(environ(tmp_path)).save(NEW)
    assert path.read_text() == OTHERS


def test_a_change_by_another_program_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file_in(tmp_path, OTHERS)
    flush = os.fsync

    def meanwhile(handle: int) -> None:
        flush(handle)
        path.write_text(OTHERS + "[other]\naccount = 'y'\n")

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(ConfigurationError, match="changed by another program"):
        ConnectionsFile(environ(tmp_path)).save(NEW)
    assert "[other]" in path.read_text()
    assert [p.name for p in path.parent.iterdir()] == ["connections.toml"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file where a folder should be")
    with pytest.raises(ConfigurationError, match=r"cannot be"):
        ConnectionsFile(environ(tmp_path)).save(NEW)


@pytest.mark.parametrize("way", list(SignInWay))
def test_the_key_is_kept_under_the_name_that_the_sign_in_looks_for(
    tmp_path: Path, way: SignInWay
) -> None:
    key_file = tmp_path / "key.p8"
    key_file.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    new = checked_connection(
        {
            "name": "dev",
            "account": "ACME-MAIN",
            "user": "Ada",
            "way": way,
            "private_key_file": str(key_file),
            "host": "http://127.0.0.1:4242",
        }
    )
    ConnectionsFile(environ(tmp_path)).save(new)
    (found,) = read_connections(environ(tmp_path)).connections
    need = needed_key(found)
    assert (need.name if need else None) == new.key
    assert not found.problem
    assert not found.secrets


_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.text(max_size=8),
    st.integers(0, 99),
    st.booleans(),
    st.lists(st.text(max_size=3), max_size=2),
)
_KEYS = st.text("abcdef", min_size=1, max_size=3)


@given(
    st.dictionaries(
        st.sampled_from(["a", "dev", "prod"]), st.dictionaries(_KEYS, _VALUES, max_size=3)
    )
)
def test_nothing_else_ever_changes(tables: dict[str, dict[str, Any]]) -> None:
    import tomlkit

    before = tomlkit.dumps(tables)
    assert tomllib.loads(_with(before, NEW)) == tables | {"dev": dict(NEW.options)}
