"""What earlier looks read out of specs, without a file."""

from __future__ import annotations

from spcs_worker_tui.domain.memory import RememberedSpec, SpecKey
from spcs_worker_tui.domain.prefect import WorkPoolKey


class Memory:
    """Remembers as the file does, for as long as the test runs; implements `SpecMemory`."""

    def __init__(self) -> None:
        self.specs: dict[SpecKey, RememberedSpec] = {}
        self.work_pools: dict[str, frozenset[WorkPoolKey]] = {}
        self.saved = 0

    def recall(self, key: SpecKey) -> RememberedSpec | None:
        return self.specs.get(key)

    def remember(self, key: SpecKey, spec: RememberedSpec) -> None:
        self.specs[key] = spec

    def pools(self, connection: str) -> frozenset[WorkPoolKey]:
        return self.work_pools.get(connection, frozenset())

    def remember_pools(self, connection: str, pools: frozenset[WorkPoolKey]) -> None:
        self.work_pools[connection] = pools

    def save(self) -> None:
        self.saved += 1
