"""Gives the Prefect server what a fleet's plan wants of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.prefect.seed import Seeder

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.demo.plan import PrefectPlan


async def sow(api_url: str, plan: PrefectPlan) -> None:
    """Create the work pools, then the deployments, then the flow runs.

    Raises:
        httpx.HTTPError: The server refused, or went away.
    """
    async with Seeder(api_url) as seeder:
        for pool in plan.work_pools:
            await seeder.create_work_pool(pool)
        ids = {}
        for deployment in plan.deployments:
            ids[deployment.name, deployment.work_pool] = await seeder.create_deployment(deployment)
        by_name = {name: deployment_id for (name, _), deployment_id in ids.items()}
        for late in plan.late_runs:
            due = datetime.now(UTC) - late.late_by
            state = {
                "type": "SCHEDULED",
                "state_details": {"scheduled_time": due.isoformat()},
            }
            await seeder.run(by_name[late.deployment], state=state)
        for name in plan.first_runs:
            await seeder.run(by_name[name])
