"""What was read out of specs, as a file in the cache directory; losing it costs only time.

It holds names of work pools and addresses of Prefect APIs, and of services that a project here is
about the names of variables and other fields that differ; no values of them, no secret. An address
with a password in it is not written down at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from spcs_worker_tui.adapters.private_file import replace_file
from spcs_worker_tui.domain.fleet import PrefectBinding
from spcs_worker_tui.domain.memory import RememberedSpec, SpecKey
from spcs_worker_tui.domain.prefect import WorkPoolKey

CACHE_DIRECTORY = "SPCS_WORKER_TUI_CACHE_DIR"
"""Names another directory than the platform's for what can be found out again."""

FORMAT = 3
"""Raised whenever more or something else is read out of a spec."""
_NAME = "specs.json"
_KEPT = timedelta(days=30)
_LARGEST_FILE = 32 * 1024 * 1024
_USED_AGAIN = timedelta(days=1)
"""That a spec was used again is noted once a day."""


def cache_directory() -> Path:
    """Where the program keeps what it can find out again."""
    if chosen := os.environ.get(CACHE_DIRECTORY):
        return Path(chosen).expanduser()
    import platformdirs  # noqa: PLC0415 - for nobody who says where

    return platformdirs.user_cache_path("spcs-worker-tui")


@dataclass(frozen=True, slots=True)
class _Saved:
    """What a file holds."""

    specs: dict[SpecKey, RememberedSpec] = field(default_factory=dict)
    used: dict[SpecKey, datetime] = field(default_factory=dict)
    pools: dict[str, frozenset[WorkPoolKey]] = field(default_factory=dict)


class SpecFile:
    """Implements the port `SpecMemory`.

    Args:
        path: The file; read when first needed, made when something is saved.
        now: Today, for dropping what nobody has asked for in a month.
    """

    def __init__(self, path: Path | None = None, now: datetime | None = None) -> None:
        self._path = path
        self._now = now or datetime.now(UTC)
        self._specs: dict[SpecKey, RememberedSpec] | None = None
        self._used: dict[SpecKey, datetime] = {}
        self._pools: dict[str, frozenset[WorkPoolKey]] = {}
        self._is_changed = False

    @property
    def path(self) -> Path:
        """The file."""
        if self._path is None:
            self._path = cache_directory() / _NAME
        return self._path

    def read(self) -> None:
        """Read the file now, so that nobody waits for it later."""
        self._known()

    def recall(self, key: SpecKey) -> RememberedSpec | None:
        """What is known of that spec; see the port."""
        found = self._known().get(key)
        if found is not None and self._now - self._used[key] > _USED_AGAIN:
            self._used[key] = self._now
            self._is_changed = True
        return found

    def remember(self, key: SpecKey, spec: RememberedSpec) -> None:
        """Keep it; see the port."""
        if (
            not key.account
            or not key.digest
            or (spec.binding is not None and _may_be_secret(spec.binding.pool))
        ):
            return
        if self._known().get(key) != spec:
            self._known()[key] = spec
            self._used[key] = self._now
            self._is_changed = True

    def pools(self, connection: str) -> frozenset[WorkPoolKey]:
        """The work pools of that connection's services, the last time; see the port."""
        self._known()
        return self._pools.get(connection, frozenset())

    def remember_pools(self, connection: str, pools: frozenset[WorkPoolKey]) -> None:
        """Keep them; see the port."""
        kept = frozenset(pool for pool in pools if not _may_be_secret(pool))
        if self.pools(connection) != kept:
            self._pools[connection] = kept
            self._is_changed = True

    def save(self) -> None:
        """Write the file if there is something new; a full or read-only disk is no error."""
        if not self._is_changed:
            return
        # What another program has saved meanwhile is kept, unless we know better.
        theirs = self._read()
        specs = theirs.specs | self._known()
        used = theirs.used | self._used
        pools = theirs.pools | self._pools
        entries = [
            _entry(key, spec, used[key])
            for key, spec in specs.items()
            if self._now - used[key] <= _KEPT
        ]
        with suppress(OSError):
            saved = {"format": FORMAT, "specs": entries, "pools": _pool_entries(pools)}
            replace_file(self.path, json.dumps(saved))
            self._is_changed = False

    def _known(self) -> dict[SpecKey, RememberedSpec]:
        if self._specs is None:
            read = self._read()
            self._specs, self._used, self._pools = read.specs, read.used, read.pools
        return self._specs

    def _read(self) -> _Saved:
        """What the file says; one that is not ours, or says something else, says nothing."""
        read = _Saved()
        try:
            if self.path.stat().st_size > _LARGEST_FILE:
                return _Saved()
            saved = json.loads(self.path.read_text(encoding="utf-8"))
            if saved["format"] != FORMAT:
                return _Saved()
            for entry in saved["specs"]:
                key, spec, at = _read_entry(entry)
                read.specs[key], read.used[key] = spec, at
            for connection, pools in saved["pools"].items():
                read.pools[connection] = frozenset(
                    WorkPoolKey(_text(api_url), _text(name)) for api_url, name in pools
                )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return _Saved()
        return read


