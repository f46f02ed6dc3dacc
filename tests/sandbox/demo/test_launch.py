"""The sandbox as a child process: what it shows, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import snowflake.connector
from snowflake.connector import DictCursor

from spcs_worker_tui.sandbox.launch import LaunchedSandbox, SandboxStartError, launch
from spcs_worker_tui.sandbox.runtimes.guardian import MARK_VARIABLE
from spcs_worker_tui.sandbox.runtimes.guardian_process import with_variable
from support.prefect_lab import until

PARENT = """
import json, time
from spcs_worker_tui.sandbox.launch import launch
sandbox = launch()
print(json.dumps({"pid": sandbox.pid, "home": str(sandbox.home)}), flush=True)
time.sleep(600)
"""


def children(pid: int) -> Iterator[list[str]]:
    """The command lines of a process's children."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                yield (entry / "cmdline").read_text().split("\0")


def mark_of(pid: int) -> str:
    """By which all processes of a sandbox are found: its guardian was told."""
    for command in children(pid):
        if MARK_VARIABLE in command:
            return command[command.index(MARK_VARIABLE) + 1]
    raise AssertionError(f"{pid} has no guardian")


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def nothing_is_left(pid: int, mark: str, home: Path) -> None:
    await until(lambda: not is_running(pid), what="the sandbox to end")
    await until(lambda: not with_variable(MARK_VARIABLE, mark), what="its processes to end")
    await until(lambda: not home.exists(), what="its directory to go")


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Saved]:
    """Makes clients, which close their connections at the end."""
    made: list[Client] = []

    def client(home: Path) -> Client:
        made.append(Client(home, monkeypatch))
        return made[-1]

    yield client
    for one in made:
        one.close()


