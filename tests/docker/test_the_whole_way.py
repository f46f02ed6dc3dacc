"""From the Dockerfile to the end of a service, as its operator goes it; no secret is left behind.

Everything is real but Snowflake: the program, its keyring, the Docker engine, the image, the
workers, the Prefect server, which asks for credentials.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from spcs_worker_tui.sandbox.prefect.seed import Deployment
from support.engine import DockerEngine
from support.leaks import Secrets, distinctive
from support.prefect_lab import until
from support.site import PLACE, POOL
from support.story import BUSY, NAME, Story, leaks, told
from support.terminal import Terminal
from support.worker_project import AUTH_SECRET, SERVICE, WORK_POOL

pytestmark = pytest.mark.timeout(600)

TAG = "spcs-worker:stable"
INSTANCE_IDS = (0, 1)
ONLINE = {"lab.work.etl.0": "ONLINE", "lab.work.etl.1": "ONLINE"}
SCREEN_SECONDS = 120
RUN_SECONDS = 15
JUDGED = rf"(healthy|degraded|broken)\s+{SERVICE}\b"
PAGES = (
    *(("w", r"Rule \d"), ("d", "auto_suspend_secs"), ("y", "spec digest"), ("l", "Log")),
    *(("e", "PARTNER_TOKEN"), ("a", "the new specification")),
)
"""Keys of the dashboard, and what each shows."""
HEALTH = """
import os, http.client
connection = http.client.HTTPConnection(os.environ["PREFECT_WORKER_WEBSERVER_HOST"], 8080)
connection.request("GET", "/health")
print(connection.getresponse().read())
"""


async def test_the_whole_way(
    docker_engine: DockerEngine,
    worker_image: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    async with told(docker_engine, tmp_path, tmp_path_factory.mktemp("prefect")) as story:
        await keys_are_kept(story)
        first = await built_and_pushed(story)
        await created(story, first)
        await a_flow_runs(story)
        await variables_are_changed(story, first)
        second = await built_again_under_the_same_tag(story, first)
        await updated(story, second)
        await the_dashboard_shows_it(story)
        await rolled_back(story, first)
        await suspended_when_its_run_had_finished(story)
        await resumed(story, first)
        await everything_shown_is_collected(story)
        await asyncio.to_thread(the_search_finds_what_is_there, story)
        await dropped(story)
        assert await asyncio.to_thread(leaks, story) == {}


async def keys_are_kept(story: Story) -> None:
    """In the keyring, from standard input: no file and no variable has them."""
    connection = story.site.sandbox.connections[0]
    await story.run("keys", "set", connection, given=story.values["the password of the user"])
    url = story.prefect.server.api_url
    auth = story.values["the auth string of Prefect"]
    await story.run("keys", "set", url, "--auth-string", given=auth)
    tested = await story.run("keys", "test")
    assert tested.out.count("the keyring") == 2
    await story.run("pool", "create", WORK_POOL, "--api-url", url, "--yes")


async def built_and_pushed(story: Story) -> str:
    """The digest that the account has now."""
    built = await story.in_project("build")
    assert "[1/1] done in" in built.err
    story.images.add(image_id(story))
    await story.in_project("push")
    (image,) = await story.rows(f"SHOW IMAGES IN IMAGE REPOSITORY {PLACE}.IMAGES")
    assert (image["image_name"], image["tags"]) == ("spcs-worker", "stable")
    return str(image["digest"])


def image_id(story: Story) -> str:
    """Of what the tag means in the engine."""
    return str(story.engine.client.images.get(TAG).id)


async def created(story: Story, digest: str) -> None:
    shown = await story.in_project("deploy", "--dry-run")
    assert f"CREATE SERVICE IF NOT EXISTS {NAME} IN COMPUTE POOL {POOL}" in shown.out
    assert AUTH_SECRET in shown.out
    deployed = await story.in_project("deploy", "--why", "the first")
    assert "[2/5] skipped in 0 s: it is there already" in deployed.err
    assert await digests(story) == {"0": digest, "1": digest}
    assert await story.workers() == ONLINE
    for container in await asyncio.to_thread(story.containers):
        assert container.attrs["Config"]["Image"].endswith(f"@{digest}")
        assert container.attrs["HostConfig"]["Memory"] == 1024**3
        assert container.exec_run("id -u").output.strip() == b"10001"
    seen = await story.checked()
    assert seen["sync"] == "in sync", seen
    assert seen["workers"]["online"] == 2


async def digests(story: Story) -> dict[str, str]:
    """Instance to the digest of its image, as the account has it.

    That all were READY is what the program ended with; on a busy machine a probe may fail again.
    """
    rows = await story.rows(f"SHOW SERVICE CONTAINERS IN SERVICE {NAME}")
    return {row["instance_id"]: row["image_digest"] for row in rows}


async def a_flow_runs(story: Story) -> None:
    ran = await story.run("pool", "smoke", WORK_POOL, "--yes")
    assert "Completed on lab.work.etl." in ran.err
    logs = [await asyncio.to_thread(instance_log, story, number) for number in INSTANCE_IDS]
    assert any("Completed" in log for log in logs)
    shown = await story.run("logs", NAME)
    assert "Finished in state Completed" in shown.out


def instance_log(story: Story, number: int) -> str:
    statement = f"CALL SYSTEM$GET_SERVICE_LOGS('{NAME}', {number}, 'worker', 100)"
    text = str(story.site.value(statement))
    story.said.append((statement, text.encode()))
    return text


async def variables_are_changed(story: Story, digest: str) -> None:
    """A literal and a secret, as lines on standard input; both are in every container."""
    token = story.values["the value of a secret variable"]
    changed = await story.run(
        *("env", "set", "--service", NAME, "--yes"), given=f"REGION=north\nPARTNER_TOKEN={token}\n"
    )
    assert "SECRET_STRING = '***'" in changed.out
    assert await digests(story) == {"0": digest, "1": digest}
    for container in await asyncio.to_thread(story.containers):
        status, output = container.exec_run(["printenv", "REGION", "PARTNER_TOKEN"])
        assert (status, output.decode().split()) == (0, ["north", token])
    assert await story.workers() == ONLINE
    listed = await story.run("env", "list", NAME, "--reveal")
    assert "REGION" in listed.out
    assert "cannot be read back" in listed.err


async def built_again_under_the_same_tag(story: Story, first: str) -> str:
    """The digest of another image; what runs is still the first, and `--check` says so."""
    module = story.project / "worker" / "spcs_worker" / "flows" / "hello.py"
    module.write_text(module.read_text().replace("letters in all", "letters, all told"))
    await story.in_project("build")
    story.images.add(image_id(story))
    pushed = await story.in_project("push")
    assert "Layer already exists" in pushed.err
    second = await story.tagged()
    assert second != first
    assert await digests(story) == {"0": first, "1": first}
    seen = await story.checked()
    assert seen["sync"] == "image behind", seen
    assert TAG in seen["sync_detail"]
    return second


async def updated(story: Story, second: str) -> None:
    """The deployed specification with what its tag means now: the variables stay."""
    done = await story.run("update", NAME, "--yes", "--why", "the second")
    assert second[7:19] in done.out
    assert await digests(story) == {"0": second, "1": second}
    assert await story.workers() == ONLINE
    seen = await story.checked()
    assert seen["sync"] == "in sync", seen
    (container, *_) = await asyncio.to_thread(story.containers)
    assert container.exec_run(["printenv", "REGION"]).output == b"north\n"
    code = container.exec_run(["cat", "/app/spcs_worker/flows/hello.py"]).output
    assert b"letters, all told" in code


async def the_dashboard_shows_it(story: Story) -> None:
    """Verdict, specification, environment and what was changed, all painted once."""
    raw = await asyncio.to_thread(paint, story)
    story.said.append(("the dashboard", raw))


def paint(story: Story) -> bytes:
    argv = [sys.executable, "-m", "spcs_worker_tui.cli.main"]
    environment = story.program.environment(**story.variables, TERM="xterm-256color")
    with Terminal(argv, environment, columns=160, rows=50) as terminal:
        while not re.search(JUDGED, shown := terminal.wait_for(f"{JUDGED}|{BUSY}", SCREEN_SECONDS)):
            terminal.send("r")
            terminal.wait_for(lambda screen: screen != shown, SCREEN_SECONDS)
        for key, shows in PAGES:
            terminal.send(key)
            terminal.wait_for(shows, SCREEN_SECONDS)
            terminal.send("\x1b")
            terminal.wait_for(r"Services 1\b", SCREEN_SECONDS)
        terminal.send("q")
        assert terminal.wait_exit(SCREEN_SECONDS) == 0
        return bytes(terminal.raw)


async def rolled_back(story: Story, first: str) -> None:
    listed = await story.run("rollback", NAME)
    assert "the first" in listed.out
    await story.run("rollback", NAME, "--to", "previous", "--yes")
    assert await digests(story) == {"0": first, "1": first}
    assert await story.workers() == ONLINE
    # What was changed in between stays, since the digest alone differed.
    (container, *_) = await asyncio.to_thread(story.containers)
    assert container.exec_run(["printenv", "REGION"]).output == b"north\n"


async def suspended_when_its_run_had_finished(story: Story) -> None:
    deployment = await story.prefect.module_deployment(
        Deployment("long", "hello", WORK_POOL, "spcs_worker.flows.hello.hello")
    )
    parameters = {"names": ["Prefect"], "pause_seconds": RUN_SECONDS}
    run = await story.prefect.seeder.run(deployment, parameters)
    await story.prefect.until_run_is(run, "RUNNING")
    suspending = asyncio.create_task(story.run("suspend", NAME, "--drain", "--yes"))
    await until(lambda: pool_is_paused(story), what="the work pool to be paused")
    assert (await story.row())["status"] not in {"SUSPENDING", "SUSPENDED"}
    suspended = await suspending
    assert "in the hands of its workers" in suspended.err
    assert (await story.prefect.run_state(run))["state_type"] == "COMPLETED"
    assert (await story.row())["status"] == "SUSPENDED"
    assert not await pool_is_paused(story)
    await story.gone()


async def pool_is_paused(story: Story) -> bool:
    answer = await story.prefect.seeder.request("GET", f"/work_pools/{WORK_POOL}")
    return bool(answer.json()["is_paused"])


async def resumed(story: Story, first: str) -> None:
    """With the digest that it had, whatever the tag means by now."""
    await story.run("resume", NAME, "--yes")
    assert await digests(story) == {"0": first, "1": first}
    await story.checked()
    ran = await story.run("pool", "smoke", WORK_POOL, "--yes")
    assert "Completed on lab.work.etl." in ran.err


async def everything_shown_is_collected(story: Story) -> None:
    """What the program, the account and the worker say to those who ask."""
    for words in (("audit",), ("keys", "list"), ("env", "list", NAME, "--json")):
        await story.run(*words)
    audit = await story.run("audit", "--json", "--limit", "1000")
    assert "ALTER SERVICE" in audit.out
    assert "CREATE SECRET" in audit.out
    for statement in (
        *("SHOW SERVICES IN ACCOUNT", f"DESCRIBE SERVICE {NAME}"),
        *("SHOW SECRETS IN ACCOUNT", f"DESCRIBE SECRET {AUTH_SECRET}"),
        *(f"SHOW SERVICE CONTAINERS IN SERVICE {NAME}", f"SHOW GRANTS ON SECRET {AUTH_SECRET}"),
        f"CALL SYSTEM$GET_SERVICE_STATUS('{NAME}')",
    ):
        rows = await story.rows(statement)
        assert rows, statement
        story.said.append((statement, json.dumps(rows, default=str).encode()))
    for number in INSTANCE_IDS:
        await asyncio.to_thread(instance_log, story, number)
    for container in await asyncio.to_thread(story.containers):
        status, page = container.exec_run(["python", "-c", HEALTH])
        assert status == 0, page
        story.said.append(("health", page))


def the_search_finds_what_is_there(story: Story) -> None:
    """In the places that are left out, where the platform keeps what it has to know."""
    secrets = Secrets(story.values)
    account = secrets.of_tree(story.site.sandbox.home)
    assert account["connections.toml"] == {"the password of the user"}
    for container in story.containers():
        found = secrets.of_bytes(json.dumps(container.attrs).encode())
        assert {"the auth string of Prefect", "the value of a secret variable"} <= found
    seen = b"".join(story.watch.arguments)
    for word in (b"--drain", b"spcs_worker\0", b"keys\0set", b"prefect.engine"):
        assert word in seen, word
    assert story.watch.environments


async def dropped(story: Story) -> None:
    await story.run("drop", NAME, "--confirm", NAME, "--yes")
    assert await story.rows("SHOW SERVICES IN ACCOUNT") == []
    await story.gone()


def test_the_search_knows_every_form() -> None:
    value = distinctive("pnu_")
    search = Secrets({"it": value})
    for before in range(4):
        text = b"x" * before + value.encode() + b"y"
        encoded = (text, b64encode(text), urlsafe_b64encode(text), text.hex().encode())
        quoted = (quote(text).encode(), json.dumps(text.decode()).encode())
        for form in (*encoded, *quoted, text[: len(text) // 2 + 2]):
            assert search.of_bytes(form) == {"it"}, form
            assert search.of_chunks([form[:9], form[9:]]) == {"it"}, form
    assert search.of_bytes(value[: len(value) // 4].encode()) == set()
    assert search.of_screen(b"\x1b[1m".join(bytes([byte]) for byte in value.encode())) == {"it"}
    token = b64encode(b'{"token": "ver:3-hint:4711-abc"}')
    assert search.of_bytes(token) == {"a session token"}
