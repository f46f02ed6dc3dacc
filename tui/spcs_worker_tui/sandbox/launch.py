"""Starts a sandbox as a child process that cannot outlive its parent.

Only the standard library is imported here: whoever launches a sandbox has better things to do
than to wait for a web server to be imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

READY_SECONDS = 30.0
STOP_SECONDS = 20.0
_CHUNK = 65536


class SandboxStartError(Exception):
    """The sandbox did not start; the message is one sentence for the user."""


@dataclass(slots=True)
class LaunchedSandbox:
    """A sandbox in a child process.

    Attributes:
        home: SNOWFLAKE_HOME for its clients.
        url: Where the Snowflake side answers.
        prefect_api_url: Where Prefect answers; 503 until it is up. None without Prefect.
        connections: The names of the saved connections.
        control_token: What the endpoints under `/sandbox` ask for.
        pid: The child.
    """

    home: Path
    url: str
    prefect_api_url: str | None
    connections: tuple[str, ...]
    control_token: str = field(repr=False)
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self.process.pid

    def stop(self, *, wait: bool = True) -> None:
        """Have it end and remove everything.

        Args:
            wait: Return when nothing is left; otherwise at once, and it ends by itself.
        """
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        if not wait:
            return
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Its guardian sweeps up what a killed sandbox leaves.
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def launch(
    *,
    fleet: str = "demo",
    services: int | None = None,
    accounts: int | None = None,
    heartbeat: int | None = None,
    speed: str = "demo",
    prefect: bool = True,
    within: float = READY_SECONDS,
) -> LaunchedSandbox:
    """Start a sandbox and return when clients can connect; Prefect comes up later.

    The child ends, and removes everything, when this process does, whichever way that ends.

    Args:
        fleet: `demo`, `empty` or `simulated`.
        services: How many, in a simulated fleet.
        accounts: How many, in a simulated fleet.
        heartbeat: Of a simulated fleet's workers, in seconds.
        speed: `instant`, `demo` or `realistic`.
        prefect: Whether there is a Prefect server.
        within: How many seconds it may take.

    Raises:
        SandboxStartError: It did not start.
    """
    command = [sys.executable, "-m", "spcs_worker_tui.sandbox", "serve", "--for-parent"]
    command += ["--fleet", fleet, "--speed", speed]
    if services is not None:
        command += ["--services", str(services)]
    if accounts is not None:
        command += ["--accounts", str(accounts)]
    if heartbeat is not None:
        command += ["--heartbeat", str(heartbeat)]
    if not prefect:
        command.append("--no-prefect")
    with tempfile.TemporaryFile() as complaints:
        process = _spawn(command, complaints)
        try:
            ready = _read_ready(process, within)
        except SandboxStartError:
            process.kill()
            process.wait()
            complaints.seek(0)
            last = complaints.read().decode(errors="replace").strip().splitlines()[-1:]
            reason = last[0] if last else f"it said nothing within {within:g} s"
            raise SandboxStartError(f"The sandbox did not start: {reason}") from None
    return LaunchedSandbox(
        home=Path(ready["home"]),
        url=ready["url"],
        prefect_api_url=ready["prefect_api_url"],
        connections=tuple(ready["connections"]),
        control_token=ready["control_token"],
        process=process,
    )


def _spawn(command: Sequence[str], complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
        command,
        # Its end of input is our end, however we end.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        # A Ctrl-C in the terminal is for us to decide about.
        start_new_session=True,
    )


def _read_ready(process: subprocess.Popen[bytes], within: float) -> dict[str, Any]:
    """The one line that it writes once clients can connect."""
    assert process.stdout is not None
    deadline = time.monotonic() + within
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise SandboxStartError
        # Past Python's buffer, of which `select` knows nothing.
        chunk = os.read(process.stdout.fileno(), _CHUNK)
        if not chunk:
            raise SandboxStartError
        line += chunk
    ready: dict[str, Any] = json.loads(line)
    return ready
