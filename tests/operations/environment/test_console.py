"""What the dashboard holds: the console reads variables, plans edits and applies them."""

from __future__ import annotations

from pathlib import Path

import pytest

from spcs_worker_tui.domain.environment import EditEnvironment, SetSecret, SetVariable
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.wiring.console import open_console
from spcs_worker_tui.wiring.doctor import make_doctor
from support.environments import edit
from support.updating import KEY, UpdateBench

NAME = ("D", "S", "WORKER_A")


async def test_from_the_list_to_the_change(
    bench: UpdateBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPCS_WORKER_TUI_STATE_DIR", str(tmp_path / "state"))
    await bench.create()
    await edit(bench, SetSecret("A", Secret("first-value")))
    console = await open_console(["dev"], make_doctor=make_doctor)
    try:
        async for picture in console.watch():
            if picture.snapshot.service(KEY) is not None:
                break
        read = await console.environment(KEY)
        assert [row.name for row in read.of("worker")][-1] == "A"

        several = (SetVariable("LEVEL", "DEBUG"), SetVariable("B", ""))
        plan = await console.plan(EditEnvironment(KEY, several, spec_digest=read.spec_digest))
        assert [step.id for step in plan.steps] == ["specification", "rollout", "heartbeats"]

        wish = EditEnvironment(KEY, (SetSecret("A", Secret("second-value")),), restart=True)
        plan = await console.plan(wish)
        states = [event.state async for event in console.apply(plan)]
        assert states.count(StepState.DONE) == len(plan.steps)
        assert bench.lab.account.secrets[NAME].values["secret_string"] == "second-value"
        assert "second-value" not in repr(await console.audit_entries())
    finally:
        await console.close()
