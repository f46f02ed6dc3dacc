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
        ConnectionSettings(
            "dev",
            "acme-main",
            "OPERATOR",
            "DEPLOYER",
            "localhost",
            secrets=frozenset({"password"}),
            origin="https://localhost",
        ),
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
    (prod,) = read(tmp_path).connections
    assert prod == ConnectionSettings("prod", problem=prod.problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "has nothing in it"),
        ("account = 3\nuser = ['u']", "account, user have to be text in quotes"),
        ("user = 'u'\npassword = 12345", "password has to be text in quotes"),
        ("Role = 5", "role has to be text in quotes"),
        ("port = 'abc'", "port has to be a number from 1 to 65535"),
        ("port = 0", "port has to be a number"),
        ("port = 443.5", "port has to be a number"),
        ("port = 65536", "port has to be a number"),
        (f"port = '{'9' * 5000}'", "port has to be a number"),
        ("port = true", "port has to be a number"),
        ("host = 'https://acme.snowflakecomputing.com'", "host has to be a bare name"),
        ("port = '8443'\nhost = 'acme.snowflakecomputing.com'", ""),
        ("account = 'a'\nsession_parameters = {QUERY_TAG = 'x'}", ""),
    ],
)
def test_what_makes_one_connection_unusable(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, "connections.toml", f"[good]\naccount = 'a'\n[bad]\n{text}\n")
    good, bad = read(tmp_path).connections
    assert good.problem == ""
    assert problem in bad.problem
    assert bool(problem) == bool(bad.problem)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "connections.toml", b"\xef\xbb\xbf[a]\nuser = 'u'\n")
    assert [c.user for c in read(tmp_path).connections] == ["u"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a]\n[a]\n", "declare [a] twice"),
        ("[connections.a]\n[connections.a]\n", "declare [connections.a] twice"),
        ("[a]\nuser = 'u'\nuser = 'v'\n", "line 3"),
    ],
)
def test_what_stands_there_twice(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path, "config.toml", text)
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path)
    assert words in str(caught.value)
    assert caught.value.next_step == "Give each section and each key in it only once."


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
    assert caught.value.next_step == "There are: a, b."


def test_the_nearest_name_is_named(tmp_path: Path) -> None:
    save(tmp_path, {"dev": DEV, "prod": DEV})
    with pytest.raises(UnknownConnectionError) as caught:
        read(tmp_path).select(["prdo"])
    assert caught.value.next_step == "Did you mean prod? There are: dev, prod."


def test_an_unknown_name_where_there_is_none_says_how_to_add_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownConnectionError) as caught:
        read(tmp_path).select(["dev"])
    assert "spcs-worker-tui setup" in caught.value.next_step
