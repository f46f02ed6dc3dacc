"""Connections that lack their password, token or passphrase, signing in to the sandbox."""

from __future__ import annotations

import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from spcs_worker_tui.adapters.connections import ConnectionSettings, read_connections
from spcs_worker_tui.adapters.snowflake.keys import need_of, needed_key
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.errors import ConfigurationError, KeyMissingError, SignInRefusedError
from spcs_worker_tui.domain.keys import FoundKey, KeyKind, KeyName, Secret
from support.saved_connections import save
from support.session_bench import Bench, registered_key

PHRASE = "open sesame"
WRONG = "hunter2"


class Kept:
    """A `KeySource` with one answer."""

    def __init__(self, value: str = "", problem: str = "") -> None:
        self.found = FoundKey(Secret(value), "the keyring") if value else FoundKey(problem=problem)
        self.asked: list[tuple[KeyName, bool]] = []

    async def find(self, name: KeyName, *, again: bool = False) -> FoundKey:
        self.asked.append((name, again))
        return self.found


def connect(bench: Bench, keys: Kept | None, **changes: Any) -> ConnectorSession:
    table = bench.sandbox.connection(**{"password": None} | changes)
    table.pop("enable_server_session_keep_alive_auto_detection")
    save(bench.home, {"dev": table})
    return ConnectorSession(read_connections().select(["dev"])[0], keys)


def password(bench: Bench) -> str:
    return str(bench.sandbox.connection()["password"])


@pytest.fixture
def key_pair(bench: Bench) -> dict[str, Any]:
    """Settings that sign in with an encrypted private key."""
    path = registered_key(bench, PHRASE)
    return {"authenticator": "SNOWFLAKE_JWT", "private_key_file": path}


async def test_a_password_from_the_keyring(bench: Bench) -> None:
    keys = Kept(password(bench))
    session = connect(bench, keys)
    assert (await session.open()).user == "OPERATOR"
    assert keys.asked == [(KeyName(KeyKind.PASSWORD, "dev", "operator@127.0.0.1"), False)]
    await session.close()
    await session.open(interactive=True)
    assert [again for _, again in keys.asked] == [False, True]
    await session.close()


async def test_an_access_token_from_the_keyring(bench: Bench) -> None:
    user = bench.lab.account.users["OPERATOR"]
    user.access_tokens["pat-1"] = bench.clock.now() + timedelta(days=1)
    session = connect(bench, Kept("pat-1"), authenticator="PROGRAMMATIC_ACCESS_TOKEN")
    assert (await session.open()).user == "OPERATOR"
    await session.close()


@pytest.mark.parametrize("spelling", ["private_key_file", "private_key_path"])
@pytest.mark.parametrize("authenticator", ["SNOWFLAKE_JWT", None])
async def test_a_passphrase_from_the_keyring(
    bench: Bench, key_pair: dict[str, Any], spelling: str, authenticator: str | None
) -> None:
    settings = {spelling: key_pair["private_key_file"], "authenticator": authenticator}
    keys = Kept(PHRASE)
    session = connect(bench, keys, **settings)
    assert (await session.open()).user == "OPERATOR"
    assert keys.asked[0][0].kind is KeyKind.PASSPHRASE
    await session.close()


async def test_a_wrong_passphrase_is_said_to_be_one(bench: Bench, key_pair: dict[str, Any]) -> None:
    session = connect(bench, Kept(WRONG), **key_pair)
    with pytest.raises(SignInRefusedError, match="does not open the private key") as caught:
        await session.open()
    assert "keys set dev" in caught.value.next_step
    assert WRONG not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("setting", ["private_key_file_pwd", "private_key_password"])
async def test_a_connection_s_own_passphrase_wins(
    bench: Bench, key_pair: dict[str, Any], setting: str
) -> None:
    keys = Kept(WRONG)
    session = connect(bench, keys, **key_pair, **{setting: PHRASE})
    await session.open()
    await session.close()
    assert keys.asked == []


async def test_a_connection_s_own_password_wins(bench: Bench) -> None:
    keys = Kept(WRONG)
    session = connect(bench, keys, password=password(bench))
    await session.open()
    await session.close()
    assert keys.asked == []


