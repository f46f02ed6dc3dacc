"""Which Prefect APIs there are to choose from, and what is behind one that was chosen."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder, Credentials
from spcs_worker_tui.adapters.prefect.http import PrefectHttp
from spcs_worker_tui.adapters.prefect.proof import prove_with
from spcs_worker_tui.domain.errors import PrefectGarbledError, PrefectUnauthorizedError
from spcs_worker_tui.domain.keys import KeyKind
from spcs_worker_tui.domain.prefect_places import (
    CLOUD_API_URL,
    ActiveProfile,
    PoolChoice,
    PrefectAccess,
    PrefectProof,
    Workspace,
)
from spcs_worker_tui.domain.text import one_line

_CLOUD_VARIABLE = "PREFECT_CLOUD_API_URL"
_TYPED = "what was typed"
_MOST_POOLS = 200
_PARTS = ("account_id", "workspace_id", "account_handle", "workspace_handle")


class PrefectDirectory:
    """Implements the port of that name.

    Args:
        finder: For the APIs whose key was saved before.
        environ: Says where Prefect Cloud is, for those who reach it by another name.
    """

    def __init__(self, finder: CredentialFinder, environ: Mapping[str, str] = os.environ) -> None:
        self._finder = finder
        self._cloud = (environ.get(_CLOUD_VARIABLE) or CLOUD_API_URL).strip().rstrip("/")

    async def workspaces(self, access: PrefectAccess) -> Sequence[Workspace]:
        """`GET /me/workspaces` (prefect-contract 1.2); see the port."""
        http = PrefectHttp(self._cloud, await self._credentials(access))
        try:
            content = (await http.get("/me/workspaces")).content
        except PrefectUnauthorizedError as error:
            raise PrefectUnauthorizedError(
                "Prefect Cloud refuses this key",
                next_step="Make one in Prefect Cloud under 'API Keys'; it begins with pnu_.",
            ) from error
        finally:
            await http.close()
        if not isinstance(content, list) or not all(map(_is_workspace, content)):
            raise PrefectGarbledError(
                "Prefect Cloud answered something else than a list of workspaces",
                next_step=f"Check {_CLOUD_VARIABLE}, if it is set.",
            )
        return tuple(self._workspace(row) for row in content)

    def _workspace(self, row: Mapping[str, Any]) -> Workspace:
        account, workspace, *handles = (one_line(row[part], 200) for part in _PARTS)
        return Workspace(
            "/".join(handles),
            f"{self._cloud}/accounts/{account}/workspaces/{workspace}",
            one_line(str(row.get("workspace_description") or ""), 200),
        )

    def active(self) -> ActiveProfile | None:
        """What Prefect's own tools use now; see the port."""
        return self._finder.active()

    async def test(self, access: PrefectAccess) -> PrefectProof:
        """Ask with the key, and without it; see the port."""
        found = await self._credentials(access)
        words = await prove_with(found, access.api_url)
        kind = KeyKind.AUTH_STRING if found.auth_string else KeyKind.API_KEY
        return PrefectProof(words, kind if found.auth_string or found.api_key else None)

    async def work_pools(self, access: PrefectAccess) -> Sequence[PoolChoice]:
        """`POST /work_pools/filter`; see the port."""
        http = PrefectHttp(access.api_url, await self._credentials(access))
        try:
            content = (await http.post("/work_pools/filter", {"limit": _MOST_POOLS})).content
        finally:
            await http.close()
        rows = content if isinstance(content, list) else ()
        return tuple(_pool(row) for row in rows if isinstance(row, dict) and row.get("name"))

    async def _credentials(self, access: PrefectAccess) -> Credentials:
        if access.secret is None:
            return await self._finder.find_everywhere(access.api_url)
        return Credentials().with_key(access.key.kind, access.secret, _TYPED)


def _is_workspace(row: object) -> bool:
    return isinstance(row, dict) and all(isinstance(row.get(part), str) for part in _PARTS)


def _pool(row: Mapping[str, Any]) -> PoolChoice:
    return PoolChoice(
        name=one_line(str(row["name"]), 200),
        kind=one_line(str(row.get("type") or ""), 60),
        status=one_line(str(row.get("status") or ""), 60),
        is_paused=bool(row.get("is_paused")),
    )
