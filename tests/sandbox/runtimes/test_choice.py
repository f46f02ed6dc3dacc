from __future__ import annotations

from spcs_worker_tui.sandbox.clock import WallClock
from spcs_worker_tui.sandbox.runtimes.base import PUSHED
from spcs_worker_tui.sandbox.runtimes.choice import RuntimeChoice
from spcs_worker_tui.sandbox.runtimes.simulated import SimulatedRuntime


class Counting:
    """Makes runtimes, and knows how many."""

    def __init__(self) -> None:
        self.made: list[SimulatedRuntime] = []

    def __call__(self) -> SimulatedRuntime:
        self.made.append(SimulatedRuntime(WallClock()))
        return self.made[-1]


async def test_what_was_pushed_goes_to_the_engine_and_nothing_else_does():
    first, otherwise, engines = (
        SimulatedRuntime(WallClock()),
        SimulatedRuntime(WallClock()),
        Counting(),
    )
    choice = RuntimeChoice({"prefect-worker"}, first, otherwise, engines)
    assert choice.runtime_for("prefect-worker") is first
    assert choice.runtime_for("sim-worker") is otherwise
    assert choice.runtime_for("") is otherwise
    assert engines.made == []
    assert choice.runtime_for(PUSHED) is choice.runtime_for(PUSHED)
    assert choice.runtime_for(PUSHED) is engines.made[0]
    assert len(engines.made) == 1
    await choice.close()


async def test_without_an_engine_everything_else_still_runs():
    runtime = SimulatedRuntime(WallClock())
    choice = RuntimeChoice(set(), runtime, runtime)
    assert choice.runtime_for(PUSHED) is runtime
    await choice.close()
