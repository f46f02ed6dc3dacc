"""Blocking calls in threads: what they answer and raise arrives; who is cancelled stops them."""

from __future__ import annotations

import asyncio
import threading

import pytest

from spcs_worker_tui.adapters.docker.threads import Stop, in_thread


async def test_the_answer_and_the_error_arrive() -> None:
    assert await in_thread(lambda stop: stop.is_set) is False

    def fail(_: Stop) -> None:
        raise OSError("no engine")

    with pytest.raises(OSError, match="no engine"):
        await in_thread(fail)


async def test_who_is_cancelled_stops_the_call() -> None:
    began, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    seen: list[Stop] = []

    def hang(stop: Stop) -> None:
        seen.append(stop)
        loop.call_soon_threadsafe(began.set)
        ended.wait(20)

    waiting = asyncio.create_task(in_thread(hang))
    await began.wait()
    assert not seen[0].is_set
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert seen[0].is_set
    ended.set()
