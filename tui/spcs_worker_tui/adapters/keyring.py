"""The operating system's keyring, never waited for longer than three seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from spcs_worker_tui.adapters.daemon_thread import in_daemon_thread
from spcs_worker_tui.adapters.key_notes import KeyNotes
from spcs_worker_tui.domain.errors import KeyringError

if TYPE_CHECKING:
    from spcs_worker_tui.adapters.keyring_backend import Vault
    from spcs_worker_tui.domain.keys import KeyName, Secret

SECONDS = 3.0
_BACKEND = "spcs_worker_tui.adapters.keyring_backend"

Value = TypeVar("Value")


class KeyringStore:
    """Implements the port `KeyStore`.

    Each call runs in a thread of its own that nobody waits for when the program ends: a keyring
    that hangs would otherwise hold up the exit. One call at a time, so that a keyring that hangs
    is found out by one of them, and the others say so at once.

    Args:
        notes: Which keys are kept.
        open_vault: Finds the keyring, in the thread; by default that of this machine.
        seconds: How long one call may take.
    """

    def __init__(
        self,
        notes: KeyNotes | None = None,
        open_vault: Callable[[], Vault] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._notes = notes or KeyNotes()
        self._open_vault = open_vault or _open_vault
        self._seconds = seconds
        self._vault: Vault | None = None
        self._problem: KeyringError | None = None
        self._one_at_a_time = asyncio.Lock()

    async def names(self) -> Sequence[KeyName]:
        """What is kept, by the notes alone."""
        return await asyncio.to_thread(self._notes.names)

    async def describe(self) -> str:
        """What the keyring is called; see the port."""
        return await self._ask(lambda vault: vault.ready())

    async def get(self, name: KeyName) -> Secret | None:
        """The value, or None when it is not there; see the port."""
        return await self._ask(lambda vault: vault.get(name))

    async def set(self, name: KeyName, secret: Secret) -> None:
        """Keep that; see the port."""
        was_noted = name in await self.names()
        # Noted first: what is kept and not noted would stay there unseen.
        await asyncio.to_thread(self._notes.add, name)
        try:
            await self._ask(lambda vault: vault.set(name, secret))
        except KeyringError:
            if not was_noted:
                await asyncio.to_thread(self._notes.remove, name)
            raise

    async def delete(self, name: KeyName) -> bool:
        """Remove it; see the port."""
        was_there = await self._ask(lambda vault: vault.delete(name))
        await asyncio.to_thread(self._notes.remove, name)
        return was_there

    def retry(self) -> None:
        """Forget that the keyring could not be used."""
        self._problem = None

    async def _ask(self, call: Callable[[Vault], Value]) -> Value:
        async with self._one_at_a_time:
            if self._problem is not None:
                raise KeyringError(self._problem.message, next_step=self._problem.next_step)
            try:
                async with asyncio.timeout(self._seconds):
                    return await in_daemon_thread(lambda: self._work(call), "keyring")
            except TimeoutError:
                self._problem = KeyringError(
                    f"the keyring did not answer in {self._seconds:.0f} s",
                    next_step="If it asks for a password somewhere, give it that and try again; "
                    "without it there are environment variables.",
                )
            except KeyringError as error:
                self._problem = error
            raise self._problem

    def _work(self, call: Callable[[Vault], Value]) -> Value:
        """In the thread: find the keyring, the first time, and ask it."""
        try:
            if self._vault is None:
                self._vault = self._open_vault()
            return call(self._vault)
        except KeyringError as error:
            problem = error
        except Exception as error:  # noqa: BLE001 - a keyring's library and plug-ins may raise anything
            problem = KeyringError(
                f"the keyring failed ({type(error).__name__})",
                next_step="Try the keyring's own program, or use environment variables.",
            )
        # Not from within: what was raised there may hold the value in its words.
        raise problem


def _open_vault() -> Vault:
    vault: Vault = import_module(_BACKEND).open_vault()
    return vault
