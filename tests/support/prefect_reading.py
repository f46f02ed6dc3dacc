"""One look at a stand-in for a Prefect API."""

from __future__ import annotations

from typing import Any

from spcs_worker_tui.adapters.prefect.credentials import Credentials
from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.adapters.prefect.reader import ApiReader
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkPoolSnapshot
from support.prefect_stub import PrefectStub


def api_reader(stub: PrefectStub, **credentials: Any) -> ApiReader:
    return ApiReader(PrefectHttp(stub.api_url, Credentials(**credentials)))


async def look(stub: PrefectStub, **credentials: Any) -> WorkPoolSnapshot:
    """At the work pool `spcs`."""
    reader = api_reader(stub, **credentials)
    try:
        return await reader.work_pool(WorkPoolKey(stub.api_url, "spcs"))
    finally:
        await reader.close()
