"""The files by which clients find the sandbox."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.demo.script import USER, WAREHOUSE

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.demo.plan import AccountPlan

CONNECTIONS = "connections.toml"
CONFIG = "config.toml"
CONTROL = "sandbox.json"


def write_connections(
    home: Path,
    plans: Sequence[AccountPlan],
    identifiers: Sequence[str],
    passwords: Sequence[str],
    *,
    host: str,
    port: int,
) -> None:
    """Write `connections.toml` and `config.toml` as the connector and `snow` read them.

    Args:
        home: SNOWFLAKE_HOME.
        plans: One for each connection.
        identifiers: The accounts' `org-account`.
        passwords: The users' passwords, made at start.
        host: Where the sandbox listens.
        port: On which port.
    """
    sections = []
    for plan, identifier, password in zip(plans, identifiers, passwords, strict=True):
        values: dict[str, str | int] = {
            "account": identifier,
            "user": USER,
            "password": password,
            "role": plan.role,
            "database": plan.database,
            "schema": plan.schema,
            "warehouse": WAREHOUSE,
            "host": host,
            "port": port,
            "protocol": "http",
        }
        sections.append(_section(plan.connection, values))
    _write(home / CONNECTIONS, "\n".join(sections))
    _write(home / CONFIG, f"default_connection_name = {json.dumps(plans[0].connection)}\n")


def write_control(home: Path, url: str, token: str) -> None:
    """Write how `sandbox fault` finds the sandbox: its address and control token, until it ends."""
    _write(home / CONTROL, json.dumps({"url": url, "control_token": token}) + "\n")


def _section(name: str, values: Mapping[str, str | int]) -> str:
    # A JSON string is a TOML basic string, too.
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items() if value != ""]
    return "\n".join([f"[{name}]", *lines, ""])


def _write(path: Path, text: str) -> None:
    """For the user alone (contract 7: the connectors refuse files that others may write)."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
