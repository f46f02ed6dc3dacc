"""Commands of the documents, run as they stand there against a sandbox that has what they name.

Those that change something run with `--dry-run`.
"""

from __future__ import annotations

import shlex
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from spcs_worker_tui.cli.arguments import parse
from support.documents import commands
from support.inbox import open_inbox
from support.prefect_stub import prefect_stub

if TYPE_CHECKING:
    from conftest import World

DATABASE, SCHEMA, SERVICE = "ANALYTICS", "ORCHESTRATION", "ETL_WORKER"
NAMES = (SERVICE, f"prod:{SERVICE}", f"{DATABASE}.{SCHEMA}.{SERVICE}")
KEYS = (("list", ""), ("test", ["prod"]))
SPEC = """
spec:
  containers:
  - name: main
    image: /d/s/repo/plain:1.0
    env: {LEVEL: INFO, OLD: "1", NEWER: "2"}
    resources:
      requests: {cpu: 0.01, memory: 16Mi}
"""
PROJECT = f"""
default_environment = "dev"
[defaults]
connection = "prod"
database = "{DATABASE}"
schema = "{SCHEMA}"
service = "{SERVICE}"
compute_pool = "P"
image_repository = "D.S.REPO"
image = "plain"
tag = "1.0"
[environments.dev]
[environments.prod]
"""
FILES = {
    ".env": "LEVEL=DEBUG\n",
    "spcs-worker.toml": PROJECT,
    "spcs-service-spec.yaml": SPEC,
    "other.yaml": SPEC,
}
NOT_HERE = {
    **dict.fromkeys(("build", "push", "deploy", "local"), "it needs a Docker engine"),
    "setup": "it asks, and has tests of its own",
    "doctor": "it has tests of its own for each of its findings",
}


def why_not(options: Namespace) -> str:
    """Why a command is only parsed, and not run; or nothing."""
    said = vars(options)
    service, key = said.get("service", ""), said.get("key", "")
    reasons = {
        "it is the dashboard": options.command is None and not options.check,
        "it brings a sandbox of its own": options.sandbox,
        "its service would have to be a Prefect worker": said.get("drain"),
        "its service is not here": isinstance(service, str) and service not in ("", *NAMES),
        "its Prefect server is not here": said.get("api_url"),
        "it needs a keyring": options.command == "keys" and (options.subcommand, key) not in KEYS,
        "it ends when somebody ends it": said.get("follow"),
    }
    found = next((reason for reason, holds in reasons.items() if holds), "")
    return found or NOT_HERE.get(options.command, "")


def runnable() -> list[str]:
    words = [shlex.split(command)[1:] for command in commands() if " sandbox " not in command]
    return [shlex.join(one) for one in words if not why_not(parse(one))]


@pytest.fixture
async def site(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """What the documents name: a connection, a service, tags, a secret, a project."""
    repository = world.lab.account.image_repositories["D", "S", "REPO"]
    for image in repository.images:
        image.tags.add("1.4.0")
    where = f"{DATABASE}.{SCHEMA}"
    await world.lab.sql(
        f"CREATE DATABASE {DATABASE}; CREATE SCHEMA {where};"
        f"GRANT USAGE ON DATABASE {DATABASE} TO ROLE DEPLOYER;"
        f"GRANT USAGE ON SCHEMA {where} TO ROLE DEPLOYER;"
        f"GRANT CREATE SERVICE ON SCHEMA {where} TO ROLE DEPLOYER",
        role="ACCOUNTADMIN",
    )
    await world.lab.sql(
        "CREATE DATABASE PREFECT; CREATE SCHEMA PREFECT.WORKERS", role="ACCOUNTADMIN"
    )
    await world.lab.sql(
        f"CREATE SERVICE {where}.{SERVICE} IN COMPUTE POOL P FROM SPECIFICATION $${SPEC}$$"
    )
    for secret in ("PREFECT.WORKERS.KEY", f"{where}.KEY"):
        await world.lab.sql(
            f"CREATE SECRET {secret} TYPE = GENERIC_STRING SECRET_STRING = 'x'", role="ACCOUNTADMIN"
        )
        await world.lab.sql(f"GRANT READ ON SECRET {secret} TO ROLE DEPLOYER", role="ACCOUNTADMIN")
    service = world.lab.account.services[DATABASE, SCHEMA, SERVICE]
    assert await world.reconciler.reached(service, ["RUNNING"], 20), service.status
    world.connections(prod={})
    monkeypatch.chdir(world.program.home)
    for name, text in FILES.items():
        (world.program.home / name).write_text(text)
    return world


@pytest.mark.parametrize("command", runnable())
async def test_commands_do_something(site: World, command: str) -> None:
    words = shlex.split(command)
    options = parse(words)
    if options.command == "rollback":  # there has to be something to go back to
        change = await site.program.run(
            *("env", "set", "LEVEL=DEBUG", "--service", "prod:ETL_WORKER", "--yes")
        )
        assert change.status == 0, change.err
    if hasattr(options, "dry_run") and "--dry-run" not in words:
        words.append("--dry-run")
    async with prefect_stub() as prefect:
        with open_inbox() as inbox:
            answer = await site.program.run(
                *words,
                given="REGION=eu\n",
                SPCS_WORKER_TUI_NOTIFY_ON_CALL=inbox.url,
                PREFECT_API_URL=prefect.api_url,
            )
    may_differ = words[:2] == ["env", "diff"]
    assert answer.status in ((0, 1) if may_differ else (0,)), answer.err
