"""Blocking calls that can be stopped, in threads that nobody waits for at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from spcs_worker_tui.adapters.daemon_thread import in_daemon_thread

Value = TypeVar("Value")


class StoppedError(Exception):
    """Nobody wants the answer any more."""


class Stop:
    """Tells a call in another thread to end, and cuts off what it waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_set = False
        self._cut: Callable[[], None] | None = None

    @property
    def is_set(self) -> bool:
        """Whether it has to end."""
        return self._is_set

    def check(self) -> None:
        """Nothing, or the end of the call.

        Raises:
            StoppedError: It has to end.
        """
        if self._is_set:
            raise StoppedError

    def cuts_by(self, cut: Callable[[], None] | None) -> None:
        """From now on this is what ends the waiting; None: nothing does."""
        with self._lock:
            self._cut = cut
            late = self._is_set
        if late and cut is not None:
            cut()

    def set(self) -> None:
        """End it."""
        with self._lock:
            if self._is_set:
                return
            self._is_set = True
            cut = self._cut
        if cut is not None:
            cut()


async def in_thread(work: Callable[[Stop], Value], name: str = "docker") -> Value:
    """As `asyncio.to_thread`, in a thread that is stopped when the caller is cancelled.

    The thread does not keep the program from ending: an engine that hangs would.
    """
    stop = Stop()
    try:
        return await in_daemon_thread(lambda: work(stop), name)
    except asyncio.CancelledError:
        stop.set()
        raise
