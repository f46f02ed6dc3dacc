"""The keyring's adapter: on a real Secret Service, and on keyrings that are of no use."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring import backend
from keyring.backends import chainer, fail, null
from keyring.backends.SecretService import Keyring as SecretServiceKeyring

from spcs_worker_tui.adapters.key_notes import KeyNotes
from spcs_worker_tui.adapters.keyring import KeyringStore
from spcs_worker_tui.adapters.keyring_backend import KeyringVault, open_vault
from spcs_worker_tui.domain.errors import ConfigurationError, KeyringError
from spcs_worker_tui.domain.keys import KeyKind, KeyName, Secret
from support.secret_service import SecretService, secret_service

VALUE = "hunter2"
PASSWORD = KeyName(KeyKind.PASSWORD, "dev", "operator@acme")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretService]:
    with secret_service(tmp_path_factory.mktemp("keyring")) as running:
        yield running


@pytest.fixture
def store(service: SecretService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyringStore:
    return store_on(service, tmp_path, monkeypatch)


def store_on(
    service: SecretService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> KeyringStore:
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    # `keyring` chooses once per process, so it is told which to use.
    ring = SecretServiceKeyring()
    return KeyringStore(KeyNotes(tmp_path / "notes"), lambda: KeyringVault(ring))


# A real Secret Service


async def test_what_is_kept_comes_back_until_it_is_deleted(store: KeyringStore) -> None:
    assert await store.get(PASSWORD) is None
    await store.set(PASSWORD, Secret("first"))
    await store.set(PASSWORD, Secret("secönd"))
    assert await store.get(PASSWORD) == Secret("secönd")
    assert await store.names() == (PASSWORD,)
    assert await store.delete(PASSWORD)
    assert await store.get(PASSWORD) is None
    assert await store.names() == ()


async def test_deleting_what_is_not_there(store: KeyringStore) -> None:
    assert not await store.delete(PASSWORD)


async def test_what_somebody_else_deleted_leaves_no_note(
    store: KeyringStore, service: SecretService
) -> None:
    await store.set(PASSWORD, Secret("x"))
    await asyncio.to_thread(KeyringVault(SecretServiceKeyring()).delete, PASSWORD)
    assert await store.names() == (PASSWORD,)
    assert not await store.delete(PASSWORD)
    assert await store.names() == ()


@pytest.mark.parametrize(
    "owner",
    [
        "with space",
        "per%20cent",
        "'\"`$(x);",
        "ünï·cødé-名前",
        "-",
        "new\nline\ttab",
        "x" * 2000,
        "https://api.prefect.cloud/api/accounts/a/workspaces/w",
    ],
)
async def test_names_with_odd_characters(
    store: KeyringStore, service: SecretService, owner: str
) -> None:
    name = KeyName(KeyKind.TOKEN, owner, "Ünser@höst name")
    neighbour = KeyName(KeyKind.TOKEN, owner + " ", "Ünser@höst name")
    await store.set(name, Secret("value"))
    await store.set(neighbour, Secret("another"))
    assert await store.get(name) == Secret("value")
    assert set(await store.names()) == {name, neighbour}
    assert all(entry["service"] == "spcs-worker-tui" for entry in service.entries())
    assert await store.delete(name)
    assert await store.get(neighbour) == Secret("another")
    assert await store.delete(neighbour)


async def test_a_very_long_value(store: KeyringStore) -> None:
    value = Secret("0123456789abcdeö" * 8192)
    await store.set(PASSWORD, value)
    assert await store.get(PASSWORD) == value
    await store.delete(PASSWORD)


async def test_many_at_once(store: KeyringStore) -> None:
    names = [KeyName(KeyKind.PASSWORD, f"c{number}") for number in range(10)]
    await asyncio.gather(*(store.set(name, Secret(name.owner)) for name in names))
    found = await asyncio.gather(*(store.get(name) for name in names))
    assert [secret.reveal() for secret in found if secret] == [name.owner for name in names]
    assert set(await store.names()) == set(names)


async def test_a_locked_keyring_is_refused_and_nobody_is_asked_to_unlock_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with secret_service(tmp_path / "keyring") as service:
        store = store_on(service, tmp_path, monkeypatch)
        await store.set(PASSWORD, Secret("x"))
        service.lock()
        for call in (store.get(PASSWORD), store.delete(PASSWORD), store.describe()):
            with pytest.raises(KeyringError, match="the keyring is locked") as caught:
                await call
            assert "Unlock it" in caught.value.next_step
        store.retry()
        with pytest.raises(KeyringError, match="locked"):
            await store.set(KeyName(KeyKind.PASSWORD, "new"), Secret("y"))
        assert await store.names() == (PASSWORD,)


async def test_nobody_has_ever_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with secret_service(tmp_path / "keyring", unlocked=False) as service:
        store = store_on(service, tmp_path, monkeypatch)
        with pytest.raises(KeyringError, match="never set up"):
            await store.set(PASSWORD, Secret("x"))
        assert await store.names() == ()


async def test_the_service_ends_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with secret_service(tmp_path / "keyring") as service:
        store = store_on(service, tmp_path, monkeypatch)
        await store.set(PASSWORD, Secret(VALUE))
    with pytest.raises(KeyringError) as caught:
        await store.get(PASSWORD)
    assert VALUE not in "".join(traceback.format_exception(caught.value))


# Keyrings that are of no use


class Plaintext(backend.KeyringBackend):
    """As keyrings.alt's."""

    priority = 0.5

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError


class Good(SecretServiceKeyring):
    """One that is accepted, whether or not it would answer."""

    priority = 5


