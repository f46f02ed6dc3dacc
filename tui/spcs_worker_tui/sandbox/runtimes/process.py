"""Containers as local process groups.

What a container has of its own here: its session and processes, its working directory, home and
temporary directory, its environment, its address, a limit of memory. What it shares with the
machine: the file system, the network, the user.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from spcs_worker_tui.sandbox.runtimes import guardian_process
from spcs_worker_tui.sandbox.runtimes.base import Exit, Launch, LogSink
from spcs_worker_tui.sandbox.runtimes.output import LogPipe
from spcs_worker_tui.sandbox.runtimes.probes import http_status
from spcs_worker_tui.sandbox.runtimes.process_table import processes, resident_memory

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.clock import Clock
    from spcs_worker_tui.sandbox.runtimes.guardian import Guardian
    from spcs_worker_tui.sandbox.runtimes.images import KnownImages

_logger = logging.getLogger(__name__)

CONTAINER_VARIABLE: Final = "SPCS_SANDBOX_CONTAINER"
_DIRECTORY_PREFIX: Final = "spcs-sandbox-"
_PASSED_ON: Final = ("LANG", "LC_ALL", "LC_CTYPE")
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DRAIN_SECONDS: Final = 2.0
_SWEEPS: Final = 50
_SWEEP_SECONDS: Final = 0.02
_SIGNALLED: Final = 128


class ProcessRuntime:
    """Runs the images that it knows as processes of this machine.

    Args:
        images: Which command stands for which image.
        guardian: Started already; is told of everything that must not be left behind.
        clock: The timestamps of the log lines.
        session_token: Makes the content of the token file; a random one if None.
        token_seconds: How often that file is rewritten ("every few minutes", contract 4).
        memory_seconds: How often the memory of the containers is looked at.
    """

    name = "process"

    def __init__(
        self,
        images: KnownImages,
        guardian: Guardian,
        clock: Clock,
        *,
        session_token: Callable[[Launch], str] | None = None,
        token_seconds: float = 300.0,
        memory_seconds: float = 1.0,
    ) -> None:
        self._images = images
        self._guardian = guardian
        self._clock = clock
        self._session_token = session_token or (lambda _: secrets.token_urlsafe(48))
        self._token_seconds = token_seconds
        self._memory_seconds = memory_seconds
        self._running: set[ProcessContainer] = set()
        self._root: Path | None = None
        self._chores: list[asyncio.Task[None]] = []
        self._closed = False

    async def start(self, launch: Launch, log: LogSink) -> ProcessContainer:
        """Start one life.

        Raises:
            OSError: The image or its executable is not known, or the machine refuses.
        """
        if self._closed:
            raise OSError("the sandbox is closing")
        argv = self._images.argv(launch)
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix=_DIRECTORY_PREFIX))
            self._guardian.watch_directory(self._root)
            _let_sigint_through()
        container = ProcessContainer(
            launch, LogPipe(self._clock, log), self._root / secrets.token_hex(8), self._guardian
        )
        container.write_token(self._session_token(launch))
        try:
            await container.begin(argv, self._images[launch.command_name].env)
        except OSError:
            container.remove_directory()
            raise
        self._running.add(container)
        container.ended.add_done_callback(lambda _: self._running.discard(container))
        if not self._chores:
            self._chores = [
                asyncio.create_task(self._enforce_memory()),
                asyncio.create_task(self._refresh_tokens()),
            ]
        return container

    async def close(self) -> None:
        """End everything that still runs."""
        self._closed = True
        for chore in self._chores:
            chore.cancel()
        running = list(self._running)
        for container in running:
            container.kill()
        if running:
            await asyncio.wait([container.ended for container in running])
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._guardian.forget_directory(self._root)

    async def _enforce_memory(self) -> None:
        while True:
            await asyncio.sleep(self._memory_seconds)
            limited = {
                container.pid: container
                for container in self._running
                if container.launch.memory_limit_bytes is not None
            }
            table = processes() if limited else ()
            for pid, used in resident_memory(table, limited).items():
                limit = limited[pid].launch.memory_limit_bytes
                if limit is not None and used > limit:
                    limited[pid].kill(oom=True)

    async def _refresh_tokens(self) -> None:
        while True:
            await asyncio.sleep(self._token_seconds)
            for container in self._running:
                container.write_token(self._session_token(container.launch))


class ProcessContainer:
    """One life: a process that leads a session of its own, and all that it starts.

    `root` stands for the container's file system: `<root>/snowflake/session/token` is what a real
    container has under `/snowflake/session/token`, and secrets with a `directoryPath` are there
    too. `SPCS_SANDBOX_ROOT` tells the program where that is.
    """

    def __init__(self, launch: Launch, pipe: LogPipe, root: Path, guardian: Guardian) -> None:
        self.launch = launch
        self.root = root
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._is_gone = False
        self.pid = 0
        self._id = root.name
        self._pipe = pipe
        self._guardian = guardian
        self._process: asyncio.subprocess.Process | None = None
        self._oom = False
        self._finishing: asyncio.Task[None] | None = None
        for directory in ("app", "home", "tmp"):
            (root / directory).mkdir(parents=True, mode=0o700)
        self.write_files(launch.files)

    async def begin(self, argv: list[str], image_env: Mapping[str, str]) -> None:
        """Start the main process.

        Raises:
            OSError: The machine refuses.
        """
        reading, writing = os.pipe()
        loop = asyncio.get_running_loop()
        # A pipe of our own: asyncio's would keep `wait` from returning for as long as any
        # descendant holds it open.
        await loop.connect_read_pipe(lambda: self._pipe, os.fdopen(reading, "rb", buffering=0))
        try:
            self._process = await asyncio.create_subprocess_exec(
                *argv,
                cwd=self.root / "app",
                env=self._environment(image_env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        finally:
            os.close(writing)
            if self._process is None:
                await self._pipe.drain(0)
        self.pid = self._process.pid
        self._guardian.watch_group(self.pid)
        self._finishing = asyncio.create_task(self._finish(self._process))

    async def wait(self) -> Exit:
        """Return when it has ended; may be awaited by several at once."""
        return await asyncio.shield(self.ended)

    def terminate(self) -> None:
        """SIGTERM to the main process; what it does with its children is its own affair."""
        self._signal(signal.SIGTERM)

    def kill(self, *, oom: bool = False) -> None:
        """SIGKILL to the main process; everything else in the container follows."""
        self._oom = self._oom or oom
        self._signal(signal.SIGKILL)

    def crash(self, code: int = 1, *, oom_killed: bool = False) -> None:
        """Killed, whatever the code: a process of somebody else's exits as it likes."""
        del code
        self.kill(oom=oom_killed)

    def freeze(self) -> None:
        """SIGSTOP to everything in it."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to everything in it."""
        self._signal_all(signal.SIGCONT)

    async def probe(self, port: int, path: str) -> int | None:
        """HTTP GET at the instance's address."""
        return await http_status(self.launch.ip_address or "127.0.0.1", port, path)

    def write_files(self, files: Mapping[str, str]) -> None:
        """Put the secrets where the container finds them, below its root."""
        for path, content in files.items():
            self._write(path, content, mode=0o600)

    def write_token(self, token: str) -> None:
        """Replace the session token, unless the specification keeps it out."""
        if self.launch.session_directory is not None:
            self._write(f"{self.launch.session_directory}/token", token, mode=0o600)

    def remove_directory(self) -> None:
        """Remove what stood for the container's file system."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _environment(self, image_env: Mapping[str, str]) -> dict[str, str]:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {
            **passed_on,
            "PATH": f"{Path(sys.executable).parent}:{_PATH}",
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            **image_env,
            # There is no network namespace: a health endpoint on 0.0.0.0:8080 could exist only
            # once on the machine.
            "PREFECT_WORKER_WEBSERVER_HOST": self.launch.ip_address or "127.0.0.1",
            "SPCS_SANDBOX_IP": self.launch.ip_address or "127.0.0.1",
            "SPCS_SANDBOX_ROOT": str(self.root),
            **self.launch.env,
            **self._guardian.environment,
            CONTAINER_VARIABLE: self._id,
        }

    async def _finish(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        await self._end_the_others()
        await self._pipe.drain(_DRAIN_SECONDS)
        self._guardian.forget_group(self.pid)
        self._is_gone = True
        await asyncio.to_thread(self.remove_directory)
        self.ended.set_result(Exit(code if code >= 0 else _SIGNALLED - code, oom_killed=self._oom))

    async def _end_the_others(self) -> None:
        """With the first process of a container all others end.

        Flow runs are in process groups or sessions of their own; only the variable finds them.
        """
        for _ in range(_SWEEPS):
            others = await asyncio.to_thread(self._others)
            if not others:
                return
            guardian_process.send(others, signal.SIGKILL)
            await asyncio.sleep(_SWEEP_SECONDS)
        _logger.warning("processes of %s do not end: %s", self.launch.service, sorted(others))

    def _others(self) -> set[int]:
        return guardian_process.with_variable(
            CONTAINER_VARIABLE, self._id
        ) | guardian_process.in_groups({self.pid})

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            guardian_process.send({self.pid}, number)

    def _signal_all(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            guardian_process.send({self.pid} | self._others(), number)

    def _write(self, path: str, content: str, *, mode: int) -> None:
        if self._is_gone:
            return
        parts = [part for part in PurePosixPath(path).parts if part not in {"/", ".."}]
        target = self.root.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Renamed into place: a reader sees the old content or the new, never half of it.
        fresh = target.with_name(f".{target.name}.new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(content)
        fresh.replace(target)


def _let_sigint_through() -> None:
    """Undo an inherited "ignore SIGINT".

    A shell starts background jobs with SIGINT ignored, and so would every container be: there
    Prefect's worker loses its first SIGTERM (prefect-contract 4.3). A handler that does nothing
    is the same to us, and is not passed on.
    """
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda *_: None)
