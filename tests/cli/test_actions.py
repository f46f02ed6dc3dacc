"""Every action as a command: the real program, the real connector, a real Prefect server."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from spcs_worker_tui.sandbox.prefect.seed import Deployment, Seeder, WorkPool
from spcs_worker_tui.sandbox.prefect.server import PrefectServer
from support.program import SECONDS, ended, line_with

if TYPE_CHECKING:
    from conftest import World


@pytest.fixture(scope="module")
def api_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prefect server; the tests keep apart by their work pools.

    On an event loop of its own that never rests: every test has another one, and what the server
    writes has to be read all the time.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = PrefectServer(tmp_path_factory.mktemp("prefect"), fast=True)
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(SECONDS)
        asyncio.run_coroutine_threadsafe(server.wait_ready(), loop).result(SECONDS)
        yield server.api_url
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
async def prefect(api_url: str) -> AsyncIterator[Seeder]:
    async with Seeder(api_url) as seeder:
        yield seeder


def environment(api_url: str, pool: str, **more: str) -> str:
    env = {"PREFECT_API_URL": api_url, "PREFECT_WORK_POOL": pool, **more}
    return ", ".join(f"{name}: {value}" for name, value in env.items())


async def beat(prefect: Seeder, pool: str, worker: str, interval: int = 600) -> None:
    body = {"name": worker, "heartbeat_interval_seconds": interval}
    await prefect.request("POST", f"/work_pools/{pool}/workers/heartbeat", body)


async def held_run(prefect: Seeder, pool: str, worker: str) -> str:
    """A run that this worker has taken and not finished."""
    deployment = await prefect.create_deployment(Deployment("hello", pool, pool, "a.b.hello"))
    run = await prefect.run(deployment)
    await prefect.request("PATCH", f"/flow_runs/{run}/labels", {"prefect.worker.name": worker})
    await set_state(prefect, run, "RUNNING")
    return run


async def set_state(prefect: Seeder, run: str, state: str) -> None:
    body = {"state": {"type": state}, "force": True}
    await prefect.request("POST", f"/flow_runs/{run}/set_state", body)


async def read(prefect: Seeder, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await prefect.request("GET", path)).json()
    return answer


# Suspend, restart, scale, drop


async def test_suspend_drains_first(world: World, prefect: Seeder, api_url: str) -> None:
    await prefect.create_work_pool(WorkPool("draining", description="ours"))
    await world.create("INGEST", env=environment(api_url, "draining"))
    await beat(prefect, "draining", "d.s.ingest.0")
    run = await held_run(prefect, "draining", "d.s.ingest.0")
    async with ended(await world.program.start("suspend", "INGEST", "--drain", "--yes")) as process:
        await line_with(process.stderr, ["in the hands of its workers", "1 flow run"])
        row = await read(prefect, "/work_pools/draining")
        assert row["is_paused"]
        assert "drains D.S.INGEST since" in row["description"]
        assert world.lab.service("INGEST").status == "RUNNING"
        await set_state(prefect, run, "COMPLETED")
        await line_with(process.stderr, ["done", "Unpause work pool draining"])
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0
    assert world.lab.service("INGEST").status == "SUSPENDED"
    row = await read(prefect, "/work_pools/draining")
    assert (row["is_paused"], row["description"]) == (False, "ours")


async def test_an_interrupted_drain_unpauses_and_a_killed_one_is_finished_later(
    world: World, prefect: Seeder, api_url: str
) -> None:
    await prefect.create_work_pool(WorkPool("stopped"))
    queue = {"name": "fast", "description": "for the quick", "priority": 1}
    await prefect.request("POST", "/work_pools/stopped/queues", queue)
    await world.create("INGEST", env=environment(api_url, "stopped", PREFECT_WORK_QUEUES="fast"))
    await beat(prefect, "stopped", "d.s.ingest.0")
    run = await held_run(prefect, "stopped", "d.s.ingest.0")
    command = ["suspend", "INGEST", "--drain", "--yes"]
    path = "/work_pools/stopped/queues/fast"
    async with ended(await world.program.start(*command)) as process:
        await line_with(process.stderr, ["1 flow run"])
        assert (await read(prefect, path))["is_paused"]
        assert not (await read(prefect, "/work_pools/stopped"))["is_paused"]
        process.send_signal(signal.SIGINT)
        _, talk = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode == 130
        assert b"Run the same command again" in talk
    row = await read(prefect, path)
    assert (row["is_paused"], row["description"]) == (False, "for the quick")
    async with ended(await world.program.start(*command)) as process:
        await line_with(process.stderr, ["1 flow run"])
        process.kill()
        await process.wait()
    assert (await read(prefect, path))["is_paused"]
    await set_state(prefect, run, "COMPLETED")
    answer = await world.program.run("restart", "INGEST", "--dry-run")
    assert "was interrupted" in answer.out, answer
    assert "1. Unpause work queue fast of work pool stopped" in answer.out
    answer = await world.program.run(*command)
    assert answer.status == 0, answer
    row = await read(prefect, path)
    assert (row["is_paused"], row["description"]) == (False, "for the quick")
    assert world.lab.service("INGEST").status == "SUSPENDED"


async def test_a_drain_that_takes_too_long_changes_nothing(
    world: World, prefect: Seeder, api_url: str
) -> None:
    await prefect.create_work_pool(WorkPool("slow"))
    await world.create("INGEST", env=environment(api_url, "slow"))
    await beat(prefect, "slow", "d.s.ingest.0")
    await held_run(prefect, "slow", "d.s.ingest.0")
    command = ["suspend", "INGEST", "--drain", "--drain-timeout", "1", "--yes"]
    answer = await world.program.run(*command)
    assert answer.status == 2
    assert "still 1 flow run" in answer.err
    assert world.lab.service("INGEST").status == "RUNNING"
    assert not (await read(prefect, "/work_pools/slow"))["is_paused"]
    answer = await world.program.run(*command, "--act-anyway")
    assert answer.status == 0, answer
    assert world.lab.service("INGEST").status == "SUSPENDED"


async def test_restart_goes_down_and_up_again(world: World) -> None:
    service = await world.create("WEB")
    before = service.instances[0].creation_time
    answer = await world.program.run("restart", "WEB", "--yes")
    assert answer.status == 0, answer
    assert world.lab.service("WEB").status == "RUNNING"
    assert world.lab.service("WEB").instances[0].creation_time > before
    sent = [text for text in world.sandbox.statements if text.startswith("ALTER")]
    assert sent == ["ALTER SERVICE D.S.WEB SUSPEND", "ALTER SERVICE D.S.WEB RESUME"]


async def test_scale_up_and_down(world: World) -> None:
    await world.create("WEB")
    answer = await world.program.run("scale", "WEB", "2", "3", "--yes")
    assert answer.status == 0, answer
    assert "ALTER SERVICE D.S.WEB SET MIN_INSTANCES = 2 MAX_INSTANCES = 3" in answer.out
    assert len(world.lab.service("WEB").instances) == 2
    answer = await world.program.run("scale", "WEB", "1", "--yes")
    assert answer.status == 0, answer
    assert "Instance 1 will end" in answer.out
    assert world.lab.service("WEB").max_instances == 1


@pytest.mark.parametrize("numbers", [("0",), ("3", "2"), ("-1",)])
async def test_numbers_that_make_no_sense(world: World, numbers: tuple[str, ...]) -> None:
    await world.create("WEB")
    answer = await world.program.run("scale", "WEB", *numbers, "--yes")
    assert answer.status in (3, 64)
    assert "Traceback" not in answer.err
    assert world.lab.service("WEB").max_instances == 1


async def test_drop_wants_the_whole_name_typed(world: World) -> None:
    await world.create("WEB")
    for typed in ("WEB", "S.WEB", "D.S.WEB2", ""):
        answer = await world.program.run("drop", "D.S.WEB", "--confirm", typed, "--yes")
        assert answer.status == 3
        assert "not the whole name" in answer.err
    assert (await world.program.run("drop", "D.S.WEB", "--yes")).status == 64
    assert world.lab.service("WEB").status == "RUNNING"
    answer = await world.program.run("drop", "D.S.WEB", "--confirm", "D.S.WEB", "--yes")
    assert answer.status == 0, answer
    assert "DROP SERVICE" in world.sandbox.statements[-2] + world.sandbox.statements[-3]
    assert ("D", "S", "WEB") not in world.lab.account.services


async def test_suspend_with_its_compute_pool(world: World) -> None:
    await world.create("WEB")
    await world.create("OTHER")
    answer = await world.program.run("suspend", "WEB", "--with-pool", "--yes")
    assert answer.status == 3
    assert "D.S.OTHER runs on compute pool P" in answer.err
    assert world.lab.service("WEB").status == "RUNNING"
    await world.lab.sql("DROP SERVICE OTHER")
    answer = await world.program.run("suspend", "WEB", "--dry-run")
    assert "Nothing else runs on compute pool P: suspend it, too (--with-pool)" in answer.out
    answer = await world.program.run("suspend", "WEB", "--with-pool", "--yes")
    assert answer.status == 0, answer
    assert "ALTER COMPUTE POOL P SUSPEND" in world.sandbox.statements
    assert world.lab.account.compute_pools["P"].state == "SUSPENDED"


# Who may, and who did


async def test_read_only_shows_and_changes_nothing(world: World) -> None:
    await world.create("WEB")
    answer = await world.program.run("--read-only", "suspend", "WEB", "--yes")
    assert answer.status == 3
    assert (
        answer.complaint == "spcs-worker-tui: this is read-only mode, in which nothing is changed."
    )
    assert "ALTER SERVICE D.S.WEB SUSPEND" in answer.out
    answer = await world.program.run(
        "suspend", "WEB", "--yes", SPCS_WORKER_TUI_READ_ONLY="prod, dev"
    )
    assert "connection dev is read-only" in answer.complaint
    assert world.lab.service("WEB").status == "RUNNING"


async def test_what_was_done_is_in_the_audit_log(world: World) -> None:
    await world.create("WEB")
    assert (await world.program.run("audit")).err == "Nothing was changed from here.\n"
    await world.program.run("suspend", "WEB", "--yes")
    await world.lab.sql("DROP SERVICE WEB")
    answer = await world.program.run("audit", "--json")
    entries = [json.loads(line) for line in answer.out.splitlines()]
    assert [(e["step"], e["result"]) for e in entries] == [
        ("Suspend D.S.WEB", "done"),
        ("Wait until every instance has ended: SIGTERM, 30 s, then kill", "done"),
    ]
    first = entries[0]
    assert first["statement"] == "ALTER SERVICE D.S.WEB SUSPEND"
    assert first["query_id"] in [entry.query_id for entry in world.sandbox.journal]
    assert (first["connection"], first["service"]) == ("dev", "D.S.WEB")
    assert first["user"]
    assert first["snowflake_user"]
    kept = list(world.program.home.rglob("audit.jsonl"))
    assert [oct(path.stat().st_mode & 0o777) for path in kept] == ["0o600"]
    answer = await world.program.run("audit", "--service", "WEB", "--limit", "1", "--since", "1h")
    head, row = answer.out.splitlines()
    assert head.split()[:2] == ["TIME", "USER"]
    assert "Wait until" in row
    assert (await world.program.run("audit", "--service", "NOBODY")).out == ""
    assert (await world.program.run("audit", "--since", "soon")).status == 64


# Work pools


async def test_a_pool_is_paused_resumed_and_limited(
    world: World, prefect: Seeder, api_url: str
) -> None:
    await prefect.create_work_pool(WorkPool("knobs"))
    await world.create("INGEST", env=environment(api_url, "knobs"))
    answer = await world.program.run("pool", "pause", "knobs", "--yes")
    assert answer.status == 0, answer
    assert "(INGEST)" in answer.out
    assert (await read(prefect, "/work_pools/knobs"))["is_paused"]
    answer = await world.program.run("pool", "pause", "knobs", "--yes")
    assert "it is paused already" in answer.err
    assert (await world.program.run("pool", "resume", "knobs", "--yes")).status == 0
    assert not (await read(prefect, "/work_pools/knobs"))["is_paused"]
    queue = ["--queue", "default"]
    assert (await world.program.run("pool", "limit", "knobs", "3", *queue, "--yes")).status == 0
    assert (await read(prefect, "/work_pools/knobs/queues/default"))["concurrency_limit"] == 3
    assert (await world.program.run("pool", "limit", "knobs", "none", *queue, "--yes")).status == 0
    assert (await read(prefect, "/work_pools/knobs/queues/default"))["concurrency_limit"] is None


async def test_a_pool_is_created_where_it_is_said(
    world: World, prefect: Seeder, api_url: str
) -> None:
    command = ["pool", "create", "fresh", "--limit", "2", "--api-url", api_url, "--yes"]
    answer = await world.program.run(*command)
    assert answer.status == 0, answer
    assert (await read(prefect, "/work_pools/fresh"))["concurrency_limit"] == 2
    answer = await world.program.run(*command)
    assert "it is there already" in answer.err
    answer = await world.program.run("pool", "create", "fresh", "--yes")
    assert answer.status == 64
    assert "its Prefect API is not known" in answer.complaint
    answer = await world.program.run("pool", "create", "prefect-x", "--api-url", api_url, "--yes")
    assert answer.status == 3
    assert "no work pool can be called" in answer.complaint


async def test_rows_without_containers_are_pruned(
    world: World, prefect: Seeder, api_url: str
) -> None:
    await prefect.create_work_pool(WorkPool("rows"))
    await world.create("INGEST", env=environment(api_url, "rows"))
    await beat(prefect, "rows", "d.s.ingest.0", 1)
    await beat(prefect, "rows", "d.s.ingest.7", 1)
    await beat(prefect, "rows", "x.y.dropped.0", 1)
    await beat(prefect, "rows", "x.y.alive.0")
    await beat(prefect, "rows", "somebody", 1)
    await asyncio.sleep(3.5)  # three intervals: only then does silence mean that it is gone
    answer = await world.program.run("pool", "prune-workers", "rows", "--yes")
    assert answer.status == 0, answer
    assert "Delete 2 rows: d.s.ingest.7, x.y.dropped.0" in answer.out
    body: dict[str, Any] = {}
    rows = (await prefect.request("POST", "/work_pools/rows/workers/filter", body)).json()
    assert sorted(row["name"] for row in rows) == ["d.s.ingest.0", "somebody", "x.y.alive.0"]
    answer = await world.program.run("pool", "prune-workers", "rows", "--yes")
    assert "There is none." in answer.out


async def test_a_smoke_flow_is_followed_to_its_end(
    world: World, prefect: Seeder, api_url: str
) -> None:
    await prefect.create_work_pool(WorkPool("smoke"))
    command = ["pool", "smoke", "smoke", "--api-url", api_url, "--yes", "--timeout", "40"]
    async with ended(await world.program.start(*command)) as process:
        await line_with(process.stderr, ["done", "ask for one run", "flow run"])
        body = {"work_pools": {"name": {"any_": ["smoke"]}}}
        (run,) = (await prefect.request("POST", "/flow_runs/filter", body)).json()
        assert run["tags"] == ["spcs-worker-tui"]
        await set_state(prefect, run["id"], "RUNNING")
        await line_with(process.stderr, ["Follow the run", "Running"])
        await set_state(prefect, run["id"], "COMPLETED")
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0
    async with ended(await world.program.start(*command)) as process:
        await line_with(process.stderr, ["done", "ask for one run"])
        chosen = {**body, "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
        (run,) = (await prefect.request("POST", "/flow_runs/filter", chosen)).json()
        await set_state(prefect, run["id"], "CRASHED")
        await line_with(process.stderr, ["failed", "Crashed"])
        assert await asyncio.wait_for(process.wait(), SECONDS) == 2
