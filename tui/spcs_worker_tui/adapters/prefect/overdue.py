"""Runs that should have started, and that nobody has marked as late."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.adapters.prefect.rows import as_count

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
    from spcs_worker_tui.domain.prefect import WorkPoolKey


async def overdue_runs(credentials: CredentialFinder, key: WorkPoolKey, before: datetime) -> int:
    """How many runs of a pool are `Scheduled` though their time came before that moment.

    The server's late-runs service calls such a run Late 15 s after its time (prefect-contract
    2.5), unless it does not run (5.2).

    Args:
        credentials: Where to find what is saved for the API.
        key: Which pool.
        before: On the server's clock.

    Raises:
        PrefectError: One of its kinds.
    """
    http = PrefectHttp(key.api_url, await credentials.find_everywhere(key.api_url))
    body = {
        "work_pools": {"name": {"any_": [key.name]}},
        "flow_runs": {
            "state": {"name": {"any_": ["Scheduled"]}},
            "next_scheduled_start_time": {"before_": before.isoformat()},
        },
    }
    try:
        return as_count((await http.post("/flow_runs/count", body)).content)
    finally:
        await http.close()
