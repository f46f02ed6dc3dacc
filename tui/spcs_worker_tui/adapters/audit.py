"""The audit log as a file: one JSON line for each applied step."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from spcs_worker_tui.domain.audit import AuditEntry, AuditResult
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.text import one_line

STATE_DIRECTORY = "SPCS_WORKER_TUI_STATE_DIR"
"""Names another directory than the platform's for what the program keeps."""

_NAME = "audit.jsonl"
_TEXTS = (
    ("plan_id", "plan_id"),
    ("plan", "plan"),
    ("step", "step"),
    ("subject", "service"),
    ("connection", "connection"),
    ("account", "account"),
    ("user", "user"),
    ("snowflake_user", "snowflake_user"),
    ("role", "role"),
    ("statement", "statement"),
    ("detail", "detail"),
    ("query_id", "query_id"),
)
"""Fields of an entry, and their names in the file."""


def state_directory() -> Path:
    """Where the program keeps what it must not forget."""
    if chosen := os.environ.get(STATE_DIRECTORY):
        return Path(chosen).expanduser()
    import platformdirs  # noqa: PLC0415 - for nobody who says where

    return platformdirs.user_state_path("spcs-worker-tui")


class AuditFile:
    """Implements the port `AuditLog`.

    Each line is appended by one write, so that several programs may share the file, and only its
    owner may read it.

    Args:
        path: The file; made with its directory when something is written first.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_directory() / _NAME
        self._has_complained = False

    def record(self, entry: AuditEntry) -> str:
        """Append a line; see the port."""
        try:
            self._append(json.dumps(_as_json(replace(entry, user=entry.user or _user()))))
        except OSError as error:
            if self._has_complained:
                return ""
            self._has_complained = True
            return f"the audit log {self.path} cannot be written: {error.strerror or error}"
        return ""

    def _append(self, line: str) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(file).st_mode & 0o077:
                os.fchmod(file, 0o600)
            size = os.fstat(file).st_size
            # A full disk may have cut the last line short: ours must not be lost with it.
            torn = size and os.pread(file, 1, size - 1) != b"\n"
            os.write(file, f"{chr(10) if torn else ''}{line}\n".encode())
        finally:
            os.close(file)

    def entries(self) -> Sequence[AuditEntry]:
        """Everything that can be read, the oldest first; see the port."""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as lines:
                return tuple(_read(lines))
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise ConfigurationError(
                f"the audit log {self.path} cannot be read: {error.strerror or error}",
                next_step="It belongs to the user who runs the program; check the file's owner.",
            ) from error


def _as_json(entry: AuditEntry) -> dict[str, Any]:
    row: dict[str, Any] = {"time": entry.time.astimezone(UTC).isoformat()}
    row |= {name: getattr(entry, field) for field, name in _TEXTS}
    return row | {"result": str(entry.result), "seconds": round(entry.elapsed.total_seconds(), 3)}


def _read(lines: Iterator[str]) -> Iterator[AuditEntry]:
    """The lines that are ours; a torn one is left out."""
    for line in lines:
        try:
            row: Any = json.loads(line)
            entry = _entry(row) if isinstance(row, dict) else None
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            continue
        if entry is not None:
            yield entry


def _entry(row: Mapping[str, Any]) -> AuditEntry:
    texts = {field: one_line(str(row.get(name, "")), 5000) for field, name in _TEXTS}
    return AuditEntry(
        time=datetime.fromisoformat(row["time"]).astimezone(UTC),
        result=AuditResult(row["result"]),
        elapsed=timedelta(seconds=float(row.get("seconds", 0))),
        **texts,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"  # a container may have no name for it
