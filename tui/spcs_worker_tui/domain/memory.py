"""What earlier runs found out and a later one need not ask for again.

A spec digest stands for a spec that never changes, so what was read out of it may be kept. Only
what watching needs is kept: no environment, no text of the spec.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import DeployedSpec, PrefectBinding
    from spcs_worker_tui.domain.prefect import WorkPoolKey


@dataclass(frozen=True, slots=True)
class SpecKey:
    """One spec of one service, as one role of one account sees it.

    The role counts because a spec is shown to the owning role only.
    """

    account: str
    role: str
    service: str
    """Qualified name."""
    digest: str


@dataclass(frozen=True, slots=True)
class RememberedSpec:
    """What was read out of a spec, and when its containers were last found settled."""

    read_at: datetime
    binding: PrefectBinding | None
    is_plain: bool = False
    """One container, and it has a readiness probe: a READY one has a working worker."""
    settled_at: datetime | None = None
    """When all containers were read and were well, none had restarted lately, and the Prefect
    API had the event of each worker's start. None: never."""
    doubted_at: datetime | None = None
    """When the events of its workers' starts were last looked for in vain."""
    local_spec: str = ""
    """The `ServiceSnapshot.local_spec` that it was compared with; empty: with none."""
    differing_fields: tuple[str, ...] | None = None
    """What came of that, as `DeployedSpec.differing_fields`: names, no values."""

    def differing(self, local_spec: str) -> tuple[str, ...] | None:
        """What differs from that local spec; None where it is not the one that was compared."""
        return self.differing_fields if local_spec and local_spec == self.local_spec else None


class SpecMemory(Protocol):
    """What earlier runs read out of specs; it never fails, it knows less."""

    def recall(self, key: SpecKey) -> RememberedSpec | None:
        """What is known of that spec."""

    def remember(self, key: SpecKey, spec: RememberedSpec) -> None:
        """Keep it for later runs."""

    def pools(self, connection: str) -> frozenset[WorkPoolKey]:
        """The work pools that the services of that saved connection had the last time."""

    def remember_pools(self, connection: str, pools: frozenset[WorkPoolKey]) -> None:
        """Keep them for later runs."""

    def save(self) -> None:
        """Write down what is new, so that later runs have it; may take a while."""


def is_plain(spec: DeployedSpec) -> bool:
    """Whether the worker is the only container, with a readiness probe."""
    return len(spec.containers) == 1 and spec.containers[0].has_readiness_probe
