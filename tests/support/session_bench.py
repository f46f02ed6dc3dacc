"""A sandbox with a gate in front of it, and a session on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.snowflake.session import ConnectorSession
from spcs_worker_tui.domain.fleet import (
    ServiceKey,
)
from spcs_worker_tui.sandbox.catalogue.model import Container, Instance
from spcs_worker_tui.sandbox.clock import ManualClock
from support.catalogue import DIGEST, START, Lab, add_service
from support.key_pairs import new_key, write_key
from support.sandbox import RunningSandbox
from support.saved_connections import Gate, save

KEY = ServiceKey("dev", "D", "S", "SVC")


@dataclass
class Bench:
    """A sandbox, its gate and clock, and a session on the saved connection `dev`."""

    sandbox: RunningSandbox
    gate: Gate
    clock: ManualClock
    home: Path
    session: ConnectorSession

    @property
    def lab(self) -> Lab:
        return self.sandbox.lab

    def connect(self, *, changes: dict[str, Any] | None = None, **options: Any) -> ConnectorSession:
        """Another session, on `dev` with these settings changed."""
        table = self.sandbox.connection(**(changes or {}))
        table.pop("enable_server_session_keep_alive_auto_detection")
        save(self.home, {"dev": table})
        return ConnectorSession(read_connections().select(["dev"])[0], **options)


def running_service(lab: Lab, name: str = "SVC", **fields: Any) -> None:
    container = Container(
        "worker", "acme/d/s/repo/worker:1.0", DIGEST, "READY", "Running", 2, START, 137, START
    )
    instance = Instance(0, "d" * 64, START, "READY", START, "10.0.0.7", "n1", [container])
    add_service(lab, name, status="RUNNING", target_instances=1, instances=[instance], **fields)


def registered_key(bench: Bench, passphrase: str = "") -> str:
    """The file of a new key that the user of the bench may sign in with."""
    key, public = new_key()
    bench.lab.account.users["OPERATOR"].public_keys.append(public)
    return write_key(key, bench.home / "key.p8", passphrase)
