"""Gives the Prefect server work to do: work pools, deployments, schedules; over plain REST."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx

from spcs_worker_tui.sandbox.prefect.wishes import Deployment, WorkPool

__all__ = ["Deployment", "Seeder", "WorkPool"]

_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
TIMEOUT_SECONDS = 30.0
_KEPT_SECONDS = 2.0
"""The server lets go of an idle connection after 5 s; one used again just then has no answer."""


class Seeder:
    """Creates things; whatever exists already stays as it is.

    Args:
        api_url: As in PREFECT_API_URL.
        auth_string: `user:password`, if the server asks for it.
    """

    def __init__(self, api_url: str, auth_string: str | None = None) -> None:
        auth = None if auth_string is None else tuple(auth_string.split(":", 1))
        self._http = httpx.AsyncClient(
            base_url=api_url,
            timeout=TIMEOUT_SECONDS,
            auth=(auth[0], auth[1]) if auth is not None else None,
            limits=httpx.Limits(keepalive_expiry=_KEPT_SECONDS),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def request(self, method: str, path: str, body: object = None) -> httpx.Response:
        """One request, again when the server says 503: SQLite is locked now and then (5.4).

        Raises:
            httpx.HTTPStatusError: Any other refusal than 409 (it exists already).
        """
        for delay in (*_RETRY_SECONDS, None):
            response = await self._http.request(method, path, json=body)
            if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE or delay is None:
                break
            await asyncio.sleep(delay)
        if response.status_code != HTTPStatus.CONFLICT:
            response.raise_for_status()
        return response

    async def create_work_pool(self, pool: WorkPool) -> None:
        """Create a `process` work pool; its first worker fills in the job template."""
        await self.request(
            "POST",
            "/work_pools/",
            {
                "name": pool.name,
                "type": "process",
                "description": pool.description,
                "concurrency_limit": pool.concurrency_limit,
                "is_paused": pool.is_paused,
            },
        )

    async def create_deployment(self, deployment: Deployment) -> str:
        """Create or update a deployment and its flow; returns the deployment's id."""
        flow = (await self.request("POST", "/flows/", {"name": deployment.flow})).json()
        answer = await self.request(
            "POST",
            "/deployments/",
            {
                "name": deployment.name,
                "flow_id": flow["id"],
                "work_pool_name": deployment.work_pool,
                "entrypoint": deployment.entrypoint,
                "parameters": dict(deployment.parameters),
                "tags": list(deployment.tags),
                "description": deployment.description,
                "schedules": _schedules(deployment),
                "enforce_parameter_schema": False,
            },
        )
        return str(answer.json()["id"])

    async def run(
        self, deployment_id: str, parameters: Mapping[str, Any] | None = None, **more: Any
    ) -> str:
        """Ask for one run of a deployment; returns its id."""
        answer = await self.request(
            "POST",
            f"/deployments/{deployment_id}/create_flow_run",
            {"parameters": dict(parameters or {}), **more},
        )
        return str(answer.json()["id"])


def _schedules(deployment: Deployment) -> Sequence[Mapping[str, object]]:
    if deployment.every_seconds is None:
        return []
    anchor = datetime.now(UTC) + timedelta(seconds=deployment.starts_in_seconds)
    interval = {"interval": deployment.every_seconds, "anchor_date": anchor.isoformat()}
    return [{"active": True, "schedule": interval}]
