"""Scripted containers."""

from __future__ import annotations

import asyncio

import pytest

from spcs_worker_tui.sandbox.clock import ManualClock
from spcs_worker_tui.sandbox.runtimes.base import Exit, Launch
from spcs_worker_tui.sandbox.runtimes.simulated import (
    BEHAVIOURS,
    Behaviour,
    SimulatedContainer,
    SimulatedRuntime,
)


class Stage:
    def __init__(self, **behaviours: Behaviour) -> None:
        self.clock = ManualClock()
        self.runtime = SimulatedRuntime(self.clock, behaviours)
        self.lines: list[tuple[float, str]] = []
        self.began = self.clock.now()

    async def play(self, name: str) -> SimulatedContainer:
        launch = Launch("org-acct", "DB", "SCH", "SVC", 3, "main", "img", "sha256:0", name)
        return await self.runtime.start(
            launch,
            lambda at, text: self.lines.append(((at - self.began).total_seconds(), text)),
        )


async def test_lines_in_turn_until_it_ends() -> None:
    script = Behaviour(
        first_lines=("{service}/{instance_id}",),
        lines=("a{count}", "b{count}"),
        seconds_per_line=2,
        last_lines=("bye",),
        exit_after=7,
        exit_code=4,
    )
    stage = Stage(chatty=script)
    container = await stage.play("chatty")
    await stage.clock.advance(100)
    assert stage.lines == [
        (0.0, "SVC/3"),
        (2.0, "a1"),
        (4.0, "b2"),
        (6.0, "a3"),
        (7.0, "bye"),
    ]
    assert await container.wait() == Exit(4)


async def test_ready_after_a_while_then_gone() -> None:
    stage = Stage(slow=Behaviour(ready_after=3))
    container = await stage.play("slow")
    assert await container.probe(8080, "/") == 503
    await stage.clock.advance(3)
    assert await container.probe(8080, "/") == 200
    container.kill()
    assert await container.probe(8080, "/") is None
    assert await container.wait() == Exit(137)


async def test_sigterm_obeyed_after_a_while_or_never() -> None:
    stage = Stage(
        polite=Behaviour(stop_seconds=2, stop_code=0), rude=Behaviour(obeys_sigterm=False)
    )
    polite, rude = await stage.play("polite"), await stage.play("rude")
    polite.terminate()
    rude.terminate()
    await stage.clock.advance(1.9)
    assert not polite.ended.done()
    await stage.clock.advance(0.1)
    assert await polite.wait() == Exit(0)
    await stage.clock.advance(1000)
    assert not rude.ended.done()


async def test_several_may_wait_and_one_may_give_up() -> None:
    stage = Stage(idle=Behaviour())
    container = await stage.play("idle")
    first, second = (asyncio.create_task(container.wait()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    container.crash(9)
    assert await second == Exit(9)
    assert first.cancelled()


async def test_close_ends_all() -> None:
    stage = Stage(chatty=Behaviour(lines=("x",)))
    container = await stage.play("chatty")
    await stage.runtime.close()
    await stage.clock.advance(100)
    assert container.ended.done()
    assert stage.lines == []


async def test_the_built_in_scripts_play() -> None:
    stage = Stage(**BEHAVIOURS)
    for name, behaviour in BEHAVIOURS.items():
        if behaviour.can_start:
            await stage.play(name)
        else:
            with pytest.raises(OSError, match="cannot be started"):
                await stage.play(name)
    await stage.clock.advance(60)
    assert any("Worker 'SVC-3' started!" in text for _, text in stage.lines)
