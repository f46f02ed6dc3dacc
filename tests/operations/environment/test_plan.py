"""Environment variables changed against the sandbox, with the real connector."""

from __future__ import annotations

from spcs_worker_tui.domain.environment import (
    RenameVariable,
    SetVariable,
    UnsetVariable,
)
from support.environments import done, planned, shown
from support.updating import UpdateBench, ends

    "yes",
    "012",
    "null",
    ": ",
    "$$",
    "1.10",
    "- a",
    "#x",
    "",
    " x ",
    "a\nb\n",
    "é\t'\"\\",
    "{}",
)


async def test_everything_about_literals_in_one_plan(bench: UpdateBench) -> None:
    await bench.create()

    change = await planned(
        bench,
        SetVariable("LEVEL", "DEBUG"),
        SetVariable("NEW", "1.10"),
        RenameVariable("PREFECT_WORK_POOL", "PREFECT_WORK_POOLS"),
        UnsetVariable("GONE"),
    )

    assert set(change.plan.differences) == {
        "worker: variable LEVEL: 'INFO' -> 'DEBUG'",
        "worker: variable PREFECT_WORK_POOLS added: 'spcs'",
        "worker: variable NEW added: '1.10'",
        "worker: variable PREFECT_WORK_POOL removed (was 'spcs')",
    }
    assert "There is no variable GONE in container worker." in change.plan.warnings
    events = await done(change)
    assert ends(events) == ["specification done", "rollout done", "heartbeats done"]
    assert await shown(bench) == {
        "PREFECT_API_URL": "http://127.0.0.1:4200/api",
        "PREFECT_WORK_POOLS": "spcs",
        "LEVEL": "DEBUG",
        "NEW": "1.10",
    }
    again = await planned(bench, SetVariable("LEVEL", "DEBUG"))
    assert again.plan.is_empty
