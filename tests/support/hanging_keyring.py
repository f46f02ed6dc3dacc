"""A keyring that waits for somebody who never comes, as one does that asks behind a screen."""

from __future__ import annotations

import threading

from spcs_worker_tui.domain.keys import KeyName, Secret


class HangingVault:
    """What `KeyringStore` takes for the machine's keyring."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def ready(self) -> str:
        return "hanging"

    def get(self, name: KeyName) -> Secret | None:
        self.released.wait(120)
        return None

    def set(self, name: KeyName, secret: Secret) -> None:
        self.get(name)

    def delete(self, name: KeyName) -> bool:
        self.get(name)
        return False
