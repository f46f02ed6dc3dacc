from __future__ import annotations

from pathlib import Path

import pytest

from spcs_worker_tui.adapters.connections import ConnectionSettings, read_connections
from spcs_worker_tui.domain.errors import ConfigurationError, UnknownConnectionError
from support.saved_connections import save

DEV = {"account": "acme-main", "user": "OPERATOR", "password": "swordfish"}


def read(home: Path, **environ: str):
    return read_connections({"SNOWFLAKE_HOME": str(home), "HOME": str(home / "user"), **environ})


def write(home: Path, name: str, text: str | bytes, mode: int = 0o600) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    path = home / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_reads_what_is_shown_and_no_secret(tmp_path: Path) -> None:
    save(tmp_path, {"dev": {**DEV, "role": "DEPLOYER", "host": "localhost"}})
    saved = read(tmp_path)
    assert saved.connections == (
        ConnectionSettings("dev", "acme-main", "OPERATOR", "DEPLOYER", "localhost"),
    )
    assert "swordfish" not in repr(saved)


def test_no_files_is_a_normal_state(tmp_path: Path) -> None:
    saved = read(tmp_path)
    assert saved.connections == ()
    assert saved.select() == ()
    assert saved.directory == tmp_path


def test_files_without_a_connection_are_a_normal_state(tmp_path: Path) -> None:
    write(tmp_path, "config.toml", "[cli.logs]\nsave_logs = true\n")
    write(tmp_path, "connections.toml", "")
    assert read(tmp_path).connections == ()


def test_both_files_are_merged_key_by_key_and_connections_toml_wins(tmp_path: Path) -> None:
    write(tmp_path, "connections.toml", "[dev]\naccount = 'one'\n")
    write(
        tmp_path,
        "config.toml",
        "default_connection_name = 'prod'\n"
        "[connections.dev]\naccount = 'two'\nuser = 'U'\n"
        "[connections.prod]\naccount = 'three'\n",
    )
    saved = read(tmp_path)
    assert [(c.name, c.account, c.user) for c in saved.connections] == [
        ("dev", "one", "U"),
        ("prod", "three", ""),
    ]
    assert saved.default_name == "prod"


def test_the_environment_names_the_default(tmp_path: Path) -> None:
    write(tmp_path, "config.toml", "default_connection_name = 'prod'\n")
    assert read(tmp_path, SNOWFLAKE_DEFAULT_CONNECTION_NAME="dev").default_name == "dev"
    assert read(tmp_path).default_name == "prod"
    assert read(tmp_path / "none").default_name == "default"


def test_directory_order(tmp_path: Path) -> None:
    user = tmp_path / "user"
    environ = {"HOME": str(user), "SNOWFLAKE_HOME": str(tmp_path / "named")}
    assert read_connections(environ).directory == user / ".config" / "snowflake"
    assert (
        read_connections(environ | {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}).directory
        == tmp_path / "xdg" / "snowflake"
    )
    (user / ".snowflake").mkdir(parents=True)
    assert read_connections(environ).directory == user / ".snowflake"
    (tmp_path / "named").mkdir()
    assert read_connections(environ).directory == tmp_path / "named"
    (user / "mine").mkdir()
    assert read_connections(environ | {"SNOWFLAKE_HOME": "~/mine"}).directory == user / "mine"


@pytest.mark.parametrize(
    ("fields", "interactive"),
    [
        ({}, False),
        ({"authenticator": "EXTERNALBROWSER"}, True),
        ({"authenticator": "oauth_authorization_code"}, True),
        ({"authenticator": "username_password_mfa"}, True),
        ({"authenticator": "username_password_mfa", "passcode": "123456"}, False),
        ({"authenticator": "username_password_mfa", "passcode_in_password": True}, False),
        ({"authenticator": "snowflake_jwt", "private_key_file": "k.p8"}, False),
        ({"authenticator": "programmatic_access_token", "token": "t"}, False),
        ({"authenticator": "https://acme.okta.com"}, False),
    ],
)
def test_which_need_a_person(tmp_path: Path, fields: dict[str, object], interactive: bool) -> None:
    save(tmp_path, {"dev": {**DEV, **fields}})
    assert read(tmp_path).connections[0].interactive is interactive


def test_the_snow_spelling_of_the_key_file(tmp_path: Path) -> None:
    save(
        tmp_path,
        {
            "snow": {**DEV, "private_key_path": "a.p8"},
            "both": {**DEV, "private_key_path": "a.p8", "private_key_file": "b.p8"},
        },
    )
    assert [c.private_key_path for c in read(tmp_path).connections] == ["a.p8", ""]


@pytest.mark.parametrize("name", ["connections.toml", "config.toml"])
def test_malformed_names_file_and_line(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name, "[a]\nuser = 'u'\npassword = swordfish\n")
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path)
    assert str(path) in str(caught.value)
    assert "line 3" in str(caught.value)
    assert "swordfish" not in str(caught.value)
    assert caught.value.next_step


def test_not_text_names_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path, "connections.toml", b"[a]\nuser = '\xff'\n")
    with pytest.raises(ConfigurationError, match="line 2, is not UTF-8") as caught:
        read(tmp_path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_writable_by_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path, "connections.toml", "[a]\nuser = 'u'\n", mode)
    with pytest.raises(ConfigurationError, match="written by others") as caught:
        read(tmp_path)
    assert caught.value.next_step == f"Run: chmod 600 {path}"


def test_readable_by_others_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "connections.toml", "[a]\nuser = 'u'\n", 0o644)
    assert [c.name for c in read(tmp_path).connections] == ["a"]


def test_a_directory_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "connections.toml").mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path)


def test_sections_that_are_none_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "connections.toml", "dev = 3\n[prod]\naccount = 3\nuser = ['u']\n")
    write(tmp_path, "config.toml", "connections = 'no table'\n")
    assert read(tmp_path).connections == (ConnectionSettings("prod"),)


def test_names_with_control_characters_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "connections.toml", '["a\\u001b[31m"]\nuser = "u"\n')
    with pytest.raises(ConfigurationError, match="unusable name"):
        read(tmp_path)


def test_values_are_cleaned(tmp_path: Path) -> None:
    write(tmp_path, "connections.toml", '[a]\nuser = "u\\u001b[31m\\nv"\n')
    assert read(tmp_path).connections[0].user == "u v"


def test_select_keeps_the_order_asked_for_and_drops_repetitions(tmp_path: Path) -> None:
    save(tmp_path, {"a": DEV, "b": DEV, "c": DEV})
    saved = read(tmp_path)
    assert [c.name for c in saved.select(["c", "a", "c"])] == ["c", "a"]
    assert [c.name for c in saved.select()] == ["a", "b", "c"]


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    save(tmp_path, {"a": DEV, "b": DEV})
    with pytest.raises(UnknownConnectionError, match="'nope'") as caught:
        read(tmp_path).select(["a", "nope"])
    assert caught.value.next_step == "Use one of these: a, b."


def test_an_unknown_name_where_there_is_none_says_how_to_add_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownConnectionError) as caught:
        read(tmp_path).select(["dev"])
    assert "setup" in caught.value.next_step
