"""The first questions to Prefect, asked before its library is loaded.

One read tells an unreachable API from refused credentials, from an address that is no Prefect API
and from a missing work pool. The stock worker stays up, 'healthy' and silent, in most of these
cases (prefect-contract 4.2).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from spcs_worker.exits import ExitStatus, WorkerStopped
from spcs_worker.settings import WORKER_TYPE, WorkerSettings

TIMEOUT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 30.0


class NotYetError(Exception):
    """Prefect cannot answer now; asking again later may help.

    Args:
        message: One sentence.
        retry_after: Seconds Prefect asked for, or None.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class WorkPoolFound:
    """The work pool exists and this worker may serve it."""

    is_paused: bool


class PrefectApi:
    """A plain REST client with the worker's credentials."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        headers = dict(settings.custom_headers)
        if settings.api_auth_string:
            token = base64.b64encode(settings.api_auth_string.encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        elif settings.api_key:
            headers["Authorization"] = f"Bearer {settings.api_key}"
        self._http = httpx.AsyncClient(
            headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=False
        )

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()

    async def find_work_pool(self) -> WorkPoolFound | None:
        """Read the work pool; None when it does not exist and may be created.

        Raises:
            NotYetError: Unreachable, busy or failing: ask again.
            WorkerStopped: Asking again would not help.
        """
        settings = self._settings
        pool = await self._get(f"/work_pools/{quote(settings.work_pool, safe='')}")
        if pool is None:
            if settings.create_pool:
                return None
            raise WorkerStopped(
                f"Prefect at {settings.shown_api_url} has no work pool {settings.work_pool!r}: "
                "correct PREFECT_WORK_POOL, create it with `prefect work-pool create --type "
                f"{WORKER_TYPE} …`, or set PREFECT_WORKER_CREATE_POOL=true.",
                ExitStatus.POOL_MISSING,
            )
        if pool.get("type") != WORKER_TYPE:
            raise WorkerStopped(
                f"Work pool {settings.work_pool!r} is of type {pool.get('type')!r}, and this "
                f"worker serves pools of type {WORKER_TYPE!r}: set PREFECT_WORK_POOL to such a "
                "pool.",
                ExitStatus.CONFIG,
            )
        return WorkPoolFound(is_paused=bool(pool.get("is_paused")))

    async def _get(self, path: str) -> dict[str, Any] | None:
        shown = self._settings.shown_api_url
        try:
            response = await self._http.get(self._settings.api_url + path)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise NotYetError(f"cannot reach Prefect at {shown}: {reason}") from error
        status = response.status_code
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise self._refused(status)
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise NotYetError(
                f"Prefect at {shown} answers {status} {response.reason_phrase}".rstrip(),
                _retry_after(response),
            )
        try:
            body = response.json()
        except ValueError:
            body = None
        if status == HTTPStatus.OK and isinstance(body, dict) and "base_job_template" in body:
            return body
        if status == HTTPStatus.NOT_FOUND and isinstance(body, dict):
            detail = str(body.get("detail", ""))
            if "work pool" in detail.lower():
                return None
        raise WorkerStopped(
            f"{shown} answers ({status}), but not as a Prefect API does: check PREFECT_API_URL; a "
            "self-hosted server's ends in /api, and a sign-in page or proxy in between must let "
            "the worker through.",
            ExitStatus.NOT_PREFECT,
        )

    def _refused(self, status: int) -> WorkerStopped:
        name = self._settings.credentials_name
        shown = self._settings.shown_api_url
        if name is None:
            return WorkerStopped(
                f"Prefect at {shown} wants credentials ({status}): give the service a secret as "
                "PREFECT_API_KEY (Prefect Cloud) or PREFECT_API_AUTH_STRING (self-hosted).",
                ExitStatus.REFUSED,
            )
        return WorkerStopped(
            f"Prefect at {shown} refused the credentials in {name} ({status}): correct the "
            "service's secret; a key may have expired or belong to another workspace.",
            ExitStatus.REFUSED,
        )


def _retry_after(response: httpx.Response) -> float | None:
    try:
        seconds = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)
