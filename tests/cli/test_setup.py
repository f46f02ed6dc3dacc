"""`setup` without a person: the program as a process, a new account, Prefect and a real worker."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.new_account import NewAccount, new_account
from support.program import Answer, Program, ended

pytestmark = pytest.mark.timeout(500)

SERVICE = "PREFECT.WORKERS.WORKER"
SECONDS = 300
"""The start of a real worker on a busy machine is in it."""
VALUE = "pnu_distinctive-which-nobody-may-see"
WORDS = ("--non-interactive", "--env", "dev", "--no-build")


@pytest.fixture
async def account(tmp_path: Path) -> AsyncIterator[NewAccount]:
    async with new_account(tmp_path) as found:
        yield found


async def run(account: NewAccount, *more: str, **variables: str) -> Answer:
    program = Program(account.folder.parent / "home")
    program.home.mkdir(exist_ok=True)
    found = {"SNOWFLAKE_HOME": str(account.home), **variables}
    project = str(account.folder / "spcs-worker.toml")
    async with ended(await program.start("setup", "--project", project, *more, **found)) as process:
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode is not None
    return Answer(process.returncode, out.decode(), err.decode())


async def test_from_nothing_to_a_flow_that_ran_and_back(account: NewAccount) -> None:
    await account.furnish_images()
    account.settings()
    shown = await run(account, *WORDS, "--dry-run")
    assert shown.status == 0, shown.err
    assert "CREATE ROLE IF NOT EXISTS PREFECT_OPERATOR" in shown.out
    assert "CREATE DATABASE" not in shown.out
    assert await account.sql("SHOW COMPUTE POOLS LIKE 'WORKER_POOL'") == []

    # What is kept for that API is the worker's key: here in the environment.
    key = {"PREFECT_API_URL": account.api_url, "PREFECT_API_KEY": VALUE}
    answer = await run(account, *WORDS, "--yes", **key)
    assert answer.status == 0, answer.err
    assert VALUE not in answer.out + answer.err
    assert "SECRET_STRING = '***'" in answer.out
    secret = account.account.secrets["PREFECT", "WORKERS", "PREFECT_API_KEY"]
    assert secret.values["secret_string"] == VALUE
    files = [path for path in account.folder.parent.rglob("*") if path.is_file()]
    ours = [path for path in files if account.home not in path.parents]
    assert ours
    assert [path for path in ours if VALUE.encode() in path.read_bytes()] == []
    assert "1 worker beats in work pool spcs" in answer.err
    assert "Completed on prefect.workers.worker.0" in answer.err
    assert f"{SERVICE} runs, and a flow has finished on it." in answer.err
    (row,) = await account.sql("SHOW SERVICES IN ACCOUNT")
    assert (row["name"], row["owner"], row["status"]) == ("WORKER", "PREFECT_OPERATOR", "RUNNING")
    text = (account.folder / "spcs-worker.toml").read_text()
    assert text.startswith("# kept\n")
    assert tomllib.loads(text)["environments"]["dev"]["image_repository"] == "IMAGES"

    again = await run(account, *WORDS, "--dry-run")
    assert again.status == 0, again.err
    assert "CREATE" not in again.out
    assert "GRANT" not in again.out

    down = await run(account, "--teardown", "--env", "dev", "--confirm", SERVICE, "--yes")
    assert down.status == 0, down.err
    # Not ours: an administrator had made it.
    assert "Image repository PREFECT.WORKERS.IMAGES stays" in down.out
    assert await account.sql("SHOW SERVICES IN ACCOUNT") == []
    assert await account.sql("SHOW COMPUTE POOLS LIKE 'WORKER_POOL'") == []
    assert await account.sql("SHOW EXTERNAL ACCESS INTEGRATIONS") == []
    assert len(await account.sql("SHOW IMAGE REPOSITORIES IN DATABASE PREFECT")) == 1
