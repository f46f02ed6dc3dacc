"""A Docker engine of the tests' own: on a private socket, with nothing of the machine's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import docker
from support.base_image import base_image_archive
from support.needs import need

BASE_IMAGE = "spcs-test-base:latest"
_START_SECONDS = 60
_STOP_SECONDS = 30


@dataclass
class DockerEngine:
    """A running engine, for the Docker SDK and for the `docker` command."""

    socket: Path
    pid: int

    @property
    def host(self) -> str:
        """What DOCKER_HOST has to be."""
        return f"unix://{self.socket}"

    @cached_property
    def client(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=self.host, timeout=300)

    @cached_property
    def base_image(self) -> str:
        """The name of an image with Python 3.11, imported when first asked for."""
        command = ("import", "--platform", "linux/amd64", str(base_image_archive()), BASE_IMAGE)
        imported = self.command(*command)
        assert imported.returncode == 0, imported.stderr
        return BASE_IMAGE

    def command(
        self, *arguments: str, stdin: str = "", config: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker`; `config` is where it keeps what `docker login` was told."""
        variables = self.environment | ({"DOCKER_CONFIG": str(config)} if config else {})
        return subprocess.run(
            ["docker", *arguments],
            input=stdin,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "DOCKER_HOST": self.host}

    def containers(self) -> list[str]:
        """The names of the sandboxes' containers, running or not, each with a slash before it."""
        found = self.client.api.containers(all=True, filters={"label": "spcs-sandbox"})
        return [container["Names"][0] for container in found]


@contextmanager
def running_engine() -> Iterator[DockerEngine]:
    """Start an engine; it and all that is in it ends with this context, or with this process."""
    need(
        os.geteuid() == 0 and shutil.which("dockerd") is not None,
        "a Docker engine, as root: apt-get install docker.io",
    )
    # Sockets have short paths: not below pytest's own directories.
    with tempfile.TemporaryDirectory(prefix="engine-", ignore_cleanup_errors=True) as directory:
        root = Path(directory)
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(_command(root), stdout=log, stderr=log)
        try:
            _wait(root, process)
            engine = DockerEngine(root / "docker.sock", process.pid)
            yield engine
            for container in engine.client.api.containers(all=True):
                engine.client.api.remove_container(container["Id"], force=True)
            engine.client.close()
        finally:
            _stop(process)


def _command(root: Path) -> list[str]:
    return [
        # It ends when pytest does, however that ends, and what it has mounted ends with it.
        *("setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "dockerd"),
        *("--host", f"unix://{root / 'docker.sock'}"),
        *("--data-root", str(root / "data")),
        *("--exec-root", str(root / "exec")),
        *("--pidfile", str(root / "docker.pid")),
        # Containers of the tests use the machine's network: nothing of it is to be changed.
        *("--bridge", "none", "--iptables=false", "--ip6tables=false"),
        *("--log-level", "warn"),
    ]


def _wait(root: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, (root / "log").read_text()[-3000:]
        try:
            docker.DockerClient(base_url=f"unix://{root / 'docker.sock'}").close()
        except docker.errors.DockerException:
            time.sleep(0.1)
        else:
            return
    raise AssertionError((root / "log").read_text()[-3000:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
