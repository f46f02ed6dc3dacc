"""Keys from prompt to login: the real program, a real Secret Service, the real connector."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.processes import marked_processes
from support.program import SECONDS, Program, ended
from support.saved_connections import save, until
from support.secret_service import SecretService, secret_service
from support.terminal import Terminal

if TYPE_CHECKING:
    from conftest import World

VALUE = "5ecret-of-OPERATOR"
API = "http://127.0.0.1:1/api"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretService]:
    with secret_service(tmp_path_factory.mktemp("keyring")) as running:
        yield running


@pytest.fixture
def locker(world: World) -> World:
    """The connection `dev` lacks its password, and the user's password is `VALUE`."""
    user = next(iter(world.lab.account.users.values()))
    user.password = VALUE
    world.connections(dev={"password": None})
    return world


async def test_set_then_check_then_delete(locker: World, service: SecretService) -> None:
    env, program = service.environment, locker.program
    await locker.create("WEB")
    before = await program.run("--check", **env)
    assert before.status == 3
    assert "needs a password" in before.out + before.err

    kept = await program.run("keys", "set", "dev", given=f"{VALUE}\n", **env)
    assert (kept.status, kept.out) == (0, ""), kept.err
    assert kept.err == "Kept: the password of connection dev.\n"

    answer = await program.run("--check", **env)
    assert answer.status == 0, answer.err
    assert "D.S.WEB" in answer.out
    tested = await program.run("keys", "test", **env)
    assert tested.status == 0, tested.err
    assert "signs in to acme-main-site as OPERATOR" in tested.out
    assert "its password comes from the keyring" in tested.out
    listed = await program.run("keys", "list", **env)
    assert listed.out.splitlines()[1].split() == ["dev", "password", "the", "keyring"]
    assert "Secret Service" in listed.err

    assert (await program.run("keys", "delete", "dev", **env)).status == 0
    assert (await program.run("--check", **env)).status == 3
    assert (await program.run("keys", "delete", "dev", **env)).status == 64
    shown = [before, kept, answer, tested, listed]
    assert not any(VALUE in text for a in shown for text in (a.out, a.err))


async def test_the_value_is_in_no_file_no_argument_and_no_environment(
    locker: World, service: SecretService
) -> None:
    env, program = service.environment, locker.program
    process = await program.start("keys", "set", "dev", stdin=asyncio.subprocess.PIPE, **env)
    async with ended(process):
        assert process.stdin is not None
        process.stdin.write(VALUE.encode())
        await process.stdin.drain()
        seen = look_into(process.pid)
        await asyncio.wait_for(process.communicate(b"\n"), SECONDS)
    assert any(b"keys" in data for data in seen.values()), "the program was not looked into"
    async with ended(await program.start("--check", "--wait", **env)) as process:
        await until(lambda: locker.sandbox.journal, seconds=SECONDS)
        seen |= look_into(process.pid)
    seen |= look_into(service.group)
    assert not [what for what, data in seen.items() if VALUE.encode() in data]
    files = [p for root in (program.home, service.home) for p in root.rglob("*") if p.is_file()]
    assert any("keyrings" in str(path) for path in files), files
    assert not [path for path in files if VALUE.encode() in path.read_bytes()]
    await program.run("keys", "delete", "dev", **env)


def look_into(pid: int) -> dict[str, bytes]:
    """Arguments and environment of that process and of all below it."""
    found = {}
    for member in marked_processes(pid):
        for what in ("cmdline", "environ"):
            path = Path(f"/proc/{member}/{what}")
            try:
                found[str(path)] = path.read_bytes()
            except OSError:  # it ended meanwhile
                continue
    return found


async def test_a_key_that_the_account_refuses(locker: World, service: SecretService) -> None:
    env, program = service.environment, locker.program
    await program.run("keys", "set", "dev", given="hunter2\n", **env)
    tested = await program.run("keys", "test", "dev", **env)
    assert tested.status == 2
    assert "came from the keyring" in tested.err
    assert "hunter2" not in tested.err
    await program.run("keys", "delete", "dev", **env)


