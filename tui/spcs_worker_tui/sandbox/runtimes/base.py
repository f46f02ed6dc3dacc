"""The one interface between the reconciler and whatever runs a container."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

PUSHED: Final = "pushed image"
"""`Image.command` of an image that came through the registry and has its content there."""

LogSink = Callable[[datetime, str], None]
"""Takes one line (without its newline) and when it was written; stdout and stderr alike."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run: one life of one container."""

    account: str
    database: str
    schema: str
    service: str
    instance_id: int
    container: str
    image: str
    image_digest: str
    command_name: str
    """Of `Image.command`: what the registry of known images has for this image."""
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Everything: the platform's variables, the spec's, and the secrets' values."""
    ip_address: str = ""
    """The instance's address; unique in the sandbox. The process runtime binds to it."""
    memory_limit_bytes: int | None = None
    cpu_limit: float | None = None
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets delivered as files: absolute path in the container -> content (contract 3.2)."""
    session_directory: str | None = "/snowflake/session"
    """Where the session token is kept fresh, or None (`mountSessionToken: false`)."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a life ended."""

    code: int
    oom_killed: bool = False


class RunningContainer(Protocol):
    """A life that was started."""

    async def wait(self) -> Exit:
        """Return when it has ended; may be awaited by several at once."""

    def terminate(self) -> None:
        """SIGTERM to the container's main process."""

    def kill(self) -> None:
        """SIGKILL to everything in it; after this `wait` returns soon."""

    async def probe(self, port: int, path: str) -> int | None:
        """HTTP GET as the readiness probe does it: the status code, or None for no answer."""

    def write_files(self, files: Mapping[str, str]) -> None:
        """Replace the contents of `Launch.files` in place, as after ALTER SECRET."""


class ImageNotPulledError(OSError):
    """The node has not got the image, and could not fetch it (contract 2.3: failed to pull)."""


class Runtime(Protocol):
    """Starts containers."""

    name: str

    async def start(self, launch: Launch, log: LogSink) -> RunningContainer:
        """Start one life.

        Raises:
            ImageNotPulledError: Its image could not be fetched now; later it may be.
            OSError: It cannot be started at all (contract 2.3: fatal error while starting).
        """

    async def close(self) -> None:
        """End everything that still runs."""


class Runtimes(Protocol):
    """Which runtime has an image."""

    def runtime_for(self, command_name: str) -> Runtime:
        """The one that runs images with this `Image.command`."""
