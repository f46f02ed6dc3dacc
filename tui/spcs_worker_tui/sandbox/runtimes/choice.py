"""Which runtime runs which image."""

from __future__ import annotations

from collections.abc import Callable, Container

from spcs_worker_tui.sandbox.runtimes.base import PUSHED, Runtime


class RuntimeChoice:
    """By what is known of the image.

    An image that came through the registry is run by a container engine, and by nothing else:
    without one it cannot start. An image that the sandbox was born with has no content; it is run
    as the process that it stands for, or only played. So a sandbox in which nobody pushes needs no
    engine, and an engine on the machine changes nothing for it.

    Args:
        known: Names (`Image.command`) that `first` can run, for example a `KnownImages`.
        first: Runs those.
        otherwise: Runs everything else; usually the simulated runtime.
        pushed: Makes the runtime of pushed images, when the first of them is to run.
    """

    def __init__(
        self,
        known: Container[str],
        first: Runtime,
        otherwise: Runtime,
        pushed: Callable[[], Runtime] | None = None,
    ) -> None:
        self._known = known
        self._first = first
        self._otherwise = otherwise
        self._make = pushed
        self._pushed: Runtime | None = None

    def runtime_for(self, command_name: str) -> Runtime:
        """The one that runs images with this `Image.command`."""
        if command_name == PUSHED and self._make is not None:
            self._pushed = self._pushed or self._make()
            return self._pushed
        return self._first if command_name in self._known else self._otherwise

    async def close(self) -> None:
        """Close all."""
        await self._first.close()
        if self._otherwise is not self._first:
            await self._otherwise.close()
        if self._pushed is not None:
            await self._pushed.close()