async def test_a_connection_that_leads_elsewhere_now_does_not_get_the_password(
    locker: World, service: SecretService
) -> None:
    env, program = service.environment, locker.program
    await program.run("keys", "set", "dev", given=VALUE, **env)
    locker.connections(dev={"password": None, "user": "SOMEBODY"})
    answer = await program.run("--check", **env)
    assert "needs a password" in answer.out + answer.err
    listed = await program.run("keys", "list", **env)
    assert "no connection leads there any more" in listed.out
    assert (await program.run("keys", "delete", "dev", **env)).status == 0


async def test_prefect_keys(program: Program, service: SecretService) -> None:
    env = service.environment
    assert (await program.run("keys", "set", f"{API}/", given="pnu_1", **env)).status == 0
    auth = await program.run("keys", "set", API, "--auth-string", given="ops:x", **env)
    assert auth.err == f"Kept: the Prefect auth string for {API}.\n"
    listed = await program.run("keys", "list", **env)
    assert [line.split()[0] for line in listed.out.splitlines()] == ["FOR", API, API]
    assert (await program.run("keys", "test", **env)).status == 3
    deleted = await program.run("keys", "delete", API, **env)
    assert len(deleted.err.splitlines()) == 2


async def test_without_any_keyring_the_environment_is_the_way_on(locker: World) -> None:
    program = locker.program
    refused = await program.run("keys", "set", "dev", given=VALUE)
    assert refused.status == 3
    assert refused.complaint == "spcs-worker-tui: this machine has no keyring that answers."
    assert "environment variables" in refused.err
    answer = await program.run("--check", SNOWFLAKE_CONNECTIONS_DEV_PASSWORD=VALUE)
    assert answer.status == 3, answer.err  # signed in, and sees no service
    assert "No service is visible" in answer.err
    listed = await program.run("keys", "list", SNOWFLAKE_CONNECTIONS_DEV_PASSWORD=VALUE)
    assert "SNOWFLAKE_CONNECTIONS_DEV_PASSWORD" in listed.out
    assert VALUE not in listed.out + listed.err


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (("set", "nope"), "x", "there is no connection 'nope'"),
        (("set", "dev"), "", "nothing was given"),
        (("set", "dev"), b"\xff\xfe", "not UTF-8"),
        (("set", "dev"), "hunter2\nhunter2", "more than one line"),
        (("set", "dev", "hunter2"), None, "never an argument"),
        (("set", "dev", "--auth-string"), "a:b", "auth string"),
        (("set", "https://ops:hunter2@x/api"), "x", "holds a user or a password"),
        (("set", "web"), "x", "externalbrowser"),
        (("--read-only", "set", "dev"), "x", "changes nothing"),
        (("delete", "nope"), None, "nothing is kept for 'nope'"),
        (("test",), None, "nothing is kept"),
        (("test", "nope"), None, "there is no connection 'nope'"),
    ],
)
async def test_one_sentence_for_what_cannot_be(
    program: Program,
    service: SecretService,
    arguments: tuple[str, ...],
    given: str | bytes | None,
    words: str,
) -> None:
    one = {"account": "acme", "user": "OPERATOR"}
    save(program.home, {"dev": one, "web": one | {"authenticator": "externalbrowser"}})
    first = [a for a in arguments if a == "--read-only"]
    rest = [a for a in arguments if a != "--read-only"]
    answer = await program.run(*first, "keys", *rest, given=given, **service.environment)
    assert answer.status == 64
    assert words in answer.complaint
    assert "hunter2" not in answer.err
    assert "Traceback" not in answer.err
    assert service.entries() == []


# A keyring that hangs, and one that writes plain text

HANGING = """
import time
time.sleep(3600)
"""

PLAINTEXT = """
from pathlib import Path
from keyring.backend import KeyringBackend

class PlaintextKeyring(KeyringBackend):
    priority = 0.5
    def get_password(self, service, username):
        return Path("plain.txt").read_text()
    def set_password(self, service, username, password):
        Path("plain.txt").write_text(password)
"""


