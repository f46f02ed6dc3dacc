"""Signing in with a connection that no file has yet, as the wizard does before it saves one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from spcs_worker_tui.adapters.connections_writer import unsaved
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.errors import KeyMissingError, SignInRefusedError
from spcs_worker_tui.domain.keys import FoundKey, KeyName, Secret
from spcs_worker_tui.domain.new_connection import NewConnection, SignInWay, checked_connection
from support.session_bench import Bench, registered_key


class Typed:
    """A `KeySource` that has what a person typed for one connection."""

    def __init__(self, connection: NewConnection, value: str) -> None:
        self._name, self._value = connection.key, value

    async def find(self, name: KeyName, *, again: bool = False) -> FoundKey:
        return FoundKey(Secret(self._value), "what was typed") if name == self._name else FoundKey()


def new(bench: Bench, way: SignInWay = SignInWay.PASSWORD, **typed: str) -> NewConnection:
    table = bench.sandbox.connection()
    host = f"http://{table['host']}:{table['port']}"
    return checked_connection(
        {"name": "new", "account": table["account"], "user": table["user"], "host": host}
        | {"way": way}
        | typed
    )


async def sign_in(connection: NewConnection, value: str) -> str:
    session = ConnectorSession(unsaved(connection), Typed(connection, value))
    try:
        return (await session.open(interactive=True)).role
    finally:
        await session.close()


async def test_a_password(bench: Bench) -> None:
    password = bench.sandbox.connection()["password"]
    bench.home.joinpath("connections.toml").unlink()
    assert await sign_in(new(bench, role="DEPLOYER"), password) == "DEPLOYER"
    assert not list(bench.home.glob("*.toml"))


async def test_a_wrong_password_is_said_with_where_it_came_from(bench: Bench) -> None:
    with pytest.raises(SignInRefusedError) as caught:
        await sign_in(new(bench), "wrong-word")
    assert "what was typed" in caught.value.next_step
    assert "wrong-word" not in f"{caught.value} {caught.value.next_step}"


async def test_a_programmatic_access_token(bench: Bench) -> None:
    user = bench.lab.account.users["OPERATOR"]
    user.access_tokens["pat-1"] = bench.clock.now() + timedelta(days=1)
    assert await sign_in(new(bench, SignInWay.ACCESS_TOKEN), "pat-1") is not None


async def test_a_key_pair_with_its_passphrase(bench: Bench) -> None:
    path = registered_key(bench, "open sesame")
    connection = new(bench, SignInWay.KEY_PAIR, private_key_file=path)
    assert await sign_in(connection, "open sesame") is not None


async def test_a_name_that_a_file_has_means_the_new_one(bench: Bench) -> None:
    password = bench.sandbox.connection()["password"]
    bench.home.joinpath("connections.toml").write_text("[new]\naccount = 'elsewhere'\n")
    assert await sign_in(new(bench), password) is not None


async def test_without_its_secret_it_asks_for_it(bench: Bench) -> None:
    session = ConnectorSession(unsaved(new(bench)))
    with pytest.raises(KeyMissingError):
        await session.open()
