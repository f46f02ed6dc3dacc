"""Which runtime runs which image."""

from __future__ import annotations

from collections.abc import Container

from spcs_worker_tui.sandbox.runtimes.base import Runtime


class RuntimeChoice:
    """One runtime for the images it knows, another for all the rest.

    Args:
        known: Names (`Image.command`) that `first` can run, for example a `KnownImages`.
        first: Runs those.
        otherwise: Runs everything else; usually the simulated runtime.
    """

    def __init__(self, known: Container[str], first: Runtime, otherwise: Runtime) -> None:
        self._known = known
        self._first = first
        self._otherwise = otherwise

    def runtime_for(self, command_name: str) -> Runtime:
        """The one that runs images with this `Image.command`."""
        return self._first if command_name in self._known else self._otherwise

    async def close(self) -> None:
        """Close both."""
        await self._first.close()
        if self._otherwise is not self._first:
            await self._otherwise.close()
