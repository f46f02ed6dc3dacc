"""What can be wrong with Prefect: each is found and named, and well again after its cure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from spcs_worker_tui.domain.doctor import Area, Finding, Outcome
from spcs_worker_tui.operations.doctor import prefect as looks
from spcs_worker_tui.sandbox.launch import launch
from support.doctoring import apply_fix, findings, wrong
from support.prefect_answers import WORKER, Api
from support.prefect_stub import PrefectStub, prefect_stub
from support.secret_service import SecretService, secret_service
from support.site import eventually

WELL: list[Finding] = []
SPEC = """
spec:
  containers:
  - name: main
    image: /d/s/repo/plain:1.0
    env: {{PREFECT_API_URL: "{}", PREFECT_WORK_POOL: ours}}
"""


@pytest.fixture
def api() -> Api:
    return Api()


@asynccontextmanager
async def served(world: Any, api: Api) -> AsyncIterator[str]:
    """A service whose worker is to serve the pool `spcs` of that API."""
    async with prefect_stub(api) as stub:
        await serve(world, stub.api_url, "spcs")
        yield stub.api_url


async def serve(world: Any, api_url: str, pool: str) -> None:
    env = f'PREFECT_API_URL: "{api_url}", PREFECT_WORK_POOL: {pool}'
    await world.create("WORKER", env=env)


async def broken() -> list[Finding]:
    """What is wrong with Prefect, and nothing else."""
    return wrong(await findings(), areas=(Area.PREFECT,))


async def only(check: str) -> Finding:
    found = await broken()
    assert [one.check.id for one in found] == [check], found
    return found[0]


async def test_nobody_answers(home: Any, api: Api) -> None:
    async with served(home, api) as url:
        port = url.split(":")[2].partition("/")[0]
        assert await broken() == WELL

    finding = await only("prefect-reachable")

    assert finding.outcome is Outcome.PROBLEM
    assert finding.subject == url
    assert finding.cure is not None
    assert finding.cure.commands == (f"curl {url}/health",)
    again = PrefectStub(api)
    async with await asyncio.start_server(again.serve, "127.0.0.1", int(port)):
        assert await broken() == WELL


async def test_something_else_answers(home: Any, api: Api) -> None:
    api.answers["/work_pools/spcs"] = "please sign in"
    async with served(home, api):
        finding = await only("prefect-reachable")
        assert finding.cure is not None
        api.answers["/work_pools/spcs"] = Api().answers["/work_pools/spcs"]
        assert await broken() == WELL


@pytest.fixture
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecretService]:
    with secret_service(tmp_path_factory.mktemp("keyring")) as running:
        yield running


async def test_a_key_is_missing(home: Any, api: Api, keyring: SecretService) -> None:
    api.auth_string = "ops:wonderland"
    async with served(home, api) as url:

        async def seen() -> list[dict[str, Any]]:
            answer = await home.program.run("doctor", "--json", **keyring.environment)
            rows = json.loads(answer.out)["findings"]
            return [r for r in rows if r["area"] == Area.PREFECT and r["outcome"] != "ok"]

        (finding,) = await seen()
        assert (finding["check"], finding["outcome"]) == ("prefect-key", "problem")
        command = finding["cure"]["commands"][1]
        assert command == f"spcs-worker-tui keys set {url} --auth-string"
        kept = await home.program.run(
            *command.split()[1:], given=api.auth_string, **keyring.environment
        )
        assert kept.status == 0, kept.err
        assert await seen() == []


@pytest.mark.parametrize(
    ("version", "outcome"), [("4.0.1", Outcome.PROBLEM), ("3.9.1", Outcome.NOTICE)]
)
async def test_the_server_is_older_than_its_worker(
    home: Any, api: Api, version: str, outcome: Outcome
) -> None:
    api.runs_on(version)
    async with served(home, api):
        finding = await only("prefect-version")
        assert finding.outcome is outcome
        assert f"worker {WORKER}" in finding.text
        assert "3.8.8" in finding.text
        assert finding.cure is not None
        assert "with prefect 3.8.8" in finding.cure.words
        api.runs_on("3.8.8")
        assert await broken() == WELL


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a server that may have just come up."""
    monkeypatch.setattr(looks, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(looks, "_AGAIN_SECONDS", 0.0)


@pytest.mark.usefixtures("hurried")
async def test_nobody_marks_runs_as_late(home: Any, api: Api) -> None:
    api.answers["/flow_runs/count"] = 3
    async with served(home, api):
        finding = await only("prefect-services")
        assert "3 runs should have started" in finding.text
        assert finding.cure is not None
        assert "prefect server services start" in finding.cure.words
        api.answers["/flow_runs/count"] = 0
        assert await broken() == WELL


@pytest.mark.usefixtures("hurried")
async def test_nobody_marks_workers_as_gone(home: Any, api: Api) -> None:
    api.beat(datetime.now(UTC) - timedelta(minutes=10))
    async with served(home, api):
        finding = await only("prefect-services")
        assert f"worker {WORKER} is called ONLINE" in finding.text
        assert "Foreman" in finding.text
        api.beat(datetime.now(UTC))
        assert await broken() == WELL


async def test_no_worker_is_online(home: Any, api: Api) -> None:
    workers = api.answers["/work_pools/spcs/workers/filter"]
    workers[0]["status"] = "OFFLINE"
    async with served(home, api):
        finding = await only("work-pool-state")
        assert finding.outcome is Outcome.NOTICE
        workers[0]["status"] = "ONLINE"
        assert await broken() == WELL


async def test_one_question_for_all_services_of_a_pool(home: Any, api: Api) -> None:
    api.answers.pop("/work_pools/spcs")
    async with served(home, api) as url:
        await home.create("OTHER", env=f'PREFECT_API_URL: "{url}", PREFECT_WORK_POOL: spcs')
        assert (await only("work-pool")).subject == f"spcs at {url}"


@pytest.fixture(scope="module")
def prefect() -> Iterator[str]:
    """The URL of a real server."""
    with launch(fleet="empty", speed="instant") as sandbox:
        url = str(sandbox.prefect_api_url)

        def is_ready() -> bool:
            try:
                return httpx.get(f"{url}/ready").status_code == 200
            except httpx.TransportError:
                return False

        eventually(is_ready, "Prefect server", 120)
        yield url


def pool_on(url: str, name: str, **fields: Any) -> None:
    def made() -> bool:
        body = {"name": name, "type": "process", **fields}
        # SQLite is locked now and then (prefect-contract 5.4).
        return httpx.post(f"{url}/work_pools/", json=body).status_code in (201, 409)

    eventually(made, "work pool", 30)


async def test_the_work_pool_is_missing(home: Any, prefect: str) -> None:
    await serve(home, prefect, "not-made")

    finding = await only("work-pool")

    assert finding.cure is not None
    assert finding.cure.commands == ("spcs-worker-tui pool create not-made",)
    await apply_fix(finding)
    assert [one.check.id for one in await broken()] == ["work-pool-state"]  # nobody beats in it


async def test_the_work_pool_is_of_another_type(home: Any, prefect: str) -> None:
    await asyncio.to_thread(pool_on, prefect, "docker", type="docker")
    await asyncio.to_thread(pool_on, prefect, "ours")
    await serve(home, prefect, "docker")

    found = await broken()

    assert [one.check.id for one in found] == ["work-pool-type", "work-pool-state"]
    assert "its type is docker" in found[0].text
    await home.lab.sql(f"ALTER SERVICE WORKER FROM SPECIFICATION $${SPEC.format(prefect)}$$")
    assert not wrong(await findings(), "work-pool-type")


async def test_the_work_pool_is_paused(home: Any, prefect: str) -> None:
    await asyncio.to_thread(pool_on, prefect, "paused", is_paused=True)
    await serve(home, prefect, "paused")

    finding = await only("work-pool-state")

    assert finding.outcome is Outcome.PROBLEM
    assert finding.cure is not None
    assert finding.cure.commands == ("spcs-worker-tui pool resume paused",)
    await apply_fix(finding)
    assert not [one for one in await broken() if one.outcome is Outcome.PROBLEM]
