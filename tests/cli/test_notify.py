"""`--check --notify`, sent by the real Apprise to a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.inbox import Inbox, open_inbox
from support.program import Program
from support.secret_service import SecretService, secret_service

if TYPE_CHECKING:
    from conftest import World

TOKEN = "hunter2hunter2hunter2"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with open_inbox() as inbox:
        yield inbox


def written_by(program: Program) -> str:
    """Everything in files below the program's home."""
    return "".join(
        path.read_bytes().decode(errors="replace")
        for path in sorted(program.home.rglob("*"))
        if path.is_file()
    )


async def test_what_is_not_healthy_is_told(world: World, inbox: Inbox) -> None:
    await world.create("PLAIN")
    answer = await world.program.run("--check", "--service", "PLAIN", "--notify", inbox.url)
    assert answer.status == 0
    assert inbox.notices == []
    answer = await world.program.run(
        *("--check", "--service", "GONE", "--notify", inbox.url, "--notify", inbox.url)
    )
    assert answer.status == 3
    assert "Notified 2 addresses." in answer.err
    first, second = inbox.notices
    assert first == second
    assert first["title"] == "spcs-worker-tui: unknown"
    assert first["message"] == "No service on the connections checked matches 'GONE'."


async def test_of_changes_only_changes_are_told(world: World, inbox: Inbox) -> None:
    async def check(*more: str) -> tuple[int, list[str]]:
        answer = await world.program.run(
            *("--check", "--notify-changes", "--require-running", *more),
            SPCS_WORKER_TUI_NOTIFY=inbox.url,
        )
        return answer.status, [notice["message"] for notice in inbox.take()]

    await world.create("ETL")
    assert await check() == (0, []), "all was well from the beginning"
    await world.lab.sql("ALTER SERVICE ETL SUSPEND")
    await world.reaches("ETL", "SUSPENDED")
    status, (told,) = await check()
    assert status == 2
    assert told.startswith("suspended: dev:D.S.ETL: ")
    assert await check() == (2, [])
    status, (told,) = await check("--service", "E*")
    assert told.startswith("suspended: "), "another check has a past of its own"
    await world.lab.sql("ALTER SERVICE ETL RESUME")
    await world.reaches("ETL", "RUNNING")
    status, (told,) = await check("--wait", "--timeout", "30")
    assert (status, told) == (0, "All is well again.")
    assert await check() == (0, [])
    notified = world.program.home / ".local/state/spcs-worker-tui/notified.json"
    assert notified.stat().st_mode & 0o777 == 0o600


async def test_what_was_not_taken_is_told_again(world: World, inbox: Inbox) -> None:
    inbox.status = 500
    asked = ("--check", "--notify-changes", "--notify", inbox.url)
    answer = await world.program.run(*asked)
    assert answer.status == 3, "an account without services; a lost notice changes nothing of that"
    assert "the notice was not sent: json://… did not take it." in answer.err
    assert "Notified" not in answer.err
    inbox.status = 200
    assert "Notified 1 address." in (await world.program.run(*asked)).err
    assert "Notified" not in (await world.program.run(*asked)).err


async def test_an_address_with_a_token_is_no_argument(program: Program, inbox: Inbox) -> None:
    url = f"json://user:{TOKEN}@127.0.0.1:{inbox.port}/"
    answer = await program.run("--check", "--notify", url)
    assert answer.status == 64
    assert "every program on this machine can read arguments" in answer.complaint
    assert TOKEN not in answer.err + answer.out
    assert inbox.notices == []


async def test_a_token_stays_where_it_was_put(world: World, inbox: Inbox) -> None:
    url = f"json://user:{TOKEN}@127.0.0.1:{inbox.port}/hook"
    for status in (200, 500):
        inbox.status = status
        answer = await world.program.run(
            "--check", "--notify-changes", SPCS_WORKER_TUI_NOTIFY=f"{inbox.url}  {url}\n"
        )
        assert TOKEN not in answer.err + answer.out + written_by(world.program)
    assert TOKEN not in json.dumps(inbox.notices)
    assert len(inbox.notices) == 2, "nothing had changed, so nothing was sent again"


async def test_a_kept_address_is_named(world: World, inbox: Inbox) -> None:
    answer = await world.program.run(
        "--check", "--notify", "on-call", SPCS_WORKER_TUI_NOTIFY_ON_CALL=inbox.url
    )
    assert answer.status == 3
    assert len(inbox.notices) == 1
    answer = await world.program.run("--check", "--notify", "on-call")
    assert answer.status == 64
    assert answer.complaint.endswith("the notification address on-call is nowhere kept.")
    assert "spcs-worker-tui keys set notify:on-call" in answer.err
    answer = await world.program.run(
        "keys", "test", "notify:on-call", SPCS_WORKER_TUI_NOTIFY_ON_CALL=inbox.url
    )
    assert answer.out == "notify:on-call: took a test notice.\n"
    assert inbox.notices[-1]["title"] == "spcs-worker-tui: a test"


async def test_without_apprise_one_sentence(program: Program, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    missing.mkdir()
    (missing / "apprise.py").write_text("raise ModuleNotFoundError('apprise')\n")
    answer = await program.run("--check", "--notify", "json://x", PYTHONPATH=str(missing))
    assert answer.status == 64
    assert answer.complaint == "spcs-worker-tui: --notify needs Apprise, which is not installed."
    assert "pip install 'spcs-worker-tui[notify]'" in answer.err


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretService]:
    with secret_service(tmp_path_factory.mktemp("keyring")) as running:
        yield running


@pytest.mark.alone
async def test_an_address_in_the_keyring(
    world: World, inbox: Inbox, keyring: SecretService
) -> None:
    env, program = keyring.environment, world.program
    url = f"json://user:{TOKEN}@127.0.0.1:{inbox.port}/hook"
    kept = await program.run("keys", "set", "notify:on-call", given=f"{url}\n", **env)
    assert kept.err == "Kept: the notification address on-call.\n"
    listed = await program.run("keys", "list", **env)
    assert listed.out.splitlines()[-1].split() == [
        *("notify:on-call", "notification", "address", "the", "keyring")
    ]
    answer = await program.run("--check", "--notify", "on-call", **env)
    assert "Notified 1 address." in answer.err
    assert len(inbox.notices) == 1
    gone = await program.run("keys", "delete", "notify:on-call", **env)
    assert gone.err == "Deleted: the notification address on-call.\n"
    shown = [kept, listed, answer, gone]
    assert not any(TOKEN in text for a in shown for text in (a.out, a.err))
