"""Instances to nodes: who fits where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.families import Resources


class Nodes:
    """What is free on the nodes of one pool, and which instance has what.

    Args:
        size: What one empty node offers.
    """

    def __init__(self, size: Resources) -> None:
        self._size = size
        self._free: dict[str, Resources] = {}
        self._placed: dict[int, tuple[str, Resources]] = {}
        self._tenants: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._free)

    @property
    def work(self) -> int:
        """How many instances have a place."""
        return len(self._placed)

    def add(self, node_id: str) -> None:
        """A node came up."""
        self._free[node_id] = self._size
        self._tenants[node_id] = 0

    def remove(self, node_id: str) -> None:
        """An empty node goes away."""
        del self._free[node_id], self._tenants[node_id]

    def empty(self) -> list[str]:
        """The nodes without work, newest first: those are released first."""
        return [node_id for node_id in reversed(self._free) if not self._tenants[node_id]]

    def place(self, tenant: int, wanted: Resources) -> str | None:
        """Give the instance a place on the first node with room; None if there is none."""
        for node_id, free in self._free.items():
            if free.lacking(wanted) is None:
                self._free[node_id] = free - wanted
                self._tenants[node_id] += 1
                self._placed[tenant] = (node_id, wanted)
                return node_id
        return None

    def release(self, tenant: int) -> None:
        """The instance is gone, or never had a place."""
        if (place := self._placed.pop(tenant, None)) is not None:
            node_id, had = place
            self._free[node_id] += had
            self._tenants[node_id] -= 1

    def lacking(self, wanted: Resources) -> str:
        """Of which resource there is not enough on any node, as the container message names it.

        Which words Snowflake puts there is unverified.
        """
        reasons = [free.lacking(wanted) for free in self._free.values()]
        for resource in ("GPU", "memory", "CPU"):
            if reasons and all(reason == resource for reason in reasons):
                return resource
        return self._size.lacking(wanted) or "CPU"

    def more_needed(self, waiting: Iterable[Resources]) -> int:
        """How many further nodes would take all that waits; what fits on no node is left out."""
        added: list[Resources] = []
        for wanted in waiting:
            if self._size.lacking(wanted) is not None:
                continue
            for index, free in enumerate(added):
                if free.lacking(wanted) is None:
                    added[index] = free - wanted
                    break
            else:
                added.append(self._size - wanted)
        return len(added)