Plaintext.__module__ = "keyrings.alt.file"
Good.__module__ = SecretServiceKeyring.__module__


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What `keyring` chooses is put back afterwards."""
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    return monkeypatch


@pytest.mark.parametrize("ring", [fail.Keyring(), null.Keyring()])
def test_no_keyring_at_all(chosen: pytest.MonkeyPatch, ring: backend.KeyringBackend) -> None:
    keyring.set_keyring(ring)
    with pytest.raises(KeyringError, match="no keyring that answers") as caught:
        open_vault()
    assert "environment variables" in caught.value.next_step


def test_a_keyring_in_plain_text_is_refused_by_name(chosen: pytest.MonkeyPatch) -> None:
    keyring.set_keyring(Plaintext())
    with pytest.raises(KeyringError, match=r"keyrings\.alt\.file\.Plaintext is not used"):
        open_vault()


def test_of_a_chain_only_a_good_link_is_used(chosen: pytest.MonkeyPatch) -> None:
    keyring.set_keyring(chainer.ChainerBackend())
    chosen.setattr(backend, "get_all_keyring", lambda: [Plaintext()])
    with pytest.raises(KeyringError, match="no keyring that answers"):
        open_vault()
    good = Good()
    chosen.setattr(backend, "get_all_keyring", lambda: [Plaintext(), good])
    assert open_vault()._ring is good


@pytest.mark.parametrize("setting", ["no.such.module.Keyring", "keyring.backends.fail.Missing"])
def test_a_setting_that_names_no_keyring(chosen: pytest.MonkeyPatch, setting: str) -> None:
    chosen.setenv("PYTHON_KEYRING_BACKEND", setting)
    with pytest.raises(KeyringError, match="cannot be used") as caught:
        open_vault()
    assert "PYTHON_KEYRING_BACKEND" in caught.value.next_step


class Hanging:
    """A keyring that waits for somebody who never comes."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.asked = 0

    def ready(self) -> str:
        return "hanging"

    def get(self, name: KeyName) -> Secret | None:
        self.asked += 1
        self.released.wait(60)
        return Secret("late")

    def set(self, name: KeyName, secret: Secret) -> None:
        self.get(name)

    def delete(self, name: KeyName) -> bool:
        self.get(name)
        return True


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    vault = Hanging()
    yield vault
    vault.released.set()


async def test_a_keyring_that_hangs_is_asked_once(hanging: Hanging, tmp_path: Path) -> None:
    store = KeyringStore(KeyNotes(tmp_path / "notes"), lambda: hanging, seconds=0.05)
    answers = await asyncio.gather(
        *(store.get(KeyName(KeyKind.PASSWORD, f"c{number}")) for number in range(5)),
        return_exceptions=True,
    )
    assert all(isinstance(answer, KeyringError) for answer in answers)
    assert all("did not answer" in str(answer) for answer in answers)
    assert hanging.asked == 1


async def test_after_a_hang_a_person_can_try_again(hanging: Hanging, tmp_path: Path) -> None:
    store = KeyringStore(KeyNotes(tmp_path / "notes"), lambda: hanging, seconds=0.05)
    with pytest.raises(KeyringError):
        await store.set(PASSWORD, Secret("x"))
    assert await store.names() == ()
    hanging.released.set()
    with pytest.raises(KeyringError):
        await store.get(PASSWORD)
    store.retry()
    assert await store.get(PASSWORD) == Secret("late")


async def test_a_keyring_that_is_found_only_after_the_limit(
    hanging: Hanging, tmp_path: Path
) -> None:
    def slowly() -> Hanging:
        hanging.released.wait(60)
        return hanging

    store = KeyringStore(KeyNotes(tmp_path / "notes"), slowly, seconds=0.05)
    with pytest.raises(KeyringError, match="did not answer"):
        await store.describe()


class Talkative(Hanging):
    """Fails with the value in its words."""

    def set(self, name: KeyName, secret: Secret) -> None:
        raise RuntimeError(f"cannot write {secret.reveal()}")


async def test_a_failure_says_nothing_of_the_value(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = KeyringStore(KeyNotes(tmp_path / "notes"), Talkative)
    with pytest.raises(KeyringError, match="RuntimeError") as caught:
        await store.set(PASSWORD, Secret(VALUE))
    assert VALUE not in "".join(traceback.format_exception(caught.value))
    assert VALUE not in "".join(capfd.readouterr())


# The notes


def test_notes_are_names_only_and_for_me_alone(tmp_path: Path) -> None:
    notes = KeyNotes(tmp_path / "new" / "notes")
    assert notes.names() == ()
    notes.add(PASSWORD)
    notes.add(PASSWORD)
    assert notes.path.read_text() == "+ password dev operator@acme\n"
    assert notes.path.stat().st_mode & 0o777 == 0o600
    assert notes.path.parent.stat().st_mode & 0o777 == 0o700


def test_notes_of_two_programs_at_once_are_both_kept(tmp_path: Path) -> None:
    first, second = KeyNotes(tmp_path / "notes"), KeyNotes(tmp_path / "notes")
    other = KeyName.prefect("http://x/api")
    first.add(PASSWORD)
    second.add(other)
    first.remove(PASSWORD)
    assert second.names() == (other,)


@pytest.mark.parametrize("line", ["", "+ ", "+ nonsense", "+ password", "? password x", "\x00"])
def test_lines_that_are_no_notes(tmp_path: Path, line: str) -> None:
    path = tmp_path / "notes"
    path.write_text(f"{line}\n+ {PASSWORD.entry}\n")
    assert KeyNotes(path).names() == (PASSWORD,)


def test_notes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes(b"\xff\xfe\n")
    assert KeyNotes(path).names() == ()


def test_notes_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be noted"):
        KeyNotes(tmp_path / "file" / "notes").add(PASSWORD)