@pytest.fixture
def plug_in(tmp_path: Path) -> Iterator[Path]:
    """Where Python finds plug-ins for `keyring`."""
    folder = tmp_path / "plug-in" / "keyrings" / "alt"
    folder.mkdir(parents=True)
    (folder / "hanging.py").write_text(HANGING)
    (folder / "file.py").write_text(PLAINTEXT)
    return folder


def with_plug_in(folder: Path, name: str) -> dict[str, str]:
    return {
        "PYTHONPATH": str(folder.parent.parent),
        "PYTHON_KEYRING_BACKEND": f"keyrings.alt.{name}",
    }


async def test_a_keyring_that_hangs_delays_neither_the_others_nor_the_end(
    locker: World, plug_in: Path
) -> None:
    """The program ends by itself, although the keyring never answers."""
    env = with_plug_in(plug_in, "hanging.Keyring")
    locker.connections(dev={"password": None}, fine={"password": VALUE})
    await locker.create("WEB")
    note(locker.program, "dev")
    answer = await locker.program.run("--check", **env)
    assert "D.S.WEB" in answer.out
    assert "needs a password, and the keyring did not answer in 3 s" in answer.out + answer.err
    refused = await locker.program.run("keys", "set", "dev", given=VALUE, **env)
    assert refused.status == 3
    assert "did not answer in 3 s" in refused.complaint


def note(program: Program, connection: str) -> None:
    """As if its password had been kept at a time when the keyring answered."""
    path = program.home / ".local" / "share" / "spcs-worker-tui" / "keys"
    path.parent.mkdir(parents=True)
    path.write_text(f"+ password {connection} operator@127.0.0.1\n")


async def test_a_keyring_in_plain_text_is_never_written_to(locker: World, plug_in: Path) -> None:
    env = with_plug_in(plug_in, "file.PlaintextKeyring")
    refused = await locker.program.run("keys", "set", "dev", given=VALUE, **env)
    assert refused.status == 3
    assert "keyrings.alt.file.PlaintextKeyring is not used" in refused.complaint
    files = [path for path in locker.program.home.rglob("*") if path.is_file()]
    assert not [path for path in files if VALUE.encode() in path.read_bytes()]


# At a terminal


@pytest.fixture
async def terminal_world(locker: World) -> World:
    await locker.create("WEB")
    return locker


def terminal(world: World, *arguments: str, **variables: str) -> Terminal:
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main", *arguments]
    return Terminal(argv, world.program.environment(TERM="xterm", **variables))


async def test_at_a_terminal_the_value_is_asked_for_without_echo(
    terminal_world: World, service: SecretService
) -> None:
    def keep() -> str:
        with terminal(terminal_world, "keys", "set", "dev", **service.environment) as screen:
            screen.wait_for("The password of connection dev:", SECONDS)
            screen.send(f"{VALUE}\n")
            screen.wait_for("Kept", SECONDS)
            assert screen.wait_exit(SECONDS) == 0
            return screen.raw.decode()

    assert VALUE not in await asyncio.to_thread(keep)
    assert (await terminal_world.program.run("--check", **service.environment)).status == 0
    await terminal_world.program.run("keys", "delete", "dev", **service.environment)


async def test_without_a_keyring_each_command_asks(terminal_world: World) -> None:
    def check() -> str:
        with terminal(terminal_world, "--check") as screen:
            screen.wait_for(r"password of connection dev, for this once", SECONDS)
            screen.send(f"{VALUE}\n")
            screen.wait_for("D.S.WEB", SECONDS)
            assert screen.wait_exit(SECONDS) == 0
            return screen.raw.decode()

    assert VALUE not in await asyncio.to_thread(check)


async def test_whoever_gives_nothing_or_interrupts_is_not_asked_again(
    terminal_world: World,
) -> None:
    def answer(keys: str, status: int, wanted: str) -> None:
        with terminal(terminal_world, "--check") as screen:
            screen.wait_for(r"for this once", SECONDS)
            screen.send(keys)
            if wanted:
                screen.wait_for(wanted, SECONDS)
            assert screen.wait_exit(SECONDS) == status
            assert screen.raw.count(b"for this once") == 1

    await asyncio.to_thread(answer, "\n", 3, "needs a password")
    await asyncio.to_thread(answer, "\x03", 130, "")
