"""Blocking work of a library in a thread that nobody has to wait for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


async def in_daemon_thread(work: Callable[[], Value], name: str) -> Value:
    """As `asyncio.to_thread`, in a thread that does not keep the program from ending.

    What hangs, an engine or a keyring, would. Whoever is cancelled leaves it to itself.

    Args:
        work: What it raises is raised here.
        name: Of the thread.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Value] = loop.create_future()

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
            result = work()
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits
            problem = error
        try:
            loop.call_soon_threadsafe(settle, result, problem)
        except RuntimeError:  # the loop has ended, and whoever waited with it
            return

    threading.Thread(target=run, name=name, daemon=True).start()
    return await answer
