"""The history of deployed specifications as files: one for each entry, for their owner only."""

from __future__ import annotations

import getpass
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from spcs_worker_tui.adapters.audit import state_directory
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.history import HistoryEntry, HistoryKind, HistoryState
from spcs_worker_tui.domain.moments import in_utc
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey

_TEXTS = ("spec_digest", "why", "user", "snowflake_user", "role", "plan_id")


class HistoryFiles:
    """Implements the port `HistoryStore`.

    `<directory>/<account>/<database>.<schema>.<service>/<number>.json`. A file appears whole or
    not at all, and two programs never write the same number.

    Args:
        directory: Made when something is kept first.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or state_directory() / "history"

    def entries(self, account: str, key: ServiceKey) -> Sequence[HistoryEntry]:
        """All that can be read; see the port. What is damaged is left out."""
        folder = self.folder(account, key)
        try:
            names = sorted(path.name for path in folder.glob("[0-9]*.json"))
        except OSError as error:
            raise _unusable(folder, error) from error
        found = (_read(folder / name) for name in names)
        return tuple(entry for entry in found if entry is not None)

    def add(self, account: str, key: ServiceKey, entry: HistoryEntry) -> HistoryEntry:
        """Keep it; see the port."""
        folder = self.folder(account, key)
        number = max((_number(path) for path in folder.glob("[0-9]*.json")), default=0)
        while True:
            number += 1
            numbered = replace(entry, number=number, user=entry.user or _user())
            with self._written(folder, numbered) as path:
                try:
                    os.link(path, folder / _name(number))
                except FileExistsError:
                    continue  # another program was faster
            return numbered

    def replace(self, account: str, key: ServiceKey, entry: HistoryEntry) -> None:
        """Keep this instead; see the port."""
        folder = self.folder(account, key)
        with self._written(folder, entry) as path:
            path.replace(folder / _name(entry.number))

    def services(self, account: str) -> frozenset[str]:
        """The names of the folders of all services of which something is kept; never raises."""
        try:
            return frozenset(path.name for path in self._account(account).iterdir())
        except OSError:
            return frozenset()

    def folder(self, account: str, key: ServiceKey) -> Path:
        """Where the entries of that service are, if there are any."""
        # Everything but letters, digits, "_", "-" and "." is written as %XX, so that no name can
        # lead out of the directory; a name of dots alone is impossible with three parts.
        names = ".".join(
            quote(part, safe="").replace(".", "%2E")
            for part in (key.database, key.schema, key.name)
        )
        return self._account(account) / names

    def _account(self, account: str) -> Path:
        return self._directory / (quote(account, safe="").replace(".", "%2E") or "_")

    @contextmanager
    def _written(self, folder: Path, entry: HistoryEntry) -> Iterator[Path]:
        """A temporary file in the same folder with the entry in it, safe on the disk."""
        path: Path | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # mkstemp makes it readable by its owner only.
            file, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=folder)
            path = Path(name)
            with os.fdopen(file, "w", encoding="utf-8") as stream:
                json.dump(_as_json(entry), stream, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            yield path
        except OSError as error:
            raise _unusable(folder, error) from error
        finally:
            if path is not None:
                with suppress(FileNotFoundError):
                    path.unlink()


def _unusable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the history in {folder} cannot be used: {error.strerror or error}",
        next_step="Make it a folder that you may write, or name another place with "
        "SPCS_WORKER_TUI_STATE_DIR. Nothing is changed that could not be rolled back.",
    )


def _as_json(entry: HistoryEntry) -> dict[str, Any]:
    return {**asdict(entry), "digests": dict(entry.digests), "time": entry.time.isoformat()}


def _read(path: Path) -> HistoryEntry | None:
    """The entry, or None where the file holds none; every text is cleaned."""
    try:
        values = json.loads(path.read_text("utf-8"))
        return HistoryEntry(
            number=_number(path),
            time=_moment(values["time"]),
            kind=HistoryKind(values["kind"]),
            state=HistoryState(values["state"]),
            spec=str(values["spec"]),
            digests={str(k): one_line(str(v)) for k, v in values.get("digests", {}).items()},
            **{name: one_line(str(values.get(name, ""))) for name in _TEXTS},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _moment(text: str) -> datetime:
    moment = in_utc(datetime.fromisoformat(text))
    if moment is None:
        raise ValueError(text)
    return moment


def _name(number: int) -> str:
    return f"{number:06}.json"


def _number(path: Path) -> int:
    digits = path.name.partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
