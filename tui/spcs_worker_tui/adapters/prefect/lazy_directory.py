"""The directory of Prefect APIs, without importing httpx before one is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
    from spcs_worker_tui.adapters.prefect.directory import PrefectDirectory
    from spcs_worker_tui.domain.prefect_places import (
        ActiveProfile,
        PoolChoice,
        PrefectAccess,
        PrefectProof,
        Workspace,
    )

_MODULE = "spcs_worker_tui.adapters.prefect.directory"


class LazyPrefectDirectory:
    """Implements the port `PrefectDirectory`; see `PrefectDirectory` beside it.

    Args:
        finder: For the APIs whose key was saved before.
    """

    def __init__(self, finder: CredentialFinder) -> None:
        self._finder = finder

    async def workspaces(self, access: PrefectAccess) -> Sequence[Workspace]:
        """The workspaces of Prefect Cloud; see the port."""
        return await (await self._loaded()).workspaces(access)

    def active(self) -> ActiveProfile | None:
        """What Prefect's own tools use now; see the port."""
        return self._finder.active()

    async def test(self, access: PrefectAccess) -> PrefectProof:
        """Whether it lets us in; see the port."""
        return await (await self._loaded()).test(access)

    async def work_pools(self, access: PrefectAccess) -> Sequence[PoolChoice]:
        """Its work pools; see the port."""
        return await (await self._loaded()).work_pools(access)

    async def _loaded(self) -> PrefectDirectory:
        module = await asyncio.to_thread(import_module, _MODULE)
        found: PrefectDirectory = module.PrefectDirectory(self._finder)
        return found