class Client:
    """The real connector on the saved connections of a sandbox."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._file = home / "connections.toml"
        assert self._file.stat().st_mode & 0o777 == 0o600
        monkeypatch.setenv("SNOWFLAKE_HOME", str(home))
        self._open: dict[str, Any] = {}

    def rows(self, connection: str, statement: str) -> list[dict[str, Any]]:
        if connection not in self._open:
            self._open[connection] = snowflake.connector.connect(
                connection_name=connection,
                connections_file_path=self._file,
                # Said explicitly because the connector warns about the default otherwise.
                enable_server_session_keep_alive_auto_detection=False,
            )
        return self._open[connection].cursor(DictCursor).execute(statement).fetchall()

    def close(self) -> None:
        for connected in self._open.values():
            with contextlib.suppress(snowflake.connector.Error):
                # The sandbox may be gone already.
                connected.close()

    async def until_row(self, connection: str, statement: str, **wanted: Any) -> dict[str, Any]:
        seen: list[dict[str, Any]] = []

        async def look() -> dict[str, Any] | None:
            seen[:] = await asyncio.to_thread(self.rows, connection, statement)
            for row in seen:
                if all(row[key] == value for key, value in wanted.items()):
                    return row
            return None

        try:
            found: dict[str, Any] = await until(look, within=120)
        except AssertionError:
            raise AssertionError(f"{statement}: no {wanted} in {seen}") from None
        return found


Saved = Callable[[Path], Client]


@pytest.mark.timeout(600)
async def test_the_demo_shows_what_it_promises(saved: Saved):
    sandbox = launch()
    mark = mark_of(sandbox.pid)
    try:
        client = saved(sandbox.home)
        early = await asyncio.to_thread(httpx.get, f"{sandbox.prefect_api_url}/health")
        assert (early.status_code, early.json()) in (
            (503, {"message": "Prefect server is starting"}),
            (200, True),
        )
        services = "SHOW SERVICES IN ACCOUNT"
        await client.until_row("prod", services, name="CLOSING_WORKER", status="SUSPENDED")
        await client.until_row("prod", services, name="RATES_API", status="RUNNING")
        await client.until_row(
            "prod",
            "SHOW SERVICE CONTAINERS IN SERVICE ANALYTICS.ORCHESTRATION.FORECAST_WORKER",
            message="Failed to pull image",
        )
        await client.until_row(
            "dev",
            "SHOW SERVICE CONTAINERS IN SERVICE ANALYTICS_DEV.ORCHESTRATION.INGEST_WORKER",
            last_exit_code=78,
        )
        # The workers are ready once Prefect has their heartbeats.
        await client.until_row(
            "prod", services, name="ETL_WORKER", status="RUNNING", current_instances=2
        )
        await client.until_row("dev", services, name="QUALITY_WORKER", status="RUNNING")
        assert sandbox.prefect_api_url is not None
        async with httpx.AsyncClient(base_url=sandbox.prefect_api_url, timeout=30) as prefect:
            await check_prefect(prefect)
        log = client.rows(
            "dev",
            "CALL SYSTEM$GET_SERVICE_LOGS('ANALYTICS_DEV.ORCHESTRATION.INGEST_WORKER', 0, "
            "'worker', 10)",
        )
        assert "PREFECT_API_URL is missing" in str(log)
    finally:
        sandbox.stop()
    await nothing_is_left(sandbox.pid, mark, sandbox.home)


async def check_prefect(prefect: httpx.AsyncClient) -> None:
    """Heartbeats of real and of played workers, a finished flow run, three late ones."""

    async def ask(path: str, body: dict[str, Any]) -> Any:
        answer = await prefect.post(path, json=body)
        return answer.json() if answer.status_code == 200 else None

    async def workers(pool: str, count: int) -> Any:
        rows = await ask(f"/work_pools/{pool}/workers/filter", {})
        return rows if rows is not None and len(rows) == count else None

    rows = await until(lambda: workers("etl-prod", 2), what="both workers")
    names = {f"analytics.orchestration.etl_worker.{instance}" for instance in (0, 1)}
    assert {row["name"] for row in rows} == names
    assert {row["heartbeat_interval_seconds"] for row in rows} == {5}
    (played,) = await until(lambda: workers("reports-prod", 1), what="the played worker")
    assert played["name"] == "analytics.orchestration.reports_worker.0"

    def runs(pool: str, state: str) -> Any:
        return ask(
            "/flow_runs/filter",
            {
                "work_pools": {"name": {"any_": [pool]}},
                "flow_runs": {"state": {"name": {"any_": [state]}}},
            },
        )

    done = await until(lambda: runs("etl-prod", "Completed"), within=180, what="a flow run")
    assert done[0]["labels"]["prefect.worker.name"] in names

    async def late() -> Any:
        return len(await runs("closing-prod", "Late") or ()) >= 3

    assert await until(late, what="late runs")


@pytest.mark.parametrize("victim", ["parent", "sandbox"])
async def test_nothing_is_left_after_kill_9(victim: str):
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=subprocess.PIPE
    )
    try:
        assert parent.stdout is not None
        ready = json.loads(await parent.stdout.readline())
        pid, home = ready["pid"], Path(ready["home"])
        mark = mark_of(pid)
        # Prefect's server and real workers, each with children to come.
        await until(lambda: len(with_variable(MARK_VARIABLE, mark)) >= 4, what="its processes")
        os.kill(parent.pid if victim == "parent" else pid, signal.SIGKILL)
        await nothing_is_left(pid, mark, home)
    finally:
        with contextlib.suppress(ProcessLookupError):
            parent.kill()
        await parent.wait()


def test_a_simulated_fleet_of_any_size(saved: Saved):
    with launch(
        fleet="simulated", accounts=3, services=7, speed="instant", prefect=False
    ) as sandbox:
        client = saved(sandbox.home)
        assert sandbox.connections == ("site-01", "site-02", "site-03")
        assert sandbox.prefect_api_url is None
        counts = [
            len(client.rows(connection, "SHOW SERVICES IN ACCOUNT"))
            for connection in sandbox.connections
        ]
        assert counts == [3, 2, 2]
    assert not sandbox.home.exists()


async def test_simulated_services_run(saved: Saved):
    with launch(fleet="simulated", services=2, speed="instant", prefect=False) as sandbox:
        client = saved(sandbox.home)
        await client.until_row(
            "site-01", "SHOW SERVICES IN ACCOUNT", name="WORKER_0001", status="RUNNING"
        )


def test_an_empty_account(saved: Saved):
    with launch(fleet="empty", prefect=False) as sandbox:
        client = saved(sandbox.home)
        assert client.rows("dev", "SHOW SERVICES IN ACCOUNT") == []
        (row,) = client.rows("dev", "SELECT CURRENT_ROLE() AS ROLE")
        assert row["ROLE"] == "ACCOUNTADMIN"


def test_what_stops_it_from_starting_is_one_sentence():
    with pytest.raises(SandboxStartError, match="invalid choice: 'nonsense'"):
        launch(fleet="nonsense")


def test_closing_without_waiting_ends_it_all_the_same():
    sandbox = launch(fleet="empty", prefect=False)
    sandbox.stop(wait=False)
    assert sandbox.process.wait(60) == 0
    assert not sandbox.home.exists()


def serve(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "spcs_worker_tui.sandbox", "serve", "--no-prefect", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_by_hand_it_says_how_to_use_it_and_ends_with_a_signal(
    tmp_path: Path, number: signal.Signals
):
    home = tmp_path / "home"
    process = serve("--fleet", "empty", "--home", str(home))
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    assert first.startswith("The sandbox answers on http://127.0.0.1:")
    assert (home / "connections.toml").exists()
    process.send_signal(number)
    assert process.wait(60) == 0
    assert f"export SNOWFLAKE_HOME={home}" in process.stdout.read()
    assert process.stderr.read() == ""
    assert not home.exists()


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path):
    mine = tmp_path / "connections.toml"
    mine.write_text("[mine]\n")
    process = serve("--home", str(tmp_path))
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 73
    assert complaints.endswith("is not empty: choose another --home\n")
    assert mine.read_text() == "[mine]\n"


def test_only_loopback(tmp_path: Path):
    process = serve("--host", "0.0.0.0", "--home", str(tmp_path / "home"))
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 73
    assert "loopback only" in complaints
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("wrong", [["--port", "0x10"], ["--services", "0"], ["--fleet", "mine"]])
def test_wrong_usage(wrong: list[str]):
    process = serve(*wrong)
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 64
    assert wrong[0] in complaints
    assert "Traceback" not in complaints


def test_launching_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, spcs_worker_tui.sandbox.launch; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"starlette", "uvicorn", "httpx", "asyncio", "ruamel", "prefect"})


def test_the_control_token_is_not_shown():
    with launch(fleet="empty", prefect=False) as sandbox:
        assert isinstance(sandbox, LaunchedSandbox)
        assert sandbox.control_token not in repr(sandbox)
        answer = httpx.get(
            f"{sandbox.url}/sandbox/journal",
            headers={"Authorization": f"Bearer {sandbox.control_token}"},
        )
        assert answer.json() == []
