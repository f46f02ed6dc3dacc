"""What operations and adapters need to get at keys, as protocols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import FoundKey, KeyName, Secret


class KeyStore(Protocol):
    """The operating system's keyring; nothing that writes values into a file counts as one.

    What is kept is noted by name, so that saying what there is reads no value and asks nobody.
    Once the keyring has not answered, it is not asked again before `retry`.
    """

    async def names(self) -> Sequence[KeyName]:
        """What is kept, by the notes alone; empty when they cannot be read."""

    async def describe(self) -> str:
        """What the keyring is called.

        Raises:
            KeyringError: There is none that can be used.
        """

    async def get(self, name: KeyName) -> Secret | None:
        """The value, or None when it is not there.

        Raises:
            KeyringError: The keyring cannot be used, or did not answer in time.
        """

    async def set(self, name: KeyName, secret: Secret) -> None:
        """Keep that, in place of what was kept before.

        Raises:
            KeyringError: As `get`.
            ConfigurationError: The name cannot be noted.
        """

    async def delete(self, name: KeyName) -> bool:
        """Remove it; returns whether it was there.

        Raises:
            KeyringError: As `get`.
            ConfigurationError: The note cannot be changed.
        """

    def retry(self) -> None:
        """A person asks again: forget that the keyring could not be used."""


class KeySource(Protocol):
    """Where an adapter that lacks a key finds it."""

    async def find(self, name: KeyName, *, again: bool = False) -> FoundKey:
        """The environment, what was given for this once, the keyring; never raises.

        Args:
            name: Which key.
            again: A person asked for it: look everywhere again.
        """
