"""What is said where no Docker engine answers, or another one than was meant."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spcs_worker_tui.adapters.docker.engine import DockerEngine
from spcs_worker_tui.domain.building import BuildRequest
from spcs_worker_tui.domain.errors import (
    BuildFailedError,
    ConfigurationError,
    EngineUnreachableError,
    FleetError,
)
from spcs_worker_tui.domain.keys import Secret
from support.needs import need

Answering = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def _nobodys_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither engine nor settings of whoever runs the tests."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


async def refusal(engine: DockerEngine | None = None) -> FleetError:
    with pytest.raises(FleetError) as caught:
        await (engine or DockerEngine()).image("worker:1")
    assert caught.value.next_step
    return caught.value


@contextmanager
def serving(path: Path, answer: Answering) -> Iterator[str]:
    """Somebody who listens on a socket and is no engine."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                with caller:
                    answer(caller)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"unix://{path}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def open_to_all(*folders: Path) -> None:
    for folder in folders:
        folder.chmod(0o755)


async def test_there_is_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    error = await refusal()
    assert isinstance(error, EngineUnreachableError)
    assert str(error) == f"there is no Docker engine at unix://{tmp_path}/none.sock"
    assert "DOCKER_HOST" in error.next_step


async def test_a_socket_is_left_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "docker.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    error = await refusal()
    assert "refuses connections" in str(error)
    assert "Start it" in error.next_step


async def test_nobody_listens_on_a_port(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
    error = await refusal()
    assert "refuses connections" in str(error)


async def test_the_socket_is_somebody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    need(os.geteuid() == 0, "root, who alone can become somebody else")
    open_to_all(tmp_path, *tmp_path.parents[:2])
    with serving(tmp_path / "docker.sock", lambda _: None) as host:
        (tmp_path / "docker.sock").chmod(0o600)
        monkeypatch.setenv("DOCKER_HOST", host)
        await refusal()  # imports what it needs while it may
        # Threads that are started later have the effective user of the process.
        os.seteuid(65534)
        try:
            error = await refusal()
        finally:
            os.seteuid(0)
    assert str(error).startswith("you may not use the Docker engine at unix://")
    assert "group `docker`" in error.next_step


async def test_an_engine_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked, over = threading.Event(), threading.Event()

    def hang(_: socket.socket) -> None:
        asked.set()
        over.wait(60)

    with serving(tmp_path / "docker.sock", hang) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        error = await refusal(DockerEngine(answer_seconds=1))
        over.set()
    assert asked.is_set()
    assert "does not answer" in str(error)


async def test_waiting_for_an_engine_that_hangs_can_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked, over = threading.Event(), threading.Event()

    def hang(_: socket.socket) -> None:
        asked.set()
        over.wait(60)

    with serving(tmp_path / "docker.sock", hang) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        task = asyncio.create_task(DockerEngine(answer_seconds=60).image("worker:1"))
        await asyncio.to_thread(asked.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 30)
        over.set()


async def test_somebody_else_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def answer(caller: socket.socket) -> None:
        caller.recv(4096)
        caller.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

    with serving(tmp_path / "docker.sock", answer) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        error = await refusal()
    assert "no answer from the Docker engine" in str(error)


@pytest.mark.parametrize("host", ["nonsense://there", "tcp://:port:", "tcp://"])
async def test_an_address_that_is_none(host: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", host)
    error = await refusal()
    assert isinstance(error, ConfigurationError)
    assert "is no address of a Docker engine" in str(error)


async def test_the_current_context_of_docker_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "docker"
    # `docker context` names the folder by the SHA-256 of the context's name.
    name = hashlib.sha256(b"mine").hexdigest()
    meta = folder / "contexts" / "meta" / name
    meta.mkdir(parents=True)
    (folder / "config.json").write_text('{"currentContext": "mine"}')
    host = f"unix://{tmp_path}/mine.sock"
    endpoints = {"docker": {"Host": host}}
    described = {"Name": "mine", "Metadata": {}, "Endpoints": endpoints}
    (meta / "meta.json").write_text(json.dumps(described))
    error = await refusal()
    assert str(error) == f"there is no Docker engine at {host}"


VERSION = json.dumps({"ApiVersion": "1.41", "Version": "20.10"}).encode()


def answer_version(caller: socket.socket) -> None:
    caller.recv(1 << 16)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    caller.sendall(head % len(VERSION) + VERSION)


def lets_go(callers: list[socket.socket]) -> None:
    """An engine that answers once, and is gone by the next question."""
    if len(callers) == 1:
        answer_version(callers[-1])


def falls_silent(callers: list[socket.socket]) -> None:
    """An engine that answers once, and then no more."""
    if len(callers) == 1:
        answer_version(callers[-1])
    callers[-1].settimeout(30)
    with contextlib.suppress(TimeoutError, ConnectionError):
        while callers[-1].recv(1 << 16):
            pass


def babbles(callers: list[socket.socket]) -> None:
    """Something that has one answer for everything."""
    answer_version(callers[-1])


@pytest.mark.parametrize("answer", [lets_go, falls_silent, babbles])
@pytest.mark.parametrize("call", ["image", "build", "push"])
async def test_an_engine_that_is_there_only_at_first(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[list[socket.socket]], None],
    call: str,
):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    engine = DockerEngine(answer_seconds=1, silence_seconds=1)
    calls = {
        "image": lambda: engine.image("worker:1"),
        "build": lambda: engine.build(
            BuildRequest(tmp_path, tmp_path / "Dockerfile", "worker:1"), lambda _: None
        ),
        "push": lambda: engine.push("worker:1", "h.example/d/s/r/w:1", Secret("x"), lambda _: None),
    }
    callers: list[socket.socket] = []

    def serve(caller: socket.socket) -> None:
        callers.append(caller)
        answer(callers)

    with serving(tmp_path / "docker.sock", serve) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        with pytest.raises(EngineUnreachableError) as caught:
            await calls[call]()
    assert caught.value.next_step


async def test_a_name_that_no_image_can_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    request = BuildRequest(tmp_path, tmp_path / "Dockerfile", "a..b:1")
    with serving(tmp_path / "docker.sock", answer_version) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        with pytest.raises(BuildFailedError, match="invalid reference format"):
            await DockerEngine().build(request, lambda _: None)
