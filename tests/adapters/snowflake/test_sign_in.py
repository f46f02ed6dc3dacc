"""The adapter on the unmodified connector, signing in to the sandbox."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.errors import (
    ConfigurationError,
    NotVisibleError,
    SignInNeededError,
    SignInRefusedError,
    SnowflakeUnreachableError,
)
from spcs_worker_tui.domain.ports import Identity
from support.saved_connections import save
from support.session_bench import KEY, Bench, registered_key


async def test_password_login_says_who_we_are(bench: Bench) -> None:
    assert await bench.session.open() == Identity("acme-main-site", "OPERATOR", "DEPLOYER")
    assert bench.session.statements == 0


async def test_key_pair_login(bench: Bench) -> None:
    path = registered_key(bench)
    for spelling in ("private_key_file", "private_key_path"):
        session = bench.connect(
            changes={"authenticator": "SNOWFLAKE_JWT", spelling: path, "password": None}
        )
        assert (await session.open()).user == "OPERATOR"
        await session.close()


async def test_programmatic_access_token_login(bench: Bench) -> None:
    user = bench.lab.account.users["OPERATOR"]
    user.access_tokens["pat-1"] = bench.clock.now() + timedelta(days=1)
    changes = {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "pat-1", "password": None}
    session = bench.connect(changes=changes)
    assert (await session.open()).user == "OPERATOR"
    await session.close()


async def test_wrong_password_is_one_sentence_without_it(bench: Bench) -> None:
    session = bench.connect(changes={"password": "hunter2"})
    with pytest.raises(SignInRefusedError) as caught:
        await session.open()
    assert "OPERATOR" in str(caught.value)
    assert "dev" in str(caught.value)
    assert "hunter2" not in str(caught.value) + repr(caught.value.__cause__)
    assert "password" in caught.value.next_step


async def test_wrong_role_says_so(bench: Bench) -> None:
    session = bench.connect(changes={"role": "NOBODY"})
    with pytest.raises(SignInRefusedError) as caught:
        await session.open()
    assert "role" in caught.value.next_step


async def test_a_connection_that_was_deleted_meanwhile(bench: Bench) -> None:
    save(bench.home, {"other": {"account": "a"}})
    with pytest.raises(ConfigurationError, match="dev"):
        await bench.session.open()


async def test_nobody_listens(bench: Bench) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        session = bench.connect(changes={"port": unused.getsockname()[1]}, login_seconds=1)
        with pytest.raises(SnowflakeUnreachableError, match="dev") as caught:
            await session.open()
    assert caught.value.next_step


async def test_somebody_listens_and_never_answers(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        session = bench.connect(changes={"port": mute.getsockname()[1]}, login_seconds=0.5)
        with pytest.raises(SnowflakeUnreachableError, match="dev"):
            await session.open()


async def test_interactive_sign_in_waits_for_a_person(bench: Bench) -> None:
    settings = read_connections().select(["dev"])[0]
    session = ConnectorSession(replace(settings, authenticator="externalbrowser", interactive=True))
    for ask in (session.open, session.show_services):
        with pytest.raises(SignInNeededError, match="externalbrowser"):
            await ask()
    assert session.statements == 0


async def test_an_expired_session_token_is_renewed_unseen(bench: Bench) -> None:
    await bench.session.show_services()
    await bench.clock.advance(120)
    await bench.session.show_services()
    assert len({entry.session_id for entry in bench.sandbox.journal}) == 1


async def test_an_expired_master_token_means_a_new_session(bench: Bench) -> None:
    await bench.session.show_services()
    await bench.clock.advance(3600)
    await asyncio.gather(*(bench.session.show_services() for _ in range(3)))
    assert len({entry.session_id for entry in bench.sandbox.journal}) == 2


async def test_after_the_end_of_a_session_no_browser_opens_by_itself(bench: Bench) -> None:
    settings = replace(read_connections().select(["dev"])[0], interactive=True)
    session = ConnectorSession(settings)
    await session.open(interactive=True)
    await session.show_services()
    await bench.clock.advance(3600)
    with pytest.raises(SignInNeededError):
        await session.show_services()
    await session.open(interactive=True)
    await session.show_services()
    await session.close()


async def test_nothing_is_written_to_the_terminal(
    bench: Bench, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    await bench.session.show_services()
    await bench.clock.advance(3600)
    await bench.session.show_services()
    with pytest.raises(NotVisibleError):
        await bench.session.show_service_containers(KEY)
    with pytest.raises(SignInRefusedError):
        await bench.connect(changes={"password": "wrong"}).open()
    await bench.session.close()
    assert capfd.readouterr() == ("", "")
