"""Blocking calls that can be stopped, in threads that nobody waits for at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

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
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Value] = loop.create_future()
    stop = Stop()

    def settle(result: Value | None, error: BaseException | None) -> None:
        if answer.done():  # nobody waits any more
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)  # type: ignore[arg-type] # with no error it is a Value

    def run() -> None:
        result, problem = None, None
        try:
            result = work(stop)
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits
            problem = error
        try:
            loop.call_soon_threadsafe(settle, result, problem)
        except RuntimeError:  # the loop has ended, and whoever waited with it
            return

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        return await answer
    finally:
        if not answer.done() or answer.cancelled():
            stop.set()
