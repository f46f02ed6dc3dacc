"""Whatever JSON a Prefect API answers is read or refused."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spcs_worker_tui.domain.errors import (
    PrefectError,
)
from support.prefect_reading import look
from support.prefect_stub import WELL, Reply, Request, prefect_stub, well

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def _odd_row(names: list[str]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON))


NAMES = [
    *("name", "type", "status", "is_paused", "concurrency_limit", "active_slots", "created"),
    *("last_heartbeat_time", "heartbeat_interval_seconds", "last_polled", "id", "flow_id"),
    *("labels", "start_time", "end_time", "expected_start_time", "events", "resource"),
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    path=st.sampled_from(sorted(WELL)),
    odd=JSON | _odd_row(NAMES) | st.lists(_odd_row(NAMES), max_size=3),
)
def test_odd_json_is_read_or_refused(path: str, odd: Any) -> None:
    """Whatever JSON comes, it is a snapshot or one of our errors; nothing else is ever raised."""
    content = json.dumps(odd).encode()

    def answer(request: Request) -> Reply:
        return Reply(content=content) if request.path == path else well(request)

    async def run() -> None:
        async with prefect_stub(answer) as stub:
            try:
                seen = await look(stub)
            except PrefectError:
                return
            assert seen.key.name == "spcs"
            assert all(worker.interval > timedelta() for worker in seen.workers)

    asyncio.run(run())
