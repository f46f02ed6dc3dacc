"""A person types the password that a connection lacks: the whole console, on a sandbox."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.key_notes import KeyNotes
from spcs_worker_tui.adapters.keyring import KeyringStore
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.errors import KeyMissingError, SignInRefusedError
from spcs_worker_tui.domain.fleet import ConnectionSnapshot, ConnectionState
from spcs_worker_tui.domain.judge import Judge
from spcs_worker_tui.domain.keys import KeyKind, KeyName, Secret
from spcs_worker_tui.operations.keys import Keychain
from spcs_worker_tui.operations.watch.watcher import FleetWatcher
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from support.sandbox import RunningSandbox, running_sandbox
from support.saved_connections import save

SECONDS = 60


@pytest.fixture
async def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunningSandbox]:
    """Its connection `lacking` has no password in its file, `fine` has."""
    for variable in ("SNOWFLAKE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    async with running_sandbox() as running:
        good = running.connection(enable_server_session_keep_alive_auto_detection=None)
        lacking = {key: value for key, value in good.items() if key != "password"}
        save(tmp_path, {"lacking": lacking, "fine": good})
        yield running


async def reach(pictures: AsyncIterator[ConnectionSnapshot], state: ConnectionState) -> None:
    async with asyncio.timeout(SECONDS):
        async for connection in pictures:
            if connection.state is state:
                return


def files_with(value: str, folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if value.encode() in path.read_bytes()]


async def test_a_key_that_was_typed_is_used_and_kept_nowhere(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    console = await open_console(["lacking"], make_doctor=make_doctor)
    value = str(sandbox.connection()["password"])

    async def lacking() -> AsyncIterator[ConnectionSnapshot]:
        async with aclosing(console.watch()) as pictures:  # type: ignore[type-var]
            async for picture in pictures:
                connection = picture.snapshot.connection("lacking")
                if connection is not None:
                    yield connection

    try:
        async with aclosing(lacking()) as pictures:
            await reach(pictures, ConnectionState.SIGN_IN_NEEDED)
            async with asyncio.timeout(SECONDS):
                connection = await anext(pictures)
            assert isinstance(connection.error, KeyMissingError)
            key = connection.error.key
            with pytest.raises(SignInRefusedError) as caught:
                await console.give_key(key, Secret("hunter2"), keep=False)
            assert "came from what was typed" in caught.value.next_step
            await console.give_key(key, Secret(value), keep=False)
            await reach(pictures, ConnectionState.CONNECTED)
    finally:
        await console.close()
    assert files_with(value, tmp_path) == ["connections.toml"]


class Hanging:
    """A keyring that waits until the test lets it go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()

    def ready(self) -> str:
        return "hanging"

    def get(self, name: KeyName) -> Secret | None:
        self.asked.set()
        self.released.wait(SECONDS)
        return None

    def set(self, name: KeyName, secret: Secret) -> None:
        raise AssertionError

    def delete(self, name: KeyName) -> bool:
        raise AssertionError


async def test_while_the_keyring_hangs_the_other_connections_work(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    notes, vault = KeyNotes(tmp_path / "notes"), Hanging()
    lacking, fine = read_connections().select(["lacking", "fine"])
    notes.add(KeyName(KeyKind.PASSWORD, "lacking", "operator@127.0.0.1"))
    chain = Keychain(KeyringStore(notes, lambda: vault, seconds=2 * SECONDS), {})
    sessions = tuple(ConnectorSession(settings, chain) for settings in (lacking, fine))
    watcher = FleetWatcher(sessions, NoPrefect(), Judge(), SystemClock())
    try:
        async with asyncio.timeout(SECONDS), aclosing(watcher.watch()) as pictures:
            async for picture in pictures:
                states = {c.name: c.state for c in picture.snapshot.connections}
                if states["fine"] is ConnectionState.CONNECTED and vault.asked.is_set():
                    break
        assert states["lacking"] is ConnectionState.CONNECTING
    finally:
        vault.released.set()
        await watcher.close()


class NoPrefect:
    """No service here has a work pool."""

    async def close(self) -> None:
        """Nothing to do."""
