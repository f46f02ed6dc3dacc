"""Keys and tokens: where one is found, keeping them in the keyring, and proving that they work.

A key is looked for in the connection's or Prefect's own settings, in the environment, among what
was handed over for this run only, and then in the keyring: and there only if it was kept there, so
that a keyring is not even woken for who never used it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import ConfigurationError, KeyringError
from spcs_worker_tui.domain.keys import (
    ADDRESS_PREFIX,
    FoundKey,
    KeyKind,
    KeyName,
    KeyNeed,
    Secret,
    checked_url,
)
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.key_ports import KeyStore

KEYRING = "the keyring"
TYPED = "what was typed"
NOWHERE = ""

Prove = Callable[[str], Awaitable[str]]


class Keychain:
    """Implements the port `KeySource`, for as long as the program runs.

    Args:
        store: The keyring.
        environ: The environment.
    """

    def __init__(self, store: KeyStore, environ: Mapping[str, str]) -> None:
        self._store = store
        self._environ = environ
        self._handed: dict[KeyName, Secret] = {}
        self._read: dict[KeyName, Secret] = {}

    def hand_over(self, name: KeyName, secret: Secret) -> None:
        """Use that from now on, without keeping it anywhere."""
        self._handed[name] = secret

    def forget(self, name: KeyName) -> None:
        """Use nothing any more that was handed over or read before."""
        self._handed.pop(name, None)
        self._read.pop(name, None)

    def variable(self, name: KeyName) -> str:
        """The environment variable that holds it, or nothing.

        Prefect's are not looked at here: what they hold belongs to PREFECT_API_URL.
        """
        if name.kind.is_prefect:
            return ""
        return next((v for v in name.variables if self._environ.get(v)), "")

    async def find(self, name: KeyName, *, again: bool = False) -> FoundKey:
        """Look for it; see the port."""
        if variable := self.variable(name):
            return FoundKey(Secret(self._environ[variable]), variable)
        if (handed := self._handed.get(name)) is not None:
            return FoundKey(handed, TYPED)
        if again:
            self._store.retry()
            self._read.pop(name, None)
        if (read := self._read.get(name)) is not None:
            return FoundKey(read, KEYRING)
        return await self._ask_keyring(name)

    async def _ask_keyring(self, name: KeyName) -> FoundKey:
        try:
            if name not in await self._store.names():
                return FoundKey()
            kept = await self._store.get(name)
        except KeyringError as error:
            return FoundKey(problem=error.message)
        if kept is None:
            return FoundKey(problem="the keyring no longer has it")
        self._read[name] = kept
        return FoundKey(kept, KEYRING)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key that is used or kept.

    Args:
        name: Which one.
        source: Where it comes from, in words; `NOWHERE` when it is lacking.
        is_kept: Whether the keyring has it, by the notes.
        is_used: Whether what is kept is what will be used.
    """

    name: KeyName
    source: str
    is_kept: bool
    is_used: bool


@dataclass(frozen=True, slots=True)
class Proofs:
    """How to find out whether keys work; each gets the owner and returns a sentence.

    They raise FleetError where it does not work.
    """

    prefect: Prove
    snowflake: Prove
    address: Prove


