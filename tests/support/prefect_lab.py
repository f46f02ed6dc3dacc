"""A real Prefect server and real workers for tests, on fast settings (prefect-contract 5.3)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from spcs_worker_tui.sandbox.prefect.seed import Deployment, Seeder, WorkPool
from spcs_worker_tui.sandbox.prefect.server import PrefectServer, free_port

DEADLINE_SECONDS = 90.0

FLOW_SOURCE = """
import time
from prefect import flow

@flow(log_prints=True)
def hello(seconds: float = 0.0, stubborn: bool = False):
    if stubborn:
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("working for", seconds)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.1)
"""


async def until(look: Callable[[], Any], within: float = DEADLINE_SECONDS, what: str = "") -> Any:
    """Poll an (async) condition until it is truthy, and return what it was."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or look}")
        await asyncio.sleep(0.1)


@dataclass
class WorkerProcess:
    """`python -m spcs_worker` in a process of its own, and what it wrote."""

    process: asyncio.subprocess.Process
    log_path: Path
    health_port: int
    name: str

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    async def health(self) -> httpx.Response | None:
        async with httpx.AsyncClient(timeout=5) as http:
            try:
                return await http.get(f"http://127.0.0.1:{self.health_port}/health")
            except httpx.TransportError:
                return None

    async def until_ready(self) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            assert self.process.returncode is None, self.log
            answer = await self.health()
            return answer.json() if answer is not None and answer.status_code == 200 else None

        return await until(look, what="the worker to be ready")

    async def until_not_ready(self, saying: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            assert self.process.returncode is None, self.log
            answer = await self.health()
            found = answer is not None and answer.status_code == 503 and saying in answer.text
            return answer.json() if found else None

        return await until(look, what=f"503 saying {saying!r}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def exit_status(self, within: float = DEADLINE_SECONDS) -> int:
        async with asyncio.timeout(within):
            return await self.process.wait()


@dataclass
class Lab:
    """A server, and a way to start workers on it."""

    server: PrefectServer
    seeder: Seeder
    root: Path
    _workers: list[WorkerProcess] = field(default_factory=list)

    async def deployment(self, pool: str, flow_directory: Path | None = None) -> str:
        """A work pool, and a deployment of the test flow on it."""
        await self.seeder.create_work_pool(WorkPool(pool))
        flow = (await self.seeder.request("POST", "/flows/", {"name": "hello"})).json()
        directory = flow_directory or self.root / "flows"
        directory.mkdir(exist_ok=True)
        (directory / "hello.py").write_text(FLOW_SOURCE)
        step = {"prefect.deployments.steps.set_working_directory": {"directory": str(directory)}}
        answer = await self.seeder.request(
            "POST",
            "/deployments/",
            {
                "name": pool,
                "flow_id": flow["id"],
                "work_pool_name": pool,
                "entrypoint": "hello.py:hello",
                "pull_steps": [step],
                "enforce_parameter_schema": False,
            },
        )
        return str(answer.json()["id"])

    async def module_deployment(self, deployment: Deployment) -> str:
        await self.seeder.create_work_pool(WorkPool(deployment.work_pool))
        return await self.seeder.create_deployment(deployment)

    async def run_state(self, run: str) -> dict[str, Any]:
        state: dict[str, Any] = (await self.seeder.request("GET", f"/flow_runs/{run}")).json()
        return state

    async def until_run_is(self, run: str, *types: str) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            state = await self.run_state(run)
            return state if state["state_type"] in types else None

        found: dict[str, Any] = await until(look, what=f"run {types}")
        return found

    async def worker_row(self, pool: str, name: str) -> dict[str, Any] | None:
        rows = (await self.seeder.request("POST", f"/work_pools/{pool}/workers/filter", {})).json()
        return next((row for row in rows if row["name"] == name), None)

    async def start_worker(
        self,
        pool: str,
        name: str,
        *,
        sigint_ignored: bool = False,
        without: Collection[str] = (),
        **more: str,
    ) -> WorkerProcess:
        """Start the worker as the container would; `name` becomes its service's name."""
        port = free_port()
        home = self.root / name
        home.mkdir(exist_ok=True)
        env = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
        env |= {
            "PREFECT_API_URL": self.server.api_url,
            "PREFECT_WORK_POOL": pool,
            "PREFECT_WORKER_HEARTBEAT_SECONDS": "2",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
            "PREFECT_WORKER_WEBSERVER_PORT": str(port),
            "PREFECT_HOME": str(home / "prefect"),
            "TMPDIR": str(home),
            "SNOWFLAKE_DATABASE": "LAB",
            "SNOWFLAKE_SCHEMA": "PUBLIC",
            "SNOWFLAKE_SERVICE_NAME": name.upper(),
            "HOSTNAME": "statefulset-0",
        }
        env |= more
        env = {key: value for key, value in env.items() if key not in without}
        command = [sys.executable, "-m", "spcs_worker"]
        if sigint_ignored:
            # What a shell's `command &` does to its child (prefect-contract 4.3).
            command = ["/bin/sh", "-c", f'trap "" INT; exec {sys.executable} -m spcs_worker']
        log_path = self.root / f"{name}.log"
        with log_path.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=env,
                cwd=home,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        worker = WorkerProcess(process, log_path, port, f"lab.public.{name.lower()}.0")
        self._workers.append(worker)
        return worker

    async def stop_workers(self) -> None:
        for worker in self._workers:
            if worker.process.returncode is None:
                worker.process.kill()
                await worker.process.wait()
        self._workers.clear()


@asynccontextmanager
async def lab(root: Path, **server: Any) -> AsyncIterator[Lab]:
    """A running lab in a directory of its own; everything is ended on the way out."""
    prefect = PrefectServer(root / "server", fast=True, **server)
    await prefect.start()
    try:
        await prefect.wait_ready()
        auth = server.get("auth_string")
        async with Seeder(prefect.api_url, auth) as seeder:
            made = Lab(prefect, seeder, root)
            try:
                yield made
            finally:
                await made.stop_workers()
    finally:
        await prefect.stop()
