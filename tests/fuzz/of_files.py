"""Targets: files that people, other programs and this program itself wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.claims import decoded, fits, is_clean
from spcs_worker_tui.adapters.audit import AuditFile
from spcs_worker_tui.adapters.connections import read_connections
from spcs_worker_tui.adapters.dotenv_lines import read_lines
from spcs_worker_tui.adapters.history import HistoryFiles
from spcs_worker_tui.adapters.key_notes import KeyNotes
from spcs_worker_tui.adapters.settings_file import read_settings
from spcs_worker_tui.adapters.spec_memory import SpecFile
from spcs_worker_tui.adapters.told_file import ToldFile
from spcs_worker_tui.adapters.wizard_draft import DraftFile
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.fleet import ServiceKey

KEY = ServiceKey("dev", "D", "S", "X")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def _file(name: str, data: bytes) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        path.chmod(0o600)
        yield path


def connections_toml(data: bytes) -> None:
    """`connections.toml`, and after a byte 1 `config.toml`."""
    first, _, second = data.partition(b"\x01")
    with _file("connections.toml", first) as path:
        (path.parent / "config.toml").write_bytes(second)
        (path.parent / "config.toml").chmod(0o600)
        try:
            saved = read_connections({"SNOWFLAKE_HOME": str(path.parent), "HOME": "/nowhere"})
        except ConfigurationError as error:
            fits(error)
        else:
            is_clean(saved.connections)


def settings_toml(data: bytes) -> None:
    """`spcs-worker.toml`."""
    with _file("spcs-worker.toml", data) as path:
        try:
            project = read_settings(path)
        except ConfigurationError as error:
            fits(error)
        else:
            assert project.environments


def dotenv(data: bytes) -> None:
    """`.env`."""
    try:
        entries = read_lines(decoded(data), ".env")
    except ConfigurationError as error:
        fits(error)
    else:
        assert len({entry.name for entry in entries}) == len(entries) > 0


def kept_files(data: bytes) -> None:
    """What this program wrote itself, or somebody in its place."""
    with _file("x", data) as path:
        is_clean(AuditFile(path).entries())
        ToldFile(path).last("dev")
        is_clean([name.words for name in KeyNotes(path).names()])
        is_clean(list(DraftFile(path).load()))
        memory = SpecFile(path, NOW)
        memory.pools("dev")
        memory.remember_pools("dev", frozenset())
        memory.save()
        history = HistoryFiles(path.parent)
        folder = history.folder("a", KEY)
        folder.mkdir(parents=True)
        (folder / "000001.json").write_bytes(data)
        for entry in history.entries("a", KEY):
            is_clean([entry.why, entry.user, entry.role, *entry.digests.values(), entry.time])


TARGETS: tuple[Callable[[bytes], None], ...] = (
    connections_toml,
    settings_toml,
    dotenv,
    kept_files,
)
