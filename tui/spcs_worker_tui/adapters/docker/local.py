"""The port `LocalEngine` on a Docker engine: runs one container as the service would run it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from spcs_worker_tui.adapters.docker.engine import ANSWER_SECONDS
from spcs_worker_tui.adapters.docker.threads import Stop, in_thread
from spcs_worker_tui.domain.local import (
    STOP_SECONDS,
    HttpProbe,
    LocalContainer,
    LocalState,
    ProbeAnswer,
)

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.docker.local_client import LocalClient

_CLIENT = "spcs_worker_tui.adapters.docker.local_client"

Value = TypeVar("Value")


class LocalDocker:
    """Implements the port `LocalEngine`: the engine that `docker` itself would use.

    Args:
        answer_seconds: How long the engine may take to answer at all.
    """

    def __init__(self, *, answer_seconds: int = ANSWER_SECONDS) -> None:
        self._answer_seconds = answer_seconds

    async def state(self, name: str) -> LocalState | None:
        """The container of that name, or None; see the port."""
        return await self._call(lambda client, _: client.state(name))

    async def start(self, container: LocalContainer) -> None:
        """Create it and start it; see the port."""
        await self._call(lambda client, _: client.start(container))

    async def probe(self, name: str, probe: HttpProbe) -> ProbeAnswer:
        """Ask once, from within the container; see the port."""
        return await self._call(lambda client, _: client.probe(name, probe))

    async def log(self, name: str, say: Callable[[str], None], *, follow: bool, last: int) -> None:
        """Say its last lines; see the port."""
        loop = asyncio.get_running_loop()

        def told(line: str) -> None:
            try:
                loop.call_soon_threadsafe(say, line)
            except RuntimeError:  # the loop has ended, and whoever listened with it
                return

        await self._call(lambda client, stop: client.log(name, told, stop, follow, last))
        await asyncio.sleep(0)  # what was said last is said before this returns

    async def stop(self, name: str) -> int | None:
        """End it and remove it; see the port."""
        return await self._call(lambda client, _: client.stop(name), more=STOP_SECONDS)

    async def _call(self, call: Callable[[LocalClient, Stop], Value], more: int = 0) -> Value:
        def work(stop: Stop) -> Value:
            # Importing the SDK takes a fifth of a second.
            module = import_module(_CLIENT)
            with module.connected(self._answer_seconds + more) as client:
                stop.check()
                return call(client, stop)

        return await in_thread(work)
