"""Containers as containers: images that were pushed, run by a Docker engine.

They share the machine's network, as the containers of `process` do, because the sandbox and its
Prefect server listen on 127.0.0.1 alone. So each instance has a loopback address of its own, the
worker is told to listen there (`PREFECT_WORKER_WEBSERVER_HOST`), and probes go there. A program
that listens on 0.0.0.0 answers on every instance's address and can run only once per port.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from spcs_worker_tui.sandbox.runtimes.base import Exit, ImageNotPulledError, Launch, LogSink
from spcs_worker_tui.sandbox.runtimes.docker_engine import Engine, EngineError, engine_socket
from spcs_worker_tui.sandbox.runtimes.docker_logs import FrameDecoder
from spcs_worker_tui.sandbox.runtimes.docker_mounts import Mounts
from spcs_worker_tui.sandbox.runtimes.output import BYTES_PER_SECOND
from spcs_worker_tui.sandbox.runtimes.probes import http_status

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.runtimes.guardian import Guardian

_logger = logging.getLogger(__name__)

LABEL: Final = "spcs-sandbox"
"""On every container; its value is the mark of the sandbox that made it."""
_PREFIX: Final = "spcs-sandbox-"
_DRAIN_SECONDS: Final = 5.0
_KILLED: Final = 137
_SMALLEST_MEMORY: Final = 6 * 1024 * 1024
"""Docker takes no lower limit."""
_SMALLEST_CPU: Final = 0.01
_NANO: Final = 10**9
_LOG_CONFIG: Final = {"Type": "json-file", "Config": {"max-size": "64m", "max-file": "2"}}


class DockerRuntime:
    """Runs images of the sandbox's registry.

    Args:
        guardian: Started already; removes what is left when the sandbox is killed.
        credentials: User and password with which the engine pulls.
        session_token: Makes the content of the token file.
        token_seconds: How often that file is rewritten ("every few minutes", contract 4).
        find_socket: Where the engine is; asked when the first container starts.
    """

    name = "docker"

    def __init__(
        self,
        guardian: Guardian,
        credentials: Callable[[], tuple[str, str]],
        session_token: Callable[[Launch], str],
        *,
        token_seconds: float = 300.0,
        find_socket: Callable[[], Path] = engine_socket,
    ) -> None:
        self._guardian = guardian
        self._credentials = credentials
        self._session_token = session_token
        self._token_seconds = token_seconds
        self._find_socket = find_socket
        self._engine: Engine | None = None
        self._cpus = 0
        self._connecting = asyncio.Lock()
        self._root: Path | None = None
        self._pulled: set[str] = set()
        self._running: set[DockerContainer] = set()
        self._refreshing: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self, launch: Launch, log: LogSink) -> DockerContainer:
        """Pull the image by its digest and start one life.

        Raises:
            ImageNotPulledError: The engine cannot pull the image.
            OSError: There is no usable engine, or it cannot start the container.
        """
        self._refuse_when_closed()
        engine = await self._connected()
        reference = pinned_reference(launch)
        await self._pull(engine, reference)
        self._refuse_when_closed()
        mounts = Mounts(self._own_root() / secrets.token_hex(8), _directories(launch))
        container = DockerContainer(engine, launch, mounts, log)
        container.write_files(launch.files)
        container.write_token(self._session_token(launch))
        await container.begin(self._config(launch, reference, mounts))
        self._running.add(container)
        container.ended.add_done_callback(lambda _: self._running.discard(container))
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh_tokens())
        return container

    async def close(self) -> None:
        """End everything that still runs, and remove the images that were pulled."""
        self._closed = True
        if self._refreshing is not None:
            self._refreshing.cancel()
        running = list(self._running)
        for container in running:
            container.kill()
        if running:
            await asyncio.wait([container.ended for container in running])
        if self._engine is not None:
            for reference in self._pulled:
                try:
                    await self._engine.remove_image(reference)
                except EngineError as error:
                    _logger.warning("%s is left in the Docker engine: %s", reference, error)
            await self._engine.close()
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._guardian.forget_directory(self._root)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise OSError("the sandbox is closing")

    async def _connected(self) -> Engine:
        async with self._connecting:
            if self._engine is None:
                engine = Engine(self._find_socket())
                try:
                    self._cpus = int((await engine.info())["NCPU"])
                except BaseException:
                    await engine.close()
                    raise
                self._engine = engine
                self._guardian.watch_containers(engine.socket, f"{LABEL}={self._guardian.mark}")
            return self._engine

    async def _pull(self, engine: Engine, reference: str) -> None:
        """Fetch what the engine has not got: a digest never comes to mean another image."""
        if await engine.has_image(reference):
            return
        try:
            await engine.pull(reference, *self._credentials())
        except EngineError as error:
            raise ImageNotPulledError(str(error)) from error
        self._pulled.add(reference)
        self._guardian.watch_image(engine.socket, reference)

    def _own_root(self) -> Path:
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix=_PREFIX))
            self._guardian.watch_directory(self._root)
        return self._root

    def _config(self, launch: Launch, reference: str, mounts: Mounts) -> dict[str, Any]:
        env = {
            "PREFECT_WORKER_WEBSERVER_HOST": launch.ip_address,
            "SPCS_SANDBOX_IP": launch.ip_address,
            **launch.env,
        }
        host: dict[str, Any] = {
            "NetworkMode": "host",
            "Mounts": mounts.config,
            "LogConfig": _LOG_CONFIG,
            "SecurityOpt": ["no-new-privileges"],
        }
        if launch.memory_limit_bytes is not None:
            # The same for both: no swap, as on Snowflake's nodes.
            limit = max(launch.memory_limit_bytes, _SMALLEST_MEMORY)
            host |= {"Memory": limit, "MemorySwap": limit}
        if launch.cpu_limit is not None:
            host["NanoCpus"] = int(_NANO * min(max(launch.cpu_limit, _SMALLEST_CPU), self._cpus))
        return {
            "Image": reference,
            # Without a command the engine takes ENTRYPOINT and, without arguments too, CMD; with
            # one it forgets both, as Kubernetes does.
            "Entrypoint": list(launch.command) if launch.command else None,
            "Cmd": list(launch.args) if launch.args else None,
            "Env": [f"{name}={value}" for name, value in env.items()],
            "Hostname": launch.env.get("HOSTNAME", ""),
            # Snowflake knows nothing of an image's HEALTHCHECK.
            "Healthcheck": {"Test": ["NONE"]},
            "Labels": {LABEL: self._guardian.mark, **_names(launch)},
            "HostConfig": host,
        }

    async def _refresh_tokens(self) -> None:
        while True:
            await asyncio.sleep(self._token_seconds)
            for container in self._running:
                container.write_token(self._session_token(container.launch))


class DockerContainer:
    """One life: a container that is removed when it has ended."""

    def __init__(self, engine: Engine, launch: Launch, mounts: Mounts, log: LogSink) -> None:
        self.launch = launch
        self.ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.id = ""
        self._engine = engine
        self._mounts = mounts
        self._log = log
        self._killed = False
        self._is_gone = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, config: Mapping[str, Any]) -> None:
        """Create it and start it; nothing is left of it if that fails.

        Raises:
            EngineError: The engine says no.
        """
        try:
            self.id = await self._engine.create(_PREFIX + secrets.token_hex(8), config)
            await self._engine.start(self.id)
        except BaseException:
            await self._remove()
            raise
        self._spawn(self._live())

    async def wait(self) -> Exit:
        """Return when it has ended; may be awaited by several at once."""
        return await asyncio.shield(self.ended)

    def terminate(self) -> None:
        """SIGTERM to the main process."""
        self._spawn(self._send("SIGTERM"))

    def kill(self) -> None:
        """SIGKILL to the main process, and with it to everything in the container."""
        self._killed = True
        self._spawn(self._send("SIGKILL"))

    async def probe(self, port: int, path: str) -> int | None:
        """HTTP GET at the instance's address."""
        return await http_status(self.launch.ip_address or "127.0.0.1", port, path)

    def write_files(self, files: Mapping[str, str]) -> None:
        """Put the secrets where the container finds them."""
        for path, content in files.items():
            self._put(path, content)

    def write_token(self, token: str) -> None:
        """Replace the session token, unless the specification keeps it out."""
        if self.launch.session_directory is not None:
            self._put(f"{self.launch.session_directory}/token", token)

    def _put(self, path: str, content: str) -> None:
        if not self._is_gone:
            self._mounts.write(path, content)

    async def _live(self) -> None:
        decoder = FrameDecoder()
        reading = asyncio.create_task(self._follow(decoder))
        try:
            state = await self._engine.wait(self.id)
            code = int(state["ExitCode"])
            # A limit that only a child ran into is no end of the container.
            oom = bool(state["OOMKilled"]) and code == _KILLED and not self._killed
            ending = Exit(code, oom_killed=oom)
        except EngineError as error:
            # The engine is gone, and its containers with it, or somebody removed this one.
            _logger.warning("container %s is lost: %s", self.launch.service, error)
            ending = Exit(_KILLED)
        await asyncio.wait([reading], timeout=_DRAIN_SECONDS)
        reading.cancel()
        await self._read_last_words(decoder)
        await self._remove()
        self.ended.set_result(ending)

    async def _follow(self, decoder: FrameDecoder) -> None:
        quota = BYTES_PER_SECOND
        try:
            async for chunk in self._engine.logs(self.id, follow=True):
                self._write(decoder.feed(chunk))
                quota -= len(chunk)
                if quota < 0:
                    # Whoever writes faster is read later; a node takes no more either.
                    await asyncio.sleep(1.0)
                    quota = BYTES_PER_SECOND
        except EngineError as error:
            _logger.warning("the log of %s breaks off: %s", self.launch.service, error)

    async def _read_last_words(self, decoder: FrameDecoder) -> None:
        """What `_follow` had no time for, or was not given."""
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for chunk in self._engine.logs(self.id, follow=False, since=decoder.again()):
                    self._write(decoder.feed(chunk))
        except (EngineError, TimeoutError) as error:
            _logger.debug("no last words of %s: %s", self.launch.service, error)
        self._write(decoder.finish())

    def _write(self, lines: Iterable[tuple[datetime, str]]) -> None:
        for moment, line in lines:
            self._log(moment, line)

    async def _send(self, signal: str) -> None:
        try:
            await self._engine.kill(self.id, signal)
        except EngineError as error:
            # It has ended by itself meanwhile, or the engine has: `_live` sees both.
            _logger.debug("no %s for %s: %s", signal, self.launch.service, error)

    async def _remove(self) -> None:
        if self.id:
            try:
                await self._engine.remove(self.id)
            except EngineError as error:
                if not error.is_gone:
                    _logger.warning("container %s is left: %s", self.id, error)
        self._is_gone = True
        await asyncio.to_thread(self._mounts.remove)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def pinned_reference(launch: Launch) -> str:
    """The image by the digest that the service has, whatever its tag is on by now."""
    path, _, last = launch.image.rpartition("/")
    return f"{path}/{last.partition(':')[0]}@{launch.image_digest}"


def _directories(launch: Launch) -> list[str]:
    directories = [str(PurePosixPath(path).parent) for path in launch.files]
    if launch.session_directory is not None:
        directories.append(launch.session_directory)
    return directories


def _names(launch: Launch) -> dict[str, str]:
    return {
        f"{LABEL}.account": launch.account,
        f"{LABEL}.service": f"{launch.database}.{launch.schema}.{launch.service}",
        f"{LABEL}.instance": str(launch.instance_id),
        f"{LABEL}.container": launch.container,
    }