@pytest.mark.parametrize("keys", [None, Kept()])
async def test_a_connection_that_lacks_its_password_says_so(
    bench: Bench, keys: Kept | None
) -> None:
    session = connect(bench, keys)
    with pytest.raises(KeyMissingError) as caught:
        await session.open()
    assert str(caught.value) == "connection dev needs a password"
    assert caught.value.next_step == (
        "Keep it with `spcs-worker-tui keys set dev`, or set "
        "SNOWFLAKE_CONNECTIONS_DEV_PASSWORD in the environment."
    )
    assert caught.value.key == KeyName(KeyKind.PASSWORD, "dev", "operator@127.0.0.1")


async def test_why_it_is_lacking_is_said_too(bench: Bench) -> None:
    session = connect(bench, Kept(problem="the keyring is locked"))
    with pytest.raises(KeyMissingError, match="needs a password, and the keyring is locked"):
        await session.open()


async def test_a_wrong_password_from_the_keyring_says_where_it_came_from(bench: Bench) -> None:
    session = connect(bench, Kept(WRONG))
    with pytest.raises(SignInRefusedError, match="refused the sign-in") as caught:
        await session.open()
    assert "came from the keyring" in caught.value.next_step
    assert "keys set dev" in caught.value.next_step
    assert WRONG not in "".join(traceback.format_exception(caught.value))


async def test_a_password_that_was_written_into_the_file_meanwhile(bench: Bench) -> None:
    session = connect(bench, Kept())
    with pytest.raises(KeyMissingError):
        await session.open()
    connect(bench, None, password=password(bench))
    assert (await session.open()).user == "OPERATOR"
    await session.close()


# Which key a connection needs


def settings(authenticator: str = "snowflake", *secrets: str, **more: str) -> ConnectionSettings:
    return ConnectionSettings(
        "dev",
        account="Acme",
        user="OPERATOR",
        authenticator=authenticator,
        secrets=frozenset(secrets),
        **more,
    )


@pytest.mark.parametrize(
    ("connection", "kind", "source"),
    [
        (settings(), KeyKind.PASSWORD, ""),
        (settings("snowflake", "password"), KeyKind.PASSWORD, "its own settings"),
        (settings("snowflake", "token"), KeyKind.PASSWORD, ""),
        (settings("username_password_mfa"), KeyKind.PASSWORD, ""),
        (settings("https://acme.okta.com"), KeyKind.PASSWORD, ""),
        (settings("programmatic_access_token"), KeyKind.TOKEN, ""),
        (settings("programmatic_access_token", "password"), KeyKind.TOKEN, ""),
        (settings("programmatic_access_token", "token_file_path"), KeyKind.TOKEN, "its own "),
        (settings("oauth", "token"), KeyKind.TOKEN, "its own "),
    ],
)
def test_what_signs_in_with_which_key(
    connection: ConnectionSettings, kind: KeyKind, source: str
) -> None:
    need = needed_key(connection)
    assert need is not None
    assert (need.name, bool(need.source)) == (KeyName(kind, "dev", "operator@acme"), bool(source))
    assert need.source.startswith(source)


@pytest.mark.parametrize(
    ("connection", "why"),
    [
        (settings("externalbrowser"), "externalbrowser"),
        (settings("workload_identity"), "workload_identity"),
        (settings("snowflake_jwt"), "missing or not encrypted"),
        (settings("snowflake_jwt", private_key_file="/no/such/file"), "missing or not encrypted"),
        (ConnectionSettings("dev", account="acme"), "names no user"),
    ],
)
def test_what_needs_no_key(connection: ConnectionSettings, why: str) -> None:
    assert needed_key(connection) is None
    with pytest.raises(ConfigurationError, match=why):
        need_of(connection)


def test_a_private_key_that_is_not_encrypted_needs_none(tmp_path: Path) -> None:
    path = tmp_path / "key.p8"
    path.write_text("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n")
    assert needed_key(settings("snowflake_jwt", private_key_file=str(path))) is None
