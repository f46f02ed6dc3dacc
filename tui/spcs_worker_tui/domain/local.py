"""A trial of the worker on this machine: one container, run as the service would run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import Secret

HOST_NETWORK = "host"
STOP_SECONDS = 30
"""Between SIGTERM and SIGKILL, as Snowflake has it (contract 4)."""


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """What decides whether a container is READY: 200 is, anything else is not (contract 3.1)."""

    port: int
    path: str
    period_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class LocalContainer:
    """One container to run.

    Attributes:
        name: Under which the engine knows it; there is at most one of that name.
        image: `name:tag` or an id; it is here already.
        hostname: The worker registers in Prefect under it.
        variables: What the engine may show to everybody who may use it.
        secrets: What it must not show: they are handed to the container alone, when it starts.
        command: In place of the image's ENTRYPOINT; empty: that.
        arguments: In place of the image's CMD.
        memory_bytes: It is killed above that; None: no limit.
        cpus: How many vCPU it may use; None: all.
        network: As in `docker run --network`; empty: what the engine gives it.
    """

    name: str
    image: str
    hostname: str
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    memory_bytes: int | None = None
    cpus: float | None = None
    network: str = ""


@dataclass(frozen=True, slots=True)
class LocalState:
    """What the engine says of a container.

    Attributes:
        image: The image's id.
        exit_code: Of one that does not run any more.
        oom_killed: Whether it ran into its limit of memory.
    """

    image: str
    is_running: bool
    exit_code: int = 0
    oom_killed: bool = False


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What a container answered to its probe.

    Attributes:
        is_ready: Whether that was 200.
        detail: What it said, in words.
    """

    is_ready: bool
    detail: str


class LocalEngine(Protocol):
    """A Docker engine that runs a trial. Every method raises `EngineError` only."""

    async def state(self, name: str) -> LocalState | None:
        """The container of that name, running or not; None where there is none."""

    async def start(self, container: LocalContainer) -> None:
        """Create it and start it; whatever has its name is removed before."""

    async def probe(self, name: str, probe: HttpProbe) -> ProbeAnswer:
        """Ask once, from within the container."""

    async def log(self, name: str, say: Callable[[str], None], *, follow: bool, last: int) -> None:
        """Say its last lines, one after the other; with `follow` go on until it ends."""

    async def stop(self, name: str) -> int | None:
        """SIGTERM, 30 s, SIGKILL; then remove it. Returns its exit code, None: it was not there."""
