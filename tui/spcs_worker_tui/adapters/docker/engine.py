"""The port `ImageEngine` on a Docker engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from spcs_worker_tui.adapters.docker.threads import Stop, in_thread

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.docker.client import Client
    from spcs_worker_tui.domain.building import BuildRequest, LocalImage, Progress, Report
    from spcs_worker_tui.domain.keys import Secret

_CLIENT = "spcs_worker_tui.adapters.docker.client"
ANSWER_SECONDS = 20
"""For what the engine answers at once."""
SILENCE_SECONDS = 1800
"""A step of a Dockerfile, or a layer on its way, may say nothing for so long."""

Value = TypeVar("Value")


class DockerEngine:
    """Implements the port `ImageEngine`: the engine that `docker` itself would use.

    That is `DOCKER_HOST`, or the current context of `docker context`, or the usual socket.

    Args:
        answer_seconds: How long the engine may take to answer at all.
        silence_seconds: How long a build or a push may say nothing.
    """

    def __init__(
        self,
        *,
        answer_seconds: int = ANSWER_SECONDS,
        silence_seconds: int = SILENCE_SECONDS,
    ) -> None:
        self._answer_seconds = answer_seconds
        self._silence_seconds = silence_seconds

    async def image(self, name: str) -> LocalImage | None:
        """The image of that name or id, or None; see the port."""
        return await self._call(lambda client, _: client.image(name))

    async def build(self, request: BuildRequest, report: Report) -> LocalImage:
        """Build it; see the port."""
        told = _on_the_loop(report)
        return await self._call(lambda client, stop: client.build(request, told, stop))

    async def push(self, image: str, reference: str, password: Secret, report: Report) -> str:
        """Push it; see the port."""
        told = _on_the_loop(report)
        return await self._call(
            lambda client, stop: client.push(image, reference, password, told, stop)
        )

    async def _call(self, call: Callable[[Client, Stop], Value]) -> Value:
        def work(stop: Stop) -> Value:
            # Importing the SDK takes a fifth of a second.
            module = import_module(_CLIENT)
            with module.connected(self._answer_seconds, self._silence_seconds) as client:
                stop.check()
                return call(client, stop)

        return await in_thread(work)


def _on_the_loop(report: Report) -> Report:
    loop = asyncio.get_running_loop()

    def told(progress: Progress) -> None:
        try:
            loop.call_soon_threadsafe(report, progress)
        except RuntimeError:  # the loop has ended, and whoever listened with it
            return

    return told
