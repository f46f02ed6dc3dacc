"""Hands `doctor` what it looks at beside the accounts: this machine, and Prefect."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.adapters.clock import SystemClock
from spcs_worker_tui.adapters.docker.facts import engine_facts
from spcs_worker_tui.adapters.keyring import KeyringStore
from spcs_worker_tui.adapters.machine_facts import account_skew, key_file_facts, terminal_facts
from spcs_worker_tui.operations.doctor.machine import MachineLooks, SavedLooks
from spcs_worker_tui.operations.doctor.prefect import PrefectLooks

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.prefect.credentials import CredentialFinder
    from spcs_worker_tui.domain.ports import PrefectReader
    from spcs_worker_tui.domain.prefect import WorkPoolKey

_KEYRING_SECONDS = 10.0
"""More patience than elsewhere: nobody waits for a key, and all other looks run beside it."""


def machine_looks() -> MachineLooks:
    """Docker, keyring and terminal."""
    keyring = KeyringStore(seconds=_KEYRING_SECONDS)
    return MachineLooks(engine_facts, keyring, terminal_facts)


def saved_looks() -> SavedLooks:
    """What can be seen of a connection without signing in."""
    return SavedLooks(key_file_facts, account_skew)


def prefect_looks(prefect: PrefectReader, credentials: CredentialFinder) -> PrefectLooks:
    """Looks at Prefect for one examination: each API and each pool once.

    Args:
        prefect: All Prefect APIs.
        credentials: Where to find what is saved for an API.
    """

    async def overdue(key: WorkPoolKey, before: datetime) -> int:
        from spcs_worker_tui.adapters.prefect.overdue import overdue_runs  # noqa: PLC0415 - httpx

        return await overdue_runs(credentials, key, before)

    return PrefectLooks(prefect, overdue, SystemClock())
