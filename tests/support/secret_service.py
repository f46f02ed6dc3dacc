"""A real Secret Service: gnome-keyring on a D-Bus of its own, with a home of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import secretstorage
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from support.needs import need

_PASSWORD = "of the keyring itself"
_SECONDS = 30
_COMMANDS = ("dbus-run-session", "gnome-keyring-daemon")
# The daemon reads the keyring's password from standard input until that ends. Whoever unlocks
# none has a service without any keyring, as on a machine that nobody has logged in to.
_UNLOCKED = "exec gnome-keyring-daemon --foreground --unlock --components=secrets"
_EMPTY = "exec gnome-keyring-daemon --foreground --components=secrets"


@dataclass
class SecretService:
    """One that runs.

    Args:
        address: Of its bus.
        home: Where it keeps its files.
        group: Its processes.
    """

    address: str
    home: Path
    group: int

    @property
    def environment(self) -> dict[str, str]:
        """With these, a program finds this Secret Service and no other."""
        return {"DBUS_SESSION_BUS_ADDRESS": self.address, "XDG_RUNTIME_DIR": str(self.home)}

    def lock(self) -> None:
        """As when the desktop locks its keyring; nobody will unlock it."""
        with closing(self.connect()) as bus:
            secretstorage.Collection(bus).lock()

    def connect(self) -> DBusConnection:
        """To its bus."""
        return open_dbus_connection(self.address)

    def entries(self) -> list[dict[str, str]]:
        """What every entry is kept under."""
        with closing(self.connect()) as bus:
            collection = secretstorage.Collection(bus)
            return [item.get_attributes() for item in collection.get_all_items()]

    def is_there(self, *, unlocked: bool) -> bool:
        """Whether it answers as it should."""
        with closing(self.connect()) as bus:
            # Asking the service would have the bus start one by itself.
            if not _has_owner(bus):
                return False
            try:
                return not secretstorage.Collection(bus).is_locked()
            except secretstorage.ItemNotFoundException:
                return not unlocked


def _has_owner(bus: DBusConnection) -> bool:
    from jeepney.bus_messages import message_bus
    from jeepney.io.blocking import Proxy

    return bool(Proxy(message_bus, bus).NameHasOwner("org.freedesktop.secrets")[0])


@contextmanager
def secret_service(home: Path, *, unlocked: bool = True) -> Iterator[SecretService]:
    """One with an empty, unlocked keyring, or with none at all.

    Args:
        home: An empty directory.
        unlocked: Whether somebody has logged in.
    """
    for command in _COMMANDS:
        need(shutil.which(command) is not None, f"{command}: apt-get install gnome-keyring dbus")
    home.mkdir(parents=True, exist_ok=True)
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    environment = kept | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    script = f'echo "$DBUS_SESSION_BUS_ADDRESS"; {_UNLOCKED if unlocked else _EMPTY}'
    process = subprocess.Popen(
        ["dbus-run-session", "--", "sh", "-c", script],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(_PASSWORD)
        process.stdin.close()
        service = SecretService(process.stdout.readline().strip(), home, process.pid)
        end = time.monotonic() + _SECONDS
        while not service.is_there(unlocked=unlocked):
            assert process.poll() is None, "the Secret Service ended"
            assert time.monotonic() < end, "the Secret Service did not come up"
            time.sleep(0.02)
        yield service
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