class KeyDesk:
    """What a person can do with keys.

    Args:
        store: The keyring.
        chain: What the program itself looks for keys with.
        known: All keys that connections and Prefect's settings call for; reads files.
        need_of: The key of one saved connection; reads files, raises ConfigurationError.
        proofs: Whether they work.
    """

    def __init__(
        self,
        store: KeyStore,
        chain: Keychain,
        known: Callable[[], Sequence[KeyNeed]],
        need_of: Callable[[str], KeyNeed],
        proofs: Proofs,
    ) -> None:
        self._store = store
        self._chain = chain
        self._known = known
        self._need_of = need_of
        self._proofs = proofs

    async def rows(self) -> list[KeyRow]:
        """What is used and what is kept; reads no value and does not ask the keyring.

        Raises:
            ConfigurationError: A connections file is wrong.
        """
        kept = list(await self._store.names())
        rows = []
        for need in await asyncio.to_thread(self._known):
            is_kept = need.name in kept
            source = need.source or self._chain.variable(need.name)
            in_use = is_kept and not source
            rows.append(KeyRow(need.name, source or (KEYRING if is_kept else ""), is_kept, in_use))
        listed = {row.name for row in rows}
        # A Prefect API need not be in any file: services' specs name them.
        return rows + [
            KeyRow(name, KEYRING, is_kept=True, is_used=not name.kind.is_of_connection)
            for name in kept
            if name not in listed
        ]

    async def keyring(self) -> str:
        """What the keyring is called.

        Raises:
            KeyringError: There is none that can be used.
        """
        return await self._store.describe()

    async def named(self, text: str, *, auth_string: bool = False) -> KeyNeed:
        """The key that is meant by a saved connection, a Prefect API URL, or `notify:NAME`.

        Raises:
            ConfigurationError: It is none of them, or that connection takes no key.
        """
        if text.startswith(ADDRESS_PREFIX):
            return KeyNeed(KeyName.address(text.removeprefix(ADDRESS_PREFIX)))
        if "://" in text:
            kind = KeyKind.AUTH_STRING if auth_string else KeyKind.API_KEY
            return KeyNeed(KeyName.prefect(checked_url(text), kind))
        if auth_string:
            raise ConfigurationError(
                f"{one_line(text)!r} is no Prefect API URL, and only those take an auth string"
            )
        return await asyncio.to_thread(self._need_of, text)

    async def keep(self, name: KeyName, secret: Secret) -> None:
        """Keep it in the keyring, and read it back.

        Raises:
            KeyringError: The keyring cannot be used, or kept something else.
            ConfigurationError: The name cannot be noted.
        """
        await self._store.set(name, secret)
        self._chain.forget(name)
        if await self._store.get(name) != secret:
            raise KeyringError(
                f"the keyring did not give {name.words} back as it was kept",
                next_step="Look at the entry in the keyring's own program.",
            )

    def hand_over(self, name: KeyName, secret: Secret) -> None:
        """Use it until the program ends, without keeping it anywhere."""
        self._chain.hand_over(name, secret)

    def retry(self) -> None:
        """A person asked for a fresh look: a keyring that did not answer is asked again."""
        self._store.retry()

    async def delete(self, text: str) -> list[KeyName]:
        """Delete every key that is kept for that connection or Prefect API.

        Returns:
            Those that were there; of the others, only the note is gone.

        Raises:
            KeyringError: The keyring cannot be used.
            ConfigurationError: Nothing is kept for it.
        """
        owner = text.strip().rstrip("/") if "://" in text else text
        kept = await self._store.names()
        meant = [name for name in kept if name.owner == owner]
        if not meant:
            there_are = ", ".join(dict.fromkeys(one_line(name.owner) for name in kept))
            raise ConfigurationError(
                f"nothing is kept for {one_line(text)!r}",
                next_step=f"There are keys for: {there_are}." if there_are else "",
            )
        deleted = []
        for name in meant:
            self._chain.forget(name)
            if await self._store.delete(name):
                deleted.append(name)
        return deleted

    async def test(self, text: str) -> str:
        """Use the key of that connection or Prefect API, and say what came of it.

        Raises:
            FleetError: It does not work.
        """
        need = await self.named(text)
        return await self._proof(need.name.kind)(need.name.owner)

    def _proof(self, kind: KeyKind) -> Prove:
        if kind is KeyKind.ADDRESS:
            return self._proofs.address
        return self._proofs.prefect if kind.is_prefect else self._proofs.snowflake


async def ask_for_missing(
    needs: Sequence[KeyNeed],
    chain: Keychain,
    ask: Callable[[KeyName], Secret | None],
) -> None:
    """Have a person type what is nowhere else, for this run only.

    Args:
        needs: Of the connections that will be used.
        chain: Looks first, and takes what is typed.
        ask: Blocks until the person has answered; None when they gave nothing.
    """
    for need in needs:
        if need.source or (await chain.find(need.name)).secret is not None:
            continue
        if (secret := ask(need.name)) is not None:
            chain.hand_over(need.name, secret)
