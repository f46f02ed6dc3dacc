"""Containers that are real containers, from an image in the sandbox's own registry."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import textwrap
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from spcs_worker_tui.sandbox.reconciler.addresses import LoopbackAddresses
from spcs_worker_tui.sandbox.runtimes.base import Exit, ImageNotPulledError, Launch
from spcs_worker_tui.sandbox.runtimes.docker import LABEL, DockerContainer, DockerRuntime
from spcs_worker_tui.sandbox.runtimes.docker_engine import EngineError, engine_socket
from spcs_worker_tui.sandbox.runtimes.guardian import Guardian
from support.engine import DockerEngine
from support.registry import SESSION_USER, Hub, running_hub

# One loop for all: the registry, with the image in it, is served by it.
pytestmark = pytest.mark.asyncio(loop_scope="module")

ADDRESSES = LoopbackAddresses()
SLEEP = "import time; print('up', flush=True); time.sleep(300)"


class Bench:
    """A runtime whose image is Debian with Python, and an engine that has never seen it."""

    def __init__(self, engine: DockerEngine, hub: Hub) -> None:
        self.engine = engine
        self.hub = hub
        self.guardian = Guardian(grace_seconds=0.5)
        self.tokens = iter(f"token {number}" for number in range(1000))
        self.runtime = self.new_runtime()
        self.lines: list[tuple[datetime, str]] = []
        self.image = f"{hub.lab.account.registry_host}/d/s/repo/python:1"
        self.digest = ""

    def new_runtime(self) -> DockerRuntime:
        return DockerRuntime(
            self.guardian,
            lambda: self.hub.registry.node_credentials,
            lambda _: next(self.tokens),
            token_seconds=0.2,
            find_socket=lambda: self.engine.socket,
        )

    def publish(self) -> None:
        """Push the base image, and leave no trace of it under that name."""
        client = self.engine.client
        base = self.engine.base_image
        assert client.images.get(base).tag(self.image)
        token = json.dumps({"token": self.hub.session()[1], "expires_in": 3600})
        credentials = {"username": SESSION_USER, "password": token}
        for event in client.api.push(self.image, auth_config=credentials, stream=True, decode=True):
            assert "error" not in event, event
            self.digest = event.get("aux", {}).get("Digest", self.digest)
        client.images.remove(self.image, noprune=True)

    @property
    def texts(self) -> list[str]:
        return [line for _, line in self.lines]

    def launch(self, script: str = "", **changes: Any) -> Launch:
        values: dict[str, Any] = {
            "image": self.image,
            "image_digest": self.digest,
            "command": ("python3", "-c", textwrap.dedent(script)) if script else None,
            "ip_address": ADDRESSES.take(),
            **changes,
        }
        return Launch(
            account="acme-main-site",
            database="D",
            schema="S",
            service="SVC",
            instance_id=0,
            container="main",
            command_name="",
            **values,
        )

    async def run(self, script: str = "", **changes: Any) -> DockerContainer:
        return await self.runtime.start(
            self.launch(script, **changes), lambda moment, line: self.lines.append((moment, line))
        )

    async def names(self) -> list[str]:
        return await asyncio.to_thread(self.engine.containers)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    async with running_hub(tmp_path_factory.mktemp("hub")) as hub:
        bench = Bench(docker_engine, hub)
        await asyncio.to_thread(bench.publish)
        bench.guardian.start()
        yield bench
        await bench.runtime.close()
        await bench.guardian.close()
        assert await bench.names() == []


@pytest.fixture
def bench(shared: Bench) -> Bench:
    shared.lines.clear()
    return shared


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a container makes it true
            await asyncio.sleep(0.02)


async def test_exit_code_and_what_it_wrote_with_times(bench: Bench) -> None:
    before = datetime.now(UTC)
    container = await bench.run("""
        import sys, time
        print("out", flush=True)
        time.sleep(0.1)
        print("err", file=sys.stderr, flush=True)
        time.sleep(0.1)
        sys.stdout.buffer.write(b"x" * 200_000 + b"\\n" + b"a\\xffb\\nno newline at the end")
        sys.stdout.flush()
        sys.exit(7)
    """)
    assert await container.wait() == Exit(7)
    assert bench.texts == ["out", "err", "x" * 200_000, "a\ufffdb", "no newline at the end"]
    times = [moment for moment, _ in bench.lines]
    assert times == sorted(times)
    assert before <= times[0] < times[1] < times[2] <= datetime.now(UTC)
    assert await bench.names() == []


async def test_what_it_finds_around_itself(bench: Bench) -> None:
    container = await bench.run(
        """
        import json, os, pathlib, socket
        read = lambda path: pathlib.Path(path).read_text()
        print(json.dumps({
            "env": dict(os.environ), "host": socket.gethostname(),
            "token": read("/snowflake/session/token"), "secret": read("/secrets/db/password"),
            "cpu": read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") if os.path.exists(
                "/sys/fs/cgroup/cpu/cpu.cfs_quota_us") else read("/sys/fs/cgroup/cpu.max"),
        }))
        """,
        env={"GREETING": "hello = you", "HOSTNAME": "statefulset-3", "KEY": "of the secret"},
        files={"/secrets/db/password": "pass word\n"},
        cpu_limit=0.5,
    )
    assert await container.wait() == Exit(0)
    seen = json.loads(bench.texts[0])
    assert seen["env"]["GREETING"] == "hello = you"
    assert seen["env"]["KEY"] == "of the secret"
    assert seen["env"]["PREFECT_WORKER_WEBSERVER_HOST"] == container.launch.ip_address
    assert seen["host"] == "statefulset-3"
    assert seen["token"].startswith("token ")
    assert seen["secret"] == "pass word\n"
    assert seen["cpu"].split()[0] == "50000"


async def test_files_stay_fresh_for_any_user(bench: Bench) -> None:
    container = await bench.run(
        """
        import os, pathlib, time
        os.setuid(12345)
        token, secret = pathlib.Path("/run/tokens/token"), pathlib.Path("/secrets/value")
        first = token.read_text(), secret.read_text()
        print("started", flush=True)
        while token.read_text() == first[0] or secret.read_text() == first[1]:
            time.sleep(0.02)
        print(secret.read_text())
        try:
            secret.write_text("mine")
        except OSError as error:
            print(type(error).__name__)
        """,
        files={"/secrets/value": "old"},
        session_directory="/run/tokens",
    )
    await until(lambda: bench.texts == ["started"])
    container.write_files({"/secrets/value": "new"})
    assert await container.wait() == Exit(0)
    assert bench.texts[1] == "new"
    assert bench.texts[2] in {"PermissionError", "OSError"}


async def test_nothing_is_written_for_a_container_that_is_gone(bench: Bench) -> None:
    container = await bench.run(
        "pass", files={"/secrets/value": "old"}, session_directory="/run/tokens"
    )
    await container.wait()
    container.write_token("new")
    container.write_files({"/secrets/value": "new"})


async def test_no_token_where_the_specification_keeps_it_out(bench: Bench) -> None:
    container = await bench.run(
        "import os; print(os.path.exists('/snowflake'))", session_directory=None
    )
    await container.wait()
    assert bench.texts == ["False"]


async def test_command_and_arguments(bench: Bench) -> None:
    # The base image has neither ENTRYPOINT nor CMD, so the arguments are all that is run.
    container = await bench.run(args=("echo", "of the arguments"))
    assert await container.wait() == Exit(0)
    container = await bench.run(command=("echo", "of"), args=("both",))
    assert await container.wait() == Exit(0)
    assert bench.texts == ["of the arguments", "of both"]


async def test_out_of_memory(bench: Bench) -> None:
    container = await bench.run(
        "print('up', flush=True); x = bytearray(200 * 2**20)", memory_limit_bytes=64 * 2**20
    )
    assert await container.wait() == Exit(137, oom_killed=True)
    assert bench.texts == ["up"]


async def test_sigterm_can_be_obeyed_and_ignored(bench: Bench) -> None:
    polite = await bench.run("""
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit(3)))
        print("up", flush=True)
        time.sleep(300)
    """)
    await until(lambda: bench.texts == ["up"])
    polite.terminate()
    assert await polite.wait() == Exit(3)
    assert bench.texts == ["up", "bye"]
    stubborn = await bench.run(f"import signal; signal.signal(15, signal.SIG_IGN); {SLEEP}")
    await until(lambda: len(bench.lines) == 3)
    stubborn.terminate()
    await asyncio.sleep(0)
    assert not stubborn.ended.done()
    stubborn.kill()
    assert await stubborn.wait() == Exit(137)


async def test_probes_tell_two_containers_on_one_port_apart(bench: Bench) -> None:
    server = """
        import http.server, os
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(int(os.environ["STATUS"]) if self.path == "/health" else 404)
                self.end_headers()
        address = (os.environ["PREFECT_WORKER_WEBSERVER_HOST"], 8080)
        http.server.HTTPServer(address, Handler).serve_forever()
    """
    good = await bench.run(server, env={"STATUS": "200"})
    bad = await bench.run(server, env={"STATUS": "503"})
    async with asyncio.timeout(30):
        for container in (good, bad):
            while await container.probe(8080, "/health") is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert await good.probe(8080, "/health") == 200
    assert await bad.probe(8080, "/health") == 503
    assert await good.probe(8080, "/other") == 404
    for container in (good, bad):
        container.kill()
        await container.wait()
    assert await good.probe(8080, "/health") is None


async def test_what_cannot_be_started_leaves_nothing(bench: Bench) -> None:
    with pytest.raises(OSError, match="executable file not found"):
        await bench.run(command=("no-such-program",))
    assert await bench.names() == []


async def test_what_cannot_be_pulled_says_that_it_was_the_pull(bench: Bench) -> None:
    with pytest.raises(ImageNotPulledError, match=r"MANIFEST_UNKNOWN|manifest unknown|not found"):
        await bench.run(image_digest="sha256:" + "0" * 64)
    assert await bench.names() == []


async def test_one_that_is_removed_by_somebody_else_has_ended(bench: Bench) -> None:
    container = await bench.run(SLEEP)
    await until(lambda: bench.texts == ["up"])
    await asyncio.to_thread(bench.engine.client.containers.get(container.id).remove, force=True)
    assert (await container.wait()).code == 137


async def test_closing_ends_everything_and_removes_the_image(bench: Bench) -> None:
    # What the shared runtime pulled is gone with it, so that this one has to pull.
    await bench.runtime.close()
    bench.runtime = bench.new_runtime()
    container = await bench.run(SLEEP)
    (name,) = await bench.names()
    name = name.removeprefix("/")
    labels = (await asyncio.to_thread(bench.engine.client.containers.get, name)).labels
    assert labels[LABEL] == bench.guardian.mark
    assert labels[f"{LABEL}.service"] == "D.S.SVC"

    def digests() -> str:
        images = bench.engine.client.images.list()
        return " ".join(str(image.attrs["RepoDigests"]) for image in images)

    assert bench.digest in await asyncio.to_thread(digests)
    await bench.runtime.close()
    assert container.ended.done()
    assert await bench.names() == []
    assert bench.digest not in await asyncio.to_thread(digests)
    with pytest.raises(OSError, match="closing"):
        await bench.run(SLEEP)
    bench.runtime = bench.new_runtime()


async def test_without_an_engine(bench: Bench, tmp_path: Path) -> None:
    runtime = DockerRuntime(
        bench.guardian, lambda: ("", ""), lambda _: "", find_socket=lambda: tmp_path / "none"
    )
    with pytest.raises(OSError, match=r"The Docker engine on .*none does not answer"):
        await runtime.start(bench.launch(SLEEP), lambda *_: None)
    await runtime.close()


async def test_an_engine_that_goes_away_takes_its_containers_along(
    bench: Bench, tmp_path: Path
) -> None:
    """It makes and starts a container, and never answers again."""
    answers = {
        b"/info": json.dumps({"NCPU": 1, "KernelVersion": os.uname().release}).replace(
            "}", ', "SecurityOptions": []}'
        ),
        b"/images/": "{}",
        b"/containers/create": '{"Id": "abc"}',
        b"/start": "{}",
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        for path, body in answers.items():
            if path in head.split(b"\r\n")[0]:
                text = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
                writer.write(f"{text}\r\n{body}".encode())
        await writer.drain()
        writer.close()

    socket = tmp_path / "s"
    server = await asyncio.start_unix_server(answer, socket)
    runtime = DockerRuntime(
        bench.guardian, lambda: ("", ""), lambda _: "", find_socket=lambda: socket
    )
    container = await runtime.start(bench.launch(SLEEP), lambda *_: None)
    assert (await container.wait()).code == 128 + signal.SIGKILL
    await runtime.close()
    server.close()


@pytest.mark.parametrize("changes", [{"KernelVersion": "5.0-linuxkit"}, {"rootless": True}])
async def test_an_engine_whose_containers_could_not_reach_us_is_refused(
    bench: Bench, tmp_path: Path, changes: dict[str, Any]
) -> None:
    options = ["name=seccomp"] + ["name=rootless"] * bool(changes.pop("rootless", False))
    info = {"NCPU": 1, "KernelVersion": os.uname().release, "SecurityOptions": options, **changes}
    body = json.dumps(info)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    socket = tmp_path / "s"
    server = await asyncio.start_unix_server(answer, socket)
    runtime = DockerRuntime(
        bench.guardian, lambda: ("", ""), lambda _: "", find_socket=lambda: socket
    )
    with pytest.raises(OSError, match="virtual machine or without root"):
        await runtime.start(bench.launch(SLEEP), lambda *_: None)
    await runtime.close()
    server.close()


async def test_where_the_engine_is() -> None:
    assert engine_socket({}) == Path("/var/run/docker.sock")
    assert engine_socket({"DOCKER_HOST": ""}) == Path("/var/run/docker.sock")
    assert engine_socket({"DOCKER_HOST": "unix:///run/x.sock"}) == Path("/run/x.sock")
    with pytest.raises(EngineError, match="DOCKER_HOST is tcp://elsewhere:2375"):
        engine_socket({"DOCKER_HOST": "tcp://elsewhere:2375"})
