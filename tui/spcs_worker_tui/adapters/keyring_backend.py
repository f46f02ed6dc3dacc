"""Everything that touches the `keyring` library; imported when first needed, in a thread.

Only the keyrings that operating systems and desktops bring along are used. `keyring` would also
take what a plug-in offers: files in plain text among them (keyrings.alt), and its own chainer
hands on to those, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

import keyring
from keyring import backend, errors

from spcs_worker_tui.domain.errors import KeyringError
from spcs_worker_tui.domain.keys import KeyName, Secret

SERVICE = "spcs-worker-tui"
"""Under this name the keyring's own program shows our entries."""

_SECRET_SERVICE = "keyring.backends.SecretService"  # noqa: S105 - a module
_ACCEPTED = {
    _SECRET_SERVICE: "the Secret Service of this desktop",
    "keyring.backends.libsecret": "the Secret Service of this desktop",
    "keyring.backends.kwallet": "KWallet",
    "keyring.backends.macOS": "the macOS keychain",
    "keyring.backends.Windows": "the Windows Credential Manager",
}
_CHAINER = "keyring.backends.chainer"
_NOTHING = ("keyring.backends.fail", "keyring.backends.null")

WITHOUT = "Without it: environment variables, or a terminal, where each command asks."


class Vault(Protocol):
    """What this program does with a keyring; each call may block for as long as it likes."""

    def ready(self) -> str:
        """What it is called; raises when it would not answer."""

    def get(self, name: KeyName) -> Secret | None:
        """The value, or None when it is not there."""

    def set(self, name: KeyName, secret: Secret) -> None:
        """Keep the value."""

    def delete(self, name: KeyName) -> bool:
        """Remove it; returns whether it was there."""


class KeyringVault:
    """A keyring of the operating system.

    Args:
        ring: What `keyring` made.
    """

    def __init__(self, ring: backend.KeyringBackend) -> None:
        self._ring = ring

    def ready(self) -> str:
        """What it is called.

        Raises:
            KeyringError: It is locked, or was never set up.
        """
        with self._unlocked():
            return _ACCEPTED[type(self._ring).__module__]

    def get(self, name: KeyName) -> Secret | None:
        """The value, or None when it is not there."""
        with self._unlocked():
            value = self._ring.get_password(SERVICE, name.entry)
        return None if value is None else Secret(value)

    def set(self, name: KeyName, secret: Secret) -> None:
        """Keep the value."""
        with self._unlocked():
            self._ring.set_password(SERVICE, name.entry, secret.reveal())

    def delete(self, name: KeyName) -> bool:
        """Remove it; returns whether it was there."""
        with self._unlocked():
            if self._ring.get_password(SERVICE, name.entry) is None:
                return False
            self._ring.delete_password(SERVICE, name.entry)
        return True

    @contextmanager
    def _unlocked(self) -> Iterator[None]:
        """Refuses a locked keyring in our words.

        Raises:
            KeyringError: It is locked, or was never set up.
        """
        self._refuse_if_locked()
        try:
            yield
        except errors.KeyringLocked:
            raise _locked() from None

    def _refuse_if_locked(self) -> None:
        """Before `keyring` would ask a person to unlock it, and wait for as long as that takes."""
        if type(self._ring).__module__ != _SECRET_SERVICE:
            return
        import secretstorage  # noqa: PLC0415 - there is one on Linux only

        path = getattr(self._ring, "preferred_collection", None)
        with closing(secretstorage.dbus_init()) as bus:
            try:
                collection = secretstorage.Collection(bus, *([path] if path else []))
            except secretstorage.ItemNotFoundException:
                raise KeyringError(
                    "the keyring was never set up: it has no default collection",
                    next_step=f"Log in to the desktop, or create a keyring in its own program. "
                    f"{WITHOUT}",
                ) from None
            if collection.is_locked():
                raise _locked()


def open_vault() -> KeyringVault:
    """The keyring of this machine and user.

    Raises:
        KeyringError: There is none, or only one that is not safe.
    """
    try:
        ring = keyring.get_keyring()
    except Exception as error:  # noqa: BLE001 - a plug-in, or the user's keyringrc.cfg, may fail in any way
        raise KeyringError(
            f"the keyring that is set up for Python cannot be used ({type(error).__name__})",
            next_step=f"Look at PYTHON_KEYRING_BACKEND and at keyringrc.cfg. {WITHOUT}",
        ) from None
    if type(ring).__module__ == _CHAINER:
        # It chains the good ones with the others; one good one is enough.
        usable = filter(_is_accepted, backend.get_all_keyring())
        ring = max(usable, key=backend.by_priority, default=ring)
    if _is_accepted(ring):
        return KeyringVault(ring)
    module = type(ring).__module__
    if module in (*_NOTHING, _CHAINER):
        raise KeyringError(
            "this machine has no keyring that answers",
            next_step=f"On Linux it takes a Secret Service such as gnome-keyring, and D-Bus. "
            f"{WITHOUT}",
        )
    raise KeyringError(
        f"the keyring {module}.{type(ring).__name__} is not used: only those of operating systems "
        "and desktops are known not to keep keys in plain text",
        next_step=f"Leave out PYTHON_KEYRING_BACKEND and keyringrc.cfg, or uninstall it. {WITHOUT}",
    )


def _is_accepted(ring: backend.KeyringBackend) -> bool:
    return type(ring).__module__ in _ACCEPTED


def _locked() -> KeyringError:
    """It is there, and asks for its own password first."""
    return KeyringError(
        "the keyring is locked",
        next_step=f"Unlock it, for example by logging in to the desktop. {WITHOUT}",
    )
