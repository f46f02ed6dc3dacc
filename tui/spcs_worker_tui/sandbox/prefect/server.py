"""A real Prefect server, started, watched and started again; `gate.py` is its door.

It is a process of its own: importing Prefect costs seconds and a hundred megabytes, which the
sandbox's own process need not pay.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx

from spcs_worker_tui.sandbox.prefect import serve, template
from spcs_worker_tui.sandbox.prefect.gate import Gate

START_SECONDS = 240.0
"""Four seconds on a machine at rest; a busy one must not be made busier by starting over."""
STOP_SECONDS = 5.0
_RESTART_SECONDS = (0.2, 1.0, 2.0, 5.0)
_LOOK_SECONDS = 0.1

FAST = {
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_FOREMAN_WORK_QUEUE_LAST_POLLED_TIMEOUT_SECONDS": "4",
    "PREFECT_SERVER_SERVICES_FOREMAN_DEPLOYMENT_LAST_POLLED_TIMEOUT_SECONDS": "4",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "2",
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
}
"""A worker that died is OFFLINE after 6 to 7 s with these (prefect-contract 5.3)."""


class PrefectFailedError(Exception):
    """The server does not come up; the message holds the end of its log."""


class PrefectServer:
    """One server, its database and its gate.

    Args:
        home: A directory of its own; the database and the log are in it.
        fast: Settings with which a test need not wait (prefect-contract 5.3).
        auth_string: `user:password` that the API asks for, or None for an open one.
        gate: Its door; by default one on a free port.
        before_opening: Called once, with the server's own address, before the gate leads there:
            what it creates is there when the first client comes in.
        cache: Where the database template is kept; the user's cache directory by default.
        extra_env: More for the server's environment: marks by which to find its processes.
    """

    def __init__(
        self,
        home: Path,
        *,
        fast: bool = False,
        auth_string: str | None = None,
        gate: Gate | None = None,
        before_opening: Callable[[str], Awaitable[None]] | None = None,
        cache: Path | None = None,
        extra_env: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.gate = gate or Gate()
        self._fast = fast
        self._auth_string = auth_string
        self._before_opening = before_opening
        self._template = template.template_directory(cache)
        self._extra_env = dict(extra_env or {})
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    @property
    def api_url(self) -> str:
        """The address to give out; answers 503 until the server is ready."""
        return self.gate.api_url

    @property
    def pid(self) -> int | None:
        """The server's process, while there is one."""
        return None if self._process is None else self._process.pid

    @property
    def is_ready(self) -> bool:
        """Whether the server answers now."""
        return self._ready.is_set()

    async def start(self) -> None:
        """Open the gate and begin to start the server; `wait_ready` says when it is up."""
        if not self.gate.port:
            await self.gate.start()
        self._supervisor = asyncio.create_task(self._supervise(), name="prefect server")

    async def wait_ready(self, within: float = START_SECONDS) -> None:
        """Return once the server answers.

        Raises:
            PrefectFailedError: It does not within that many seconds, or was given up.
        """
        assert self._supervisor is not None
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait(
            (ready, self._supervisor), timeout=within, return_when=asyncio.FIRST_COMPLETED
        )
        ready.cancel()
        if not self.is_ready:
            reason = self._supervisor.exception() if self._supervisor.done() else None
            raise PrefectFailedError(
                f"Prefect server does not come up: {self.log_tail()}"
            ) from reason

    def restart(self, environment: Mapping[str, str]) -> None:
        """Have the server end and start again with these settings beside those it has."""
        self._extra_env |= environment
        self._ready.clear()
        # Who ends still answers for a while.
        self.gate.lead_to(None)
        if self._process is not None:
            self._process.terminate()

    async def stop(self, grace_seconds: float = STOP_SECONDS) -> None:
        """End the server and close the gate.

        Args:
            grace_seconds: Between SIGTERM and SIGKILL.
        """
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait((self._supervisor,))
        await self._end_process(grace_seconds)
        await self.gate.stop()

    def log_tail(self, characters: int = 2000) -> str:
        """The end of the server's log."""
        try:
            return self._log_path.read_text(errors="replace")[-characters:]
        except FileNotFoundError:
            return "it has written nothing"

    @property
    def _log_path(self) -> Path:
        return self.home / "server.log"

    async def _supervise(self) -> None:
        from_template = await asyncio.to_thread(template.install, self._template, self.home)
        failures = 0
        while True:
            port = free_port()
            self._process = await self._spawn(port)
            if await self._answers(port):
                failures = 0
                if not from_template:
                    await asyncio.to_thread(template.save, self.home, self._template)
                    from_template = True
                if self._before_opening is not None:
                    await self._before_opening(f"http://{self.gate.host}:{port}/api")
                    self._before_opening = None
                self.gate.lead_to(port)
                self._ready.set()
                await self._process.wait()
                self._ready.clear()
                self.gate.lead_to(None)
            elif from_template and failures:
                # Twice is no taken port. It is damaged, or from another build: migrate afresh.
                await asyncio.to_thread(template.discard, self._template)
                (self.home / template.DATABASE).unlink(missing_ok=True)
                from_template = False
            await self._end_process(STOP_SECONDS)
            await asyncio.sleep(_RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)])
            failures += 1

    async def _spawn(self, port: int) -> asyncio.subprocess.Process:
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "tmp").mkdir(exist_ok=True)
        with self._log_path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", serve.__name__, "server", "start"),
                *("--host", self.gate.host, "--port", str(port), "--no-ui", "--analytics-off"),
                env=self._environment(),
                cwd=self.home,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        # Prefect reads settings from every PREFECT_* variable: those of the user's own
        # installation have no business here.
        env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        env |= {
            "PREFECT_HOME": str(self.home),
            "PREFECT_PROFILES_PATH": str(self.home / "profiles.toml"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
            "PREFECT_CLI_PROMPT": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self.home / "tmp"),
        }
        if self._fast:
            env |= FAST
        if self._auth_string is not None:
            env["PREFECT_SERVER_API_AUTH_STRING"] = self._auth_string
        return env | self._extra_env

    async def _answers(self, port: int) -> bool:
        """Wait for `/ready`; False when the process ended or took too long."""
        assert self._process is not None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        # `/ready` and `/health` need no credentials (prefect-contract 1.2).
        async with httpx.AsyncClient(base_url=f"http://{self.gate.host}:{port}/api") as http:
            while self._process.returncode is None and loop.time() < deadline:
                with contextlib.suppress(httpx.TransportError):
                    if (await http.get("/ready")).is_success:
                        return True
                await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def _end_process(self, grace_seconds: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for number, patience in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, None)):
            # Its group: the server may have children of its own.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await process.wait()
                    return


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now; Prefect cannot say which one it took (5.1)."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
