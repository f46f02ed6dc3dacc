"""The real server: its template, its restarts, its seeds."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from pathlib import Path

import httpx
import pytest

from spcs_worker_tui.sandbox.prefect import template
from spcs_worker_tui.sandbox.prefect.seed import Deployment, Seeder, WorkPool
from spcs_worker_tui.sandbox.prefect.server import PrefectServer
from support.prefect_lab import until


def made_template(cache: Path) -> Path:
    """Something that looks like a template."""
    home = cache / "home"
    home.mkdir(parents=True)
    with sqlite3.connect(home / template.DATABASE) as database:
        database.execute("create table t (x)")
    (home / "memo_store.toml").write_text("")
    made = template.template_directory(cache)
    template.save(home, made)
    return made


def test_a_template_is_whole_and_the_first_one_stays(tmp_path: Path):
    made = made_template(tmp_path / "cache")
    assert sorted(path.name for path in made.iterdir()) == ["memo_store.toml", "prefect.db"]
    before = (made / template.DATABASE).stat().st_mtime_ns
    other = tmp_path / "other"
    other.mkdir()
    assert template.install(made, other)
    template.save(other, made)
    assert (made / template.DATABASE).stat().st_mtime_ns == before
    # Nothing half made is left beside it.
    assert {path.name for path in made.parent.iterdir()} == {made.name, "home"}


def test_without_a_template_nothing_is_left_behind(tmp_path: Path):
    assert not template.install(tmp_path / "none", tmp_path / "home")
    half = tmp_path / "half"
    half.mkdir()
    (half / template.DATABASE).write_text("")
    assert not template.install(half, tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path):
    (tmp_path / "file").write_text("")
    template.save(tmp_path, tmp_path / "file" / "template")


def test_the_environment_of_the_user_stays_outside(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_theirs")
    server = PrefectServer(tmp_path, extra_env={"MARK": "1"}, auth_string="a:b")
    environment = server._environment()
    assert "PREFECT_API_KEY" not in environment
    assert environment["PREFECT_HOME"] == str(tmp_path)
    assert environment["MARK"] == "1"
    assert environment["PREFECT_SERVER_API_AUTH_STRING"] == "a:b"


@pytest.mark.timeout(300)
async def test_starts_without_a_template_then_with_one_and_survives_being_killed(tmp_path: Path):
    cache = tmp_path / "cache"
    broken = template.template_directory(cache)
    broken.mkdir(parents=True)
    for name in (template.DATABASE, "memo_store.toml"):
        (broken / name).write_text("this is no database")
    server = PrefectServer(tmp_path / "home", fast=True, cache=cache)
    await server.start()
    try:
        async with httpx.AsyncClient() as http:
            early = await http.get(f"{server.api_url}/health")
        assert early.status_code == 503
        # A template that no server can start from is replaced by one that works.
        await server.wait_ready()
        with sqlite3.connect(broken / template.DATABASE) as database:
            assert database.execute("select count(*) from work_pool").fetchone() == (0,)

        async with Seeder(server.api_url) as seeder:
            await seeder.create_work_pool(WorkPool("pool", "a pool", concurrency_limit=3))
            await seeder.create_work_pool(WorkPool("pool"))
            deployment = Deployment(
                "hello", "every", "pool", "m.f", {"a": 1}, every_seconds=30, starts_in_seconds=-60
            )
            first = await seeder.create_deployment(deployment)
            assert await seeder.create_deployment(deployment) == first
            pool = (await seeder.request("GET", "/work_pools/pool")).json()
            assert (pool["type"], pool["concurrency_limit"]) == ("process", 3)
            body = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}

            async def scheduled() -> int:
                return int((await seeder.request("POST", "/flow_runs/count", body)).json())

            assert await until(scheduled, what="the scheduler to plan runs") > 1

            killed = server.pid
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            await until(lambda: server.pid not in (None, killed), what="a new process")
            await server.wait_ready()
            # The same address, the same database.
            assert (await seeder.request("GET", f"/deployments/{first}")).status_code == 200
        last = server.pid
        assert last is not None
    finally:
        await server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as http:
            await http.get(f"{server.api_url}/health")


async def test_stopping_while_it_starts_leaves_nothing(tmp_path: Path):
    server = PrefectServer(tmp_path / "home")
    await server.start()
    pid = await until(lambda: server.pid, what="the process")
    async with asyncio.timeout(30):
        await server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