def _may_be_secret(pool: WorkPoolKey) -> bool:
    """Whether the address of the API holds more than an address."""
    return any(mark in pool.api_url for mark in "@?#")


def _pool_entries(pools: Mapping[str, frozenset[WorkPoolKey]]) -> dict[str, list[list[str]]]:
    return {
        connection: sorted([pool.api_url, pool.name] for pool in those)
        for connection, those in pools.items()
    }


def _entry(key: SpecKey, spec: RememberedSpec, used: datetime) -> dict[str, Any]:
    return {
        **asdict(key),
        "used_at": used.isoformat(),
        "read_at": spec.read_at.isoformat(),
        "is_plain": spec.is_plain,
        "settled_at": spec.settled_at and spec.settled_at.isoformat(),
        "doubted_at": spec.doubted_at and spec.doubted_at.isoformat(),
        "binding": None if spec.binding is None else asdict(spec.binding),
        "local_spec": spec.local_spec,
        "differing_fields": spec.differing_fields,
    }


def _read_entry(entry: Mapping[str, Any]) -> tuple[SpecKey, RememberedSpec, datetime]:
    """One entry.

    Raises:
        ValueError, TypeError, KeyError: It is none.
    """
    key = SpecKey(*(_text(entry[name]) for name in ("account", "role", "service", "digest")))
    spec = RememberedSpec(
        read_at=_moment(entry["read_at"]),
        binding=None if entry["binding"] is None else _binding(entry["binding"]),
        is_plain=entry["is_plain"] is True,
        settled_at=_optional(entry["settled_at"]),
        doubted_at=_optional(entry["doubted_at"]),
        local_spec=_text(entry["local_spec"]),
        differing_fields=_fields(entry["differing_fields"]),
    )
    return key, spec, _moment(entry["used_at"])


def _binding(saved: Mapping[str, Any]) -> PrefectBinding:
    seconds, name = saved["heartbeat_interval_seconds"], saved["worker_name"]
    if seconds is not None and not (isinstance(seconds, int) and seconds > 0):
        raise ValueError(seconds)
    return PrefectBinding(
        pool=WorkPoolKey(_text(saved["pool"]["api_url"]), _text(saved["pool"]["name"])),
        container=_text(saved["container"]),
        worker_name=None if name is None else _text(name),
        heartbeat_interval_seconds=seconds,
        work_queues=tuple(_text(one) for one in saved["work_queues"]),
        secret_env=tuple(_text(one) for one in saved["secret_env"]),
    )


def _fields(value: Sequence[object] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(_text(field) for field in value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _optional(value: object) -> datetime | None:
    return None if value is None else _moment(value)


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment
