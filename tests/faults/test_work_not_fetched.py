"""The loop of a worker that fetches work has frozen, and the one that beats has not."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from spcs_worker_tui.domain.verdict import Health
from support.faults import OTHERS, VICTIM, Bench, Watched, checked, watched


@pytest.fixture
def late_run(bench: Bench) -> Iterator[str]:
    """A flow run that should have begun two minutes ago; played workers fetch none."""
    flow = bench.prefect("/flows/", {"name": f"flow-{uuid.uuid4()}"})
    deployment = bench.prefect(
        "/deployments/", {"name": "d", "flow_id": flow["id"], "work_pool_name": VICTIM}
    )
    due = datetime.now(UTC) - timedelta(minutes=2)
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": due.isoformat()}}
    run = bench.prefect(f"/deployments/{deployment['id']}/create_flow_run", {"state": state})
    yield run["id"]
    taken(bench, run["id"])


def taken(bench: Bench, run: str) -> None:
    body = {"state": {"type": "COMPLETED", "name": "Completed"}, "force": True}
    bench.prefect(f"/flow_runs/{run}/set_state", body)


async def test_late_runs_tell_that_nobody_fetches_work(bench: Bench, late_run: str) -> None:
    async with watched(bench, well=OTHERS) as fleet:
        await fleet.until(lambda now: "Beats but does not fetch work: 1 late" in now.said())
        report, printed = await checked()
        assert all(map(fleet.is_well, OTHERS))
        taken(bench, late_run)
        await fleet.until(Watched.all_well)
    assert report.health is Health.DEGRADED
    assert "Beats but does not fetch work: 1 late" in printed
