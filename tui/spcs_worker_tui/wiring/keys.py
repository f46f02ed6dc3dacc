"""Hands the keyring, and what needs keys, to the operations on keys.

The keyring's library is imported when the keyring is first asked.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from spcs_worker_tui.adapters.connections import ConnectionSettings, read_connections
from spcs_worker_tui.adapters.keyring import KeyringStore
from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
from spcs_worker_tui.adapters.snowflake.keys import need_of, needed_key
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.keys import ADDRESS_PREFIX, KeyName, KeyNeed, Secret
from spcs_worker_tui.operations.keys import Keychain, KeyDesk, Proofs, ask_for_missing

Ask = Callable[[KeyName], Secret | None]


@dataclass(frozen=True, slots=True)
class Keys:
    """What is needed to use keys, and to keep them."""

    chain: Keychain
    desk: KeyDesk
    prefect: CredentialFinder

    async def ask_for_missing(
        self, connections: Sequence[ConnectionSettings], ask: Ask | None
    ) -> None:
        """Have a person type what these connections lack, for this run only.

        Args:
            connections: Those that sign in without a browser or a telephone.
            ask: None where nobody is there.
        """
        if ask is not None:
            needs = await asyncio.to_thread(_needs, [c for c in connections if not c.interactive])
            await ask_for_missing(needs, self.chain, ask)


def open_keys() -> Keys:
    """Everything about keys; touches neither files nor the keyring yet."""
    store = KeyringStore()
    chain = Keychain(store, os.environ)
    finder = CredentialFinder(keys=chain)

    def known() -> Sequence[KeyNeed]:
        return [*_needs(read_connections().connections), *finder.known()]

    proofs = Proofs(
        prefect=partial(_prove_prefect, finder),
        snowflake=partial(_sign_in, chain),
        address=partial(_send_a_test, chain),
    )
    desk = KeyDesk(store, chain, known, lambda name: need_of(_connection(name)), proofs)
    return Keys(chain, desk, finder)


def _needs(connections: Sequence[ConnectionSettings]) -> list[KeyNeed]:
    return [need for need in map(needed_key, connections) if need is not None]


def _connection(name: str) -> ConnectionSettings:
    return read_connections().select([name])[0]


async def _prove_prefect(finder: CredentialFinder, api_url: str) -> str:
    from spcs_worker_tui.adapters.prefect.proof import prove  # noqa: PLC0415 - httpx is slow

    return await prove(finder, api_url)


async def _send_a_test(chain: Keychain, owner: str) -> str:
    from spcs_worker_tui.adapters.apprise_notifier import AppriseNotifier  # noqa: PLC0415 - slow
    from spcs_worker_tui.operations.notify import named_address, trial_notice  # noqa: PLC0415

    address = await named_address(owner.removeprefix(ADDRESS_PREFIX), chain)
    await asyncio.to_thread(AppriseNotifier().send, trial_notice(), address)
    return "took a test notice"


async def _sign_in(chain: Keychain, name: str) -> str:
    settings = await asyncio.to_thread(_connection, name)
    need = await asyncio.to_thread(need_of, settings)
    source = need.source or (await chain.find(need.name)).source
    session = ConnectorSession(settings, chain)
    try:
        identity = await session.open(interactive=True)
    finally:
        await session.close()
    role = f" with role {identity.role}" if identity.role else " without a role"
    return (
        f"signs in to {identity.account} as {identity.user}{role}; "
        f"its {need.name.kind.words} comes from {source}"
    )
