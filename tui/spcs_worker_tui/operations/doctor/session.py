"""What the looks need of a saved connection, and what its account was asked already."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from spcs_worker_tui.domain.account import (
    AccessIntegration,
    NetworkRule,
    ObjectName,
    Privileges,
    RepositoryObject,
)
from spcs_worker_tui.domain.account_port import AccountChanger
from spcs_worker_tui.domain.building import RegistrySession
from spcs_worker_tui.domain.doctor_pools import PoolFacts, family_of
from spcs_worker_tui.domain.errors import FleetError, StatementRefusedError

if TYPE_CHECKING:
    from spcs_worker_tui.domain.doctor_images import ImageInspector
    from spcs_worker_tui.domain.fleet import ImageSnapshot, ServiceSnapshot
    from spcs_worker_tui.domain.ports import Identity
    from spcs_worker_tui.domain.secret_objects import SecretObject

T = TypeVar("T")

_MOST_INTEGRATIONS = 30
"""So many are looked into where it is not known which one leads to Prefect."""


class AccountSession(RegistrySession, AccountChanger, Protocol):
    """One saved connection, with all that can be asked and changed through it."""


class Account:
    """One account, asked each thing at most once, whoever wants to know it.

    Args:
        session: Signed in.
        identity: As what.
    """

    def __init__(self, session: AccountSession, identity: Identity) -> None:
        self.session = session
        self.identity = identity
        self._locks: defaultdict[Hashable, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._known: dict[Hashable, Any] = {}

    async def _once(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What that read gave, or the failure that it ended with."""
        async with self._locks[key]:
            if key not in self._known:
                try:
                    self._known[key] = await read()
                except FleetError as error:
                    self._known[key] = error
        known = self._known[key]
        if isinstance(known, FleetError):
            raise known
        result: T = known
        return result

    async def services(self) -> Sequence[ServiceSnapshot]:
        """All that are no jobs."""
        rows = await self._once("services", self.session.show_services)
        return [row for row in rows if not row.is_job]

    async def held(self) -> Privileges:
        """What the role holds, with all that it inherits."""

        async def read() -> Privileges:
            standing = await self.session.standing()
            grants = await asyncio.gather(*(self._grants(role) for role in standing.roles))
            return Privileges(standing.roles, tuple(one for some in grants for one in some))

        return await self._once("held", read)

    async def _grants(self, role: str) -> Sequence[Any]:
        try:
            return await self.session.show_grants_to(role)
        except StatementRefusedError:
            return ()  # of a role that this one inherits, and may not look into

    async def secrets(self) -> Sequence[SecretObject]:
        """All that the role sees."""
        return await self._once("secrets", self.session.show_all_secrets)

    async def pool(self, name: str) -> PoolFacts:
        """State, trouble and nodes of a compute pool."""
        pools = await self._once("pools", self.session.show_compute_pools)
        pool = next((one for one in pools if one.name == name), None)
        if pool is None:
            return PoolFacts(name)
        trouble = await self._optional(("trouble", name), lambda: self.session.pool_trouble(name))
        families = await self._optional("families", self.session.show_instance_families)
        return PoolFacts(name, pool, trouble, family_of(pool, families or ()))

    async def _optional(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T | None:
        """None where the account refuses to tell."""
        try:
            return await self._once(key, read)
        except StatementRefusedError:
            return None

    async def repositories(self) -> Mapping[str, RepositoryObject]:
        """By `db/schema/repository` in lower case."""
        found = await self._once("repositories", self.session.show_repositories)
        return {one.name.qualified.replace(".", "/").lower(): one for one in found}

    async def images(self, repository: str) -> Sequence[ImageSnapshot]:
        """Of `db/schema/repository`.

        Raises:
            SnowflakeError: They cannot be listed.
        """
        return await self._once(
            ("images", repository), lambda: self.session.show_images(repository)
        )

    async def platforms(
        self, inspector: ImageInspector, url: str, image: str, reference: str
    ) -> Sequence[str]:
        """What an image is for; see the port."""
        return await self._once(
            ("platforms", url, image, reference),
            lambda: inspector.platforms(url, image, reference),
        )

    async def integrations(self, names: Sequence[str]) -> Mapping[str, AccessIntegration]:
        """Those of these names with their rules; without names, all that the role sees."""
        shown = await self._once("integrations", self.session.show_integrations)
        wanted = [one.name for one in shown if not names or one.name in names]
        details = await asyncio.gather(
            *(self._integration(name) for name in wanted[:_MOST_INTEGRATIONS])
        )
        return {one.name: one for one in (*shown, *filter(None, details))}

    async def _integration(self, name: str) -> AccessIntegration | None:
        return await self._optional(
            ("integration", name), lambda: self.session.describe_integration(name)
        )

    async def rules(self, names: Sequence[ObjectName]) -> Mapping[ObjectName, NetworkRule | None]:
        """With their hosts; None for those that the role may not describe."""

        async def rule(name: ObjectName) -> NetworkRule | None:
            return await self._optional(
                ("rule", name), lambda: self.session.describe_network_rule(name)
            )

        unique = list(dict.fromkeys(names))
        found = await asyncio.gather(*map(rule, unique))
        return dict(zip(unique, found, strict=True))
