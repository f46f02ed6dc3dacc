"""A Prefect API that is well, for breaking one thing of it."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime
from typing import Any

from support.prefect_stub import WELL, Reply, Request

WORKER = "analytics.prefect.ingest.0"


class Api:
    """What a stub answers; `answers` and `auth_string` may be changed while it serves."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = copy.deepcopy(WELL)
        self.auth_string = ""
        self.beat(datetime.now(UTC))
        self.runs_on("3.8.8")

    def beat(self, at: datetime) -> None:
        """When its worker beat last."""
        self.answers["/work_pools/spcs/workers/filter"][0]["last_heartbeat_time"] = at.isoformat()

    def runs_on(self, version: str) -> None:
        """Which Prefect its worker has."""
        resource = {
            "prefect.resource.id": "prefect.worker.process.ingest",
            "prefect.resource.name": WORKER,
            "prefect.version": version,
        }
        event = {"event": "prefect.worker.started", "resource": resource, "related": []}
        self.answers["/events/filter"] = {"events": [event]}

    def __call__(self, request: Request) -> Reply:
        wanted = base64.b64encode(self.auth_string.encode()).decode()
        if self.auth_string and request.headers.get("authorization") != f"Basic {wanted}":
            return Reply(401, {"exception_message": "Unauthorized"})
        found = self.answers.get(request.path.partition("?")[0])
        if found is None:
            return Reply(404, {"detail": 'Work pool "spcs" not found.'})
        return Reply(content=json.dumps(found).encode())
