"""`setup` without a person: what is refused, what is lacking, and the key that nobody sees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.new_account import NewAccount, new_account
from support.program import Answer, Program

NAME = "PREFECT.WORKERS.WORKER"
WORDS = ("--non-interactive", "--env", "dev", "--no-build")
# Nobody answers there: what is said without Prefect is said without waiting for one.
NOWHERE = "http://127.0.0.1:1025/api"


@pytest.fixture
async def account(tmp_path: Path) -> AsyncIterator[NewAccount]:
    async with new_account(tmp_path, prefect=False) as found:
        yield found


async def run(account: NewAccount, *more: str, **variables: str) -> Answer:
    program = Program(account.folder.parent / "home")
    program.home.mkdir(exist_ok=True)
    found = {"SNOWFLAKE_HOME": str(account.home), **variables}
    project = str(account.folder / "spcs-worker.toml")
    return await program.run("setup", "--project", project, *more, **found)


async def test_what_is_lacking_is_listed_and_nothing_changed(account: NewAccount) -> None:
    account.settings(prefect_api_url=NOWHERE)
    answer = await run(account, *WORDS, "--yes")
    assert answer.status == 2
    assert "+ Database PREFECT with schema WORKERS: it is made" in answer.out
    assert "! Work pool spcs: " in answer.out
    assert "! Image spcs-worker:latest: it is not in PREFECT.WORKERS.IMAGES" in answer.out
    assert answer.err.strip().endswith("Nothing was changed.")
    assert "Traceback" not in answer.err
    names = [row["name"] for row in await account.sql("SHOW DATABASES")]
    assert "PREFECT" not in names


async def test_the_grants_for_an_administrator_can_be_pasted(account: NewAccount) -> None:
    await account.sql("CREATE ROLE PLAIN", "GRANT ROLE PLAIN TO USER OPERATOR")
    for role in account.account.roles.values():
        if role.name != "PLAIN":
            role.users.discard("OPERATOR")
    account.account.users["OPERATOR"].default_role = "PLAIN"
    file = account.home / "connections.toml"
    file.write_text(file.read_text().replace("ACCOUNTADMIN", "PLAIN"))
    account.settings(prefect_api_url=NOWHERE, setup_role="PLAIN")
    answer = await run(account, *WORDS)
    assert answer.status == 2
    assert "Role PLAIN may not do all of it. For an administrator:" in answer.out
    statements = answer.out.partition("administrator:\n")[2].strip().splitlines()
    assert "GRANT CREATE DATABASE ON ACCOUNT TO ROLE PLAIN;" in statements
    await account.sql(*statements)
    again = await run(account, *WORDS)
    assert "For an administrator" not in again.out


WRONG: tuple[tuple[dict[str, str | int], str], ...] = (
    ({"prefect_api_url": "http://127.0.0.1:25/api"}, "port 25"),
    ({"work_pool": ""}, "work_pool"),
    ({"setup_role": "my role"}, "role is 'my role'"),
    ({'setup_"nodes"': "x"}, "unknown key"),
    ({"setup_min_nodes": 0}, "min_nodes has to be a whole number from 1"),
    ({"setup_min_nodes": 3, "setup_max_nodes": 2}, "3 to 2 nodes cannot be"),
    ({"connection": "nowhere"}, "there is no connection 'nowhere'"),
)


async def test_wrong_settings_are_one_sentence(account: NewAccount) -> None:
    for changes, words in WRONG:
        account.settings(**{"prefect_api_url": NOWHERE, **changes})
        answer = await run(account, *WORDS)
        assert answer.status == 64, answer.err
        assert words in answer.err
        assert "Traceback" not in answer.err
    statements = [entry.text for entry in account.world.server.wire.journal.entries()]
    assert not [text for text in statements if not text.startswith(("SHOW", "DESCRIBE"))]


async def test_without_settings_it_says_where_they_would_be(account: NewAccount) -> None:
    answer = await run(account, *WORDS)
    assert answer.status == 64
    assert "spcs-worker.toml cannot be read" in answer.err


async def test_a_tear_down_asks_for_the_name(account: NewAccount) -> None:
    account.settings(prefect_api_url=NOWHERE)
    for more, status, words in (
        ((), 64, f"Add --confirm {NAME}"),
        (("--confirm", "WORKER"), 3, "'WORKER' is not the whole name"),
        (("--confirm", NAME), 0, ""),
        (("--dry-run",), 0, ""),
    ):
        answer = await run(account, "--teardown", "--env", "dev", *more)
        assert answer.status == status, answer.err
        assert words in answer.err
        assert "Traceback" not in answer.err


async def test_a_read_only_environment_is_only_looked_at(account: NewAccount) -> None:
    path = account.settings(prefect_api_url=NOWHERE)
    path.write_text(path.read_text() + "read_only = true\n")
    for words in (WORDS, ("--teardown", "--env", "dev", "--confirm", NAME)):
        answer = await run(account, *words, "--yes")
        assert answer.status == 3
        assert "environment dev is read-only" in answer.err
    assert (await run(account, "--teardown", "--env", "dev", "--dry-run")).status == 0
