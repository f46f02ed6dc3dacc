"""What an update needs from outside, and how patient it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.history import HistoryStore
    from spcs_worker_tui.domain.ports import PrefectReader, SnowflakeSession
    from spcs_worker_tui.operations.apply import Engine
    from spcs_worker_tui.operations.update.present import ReadSpec


@dataclass(frozen=True, slots=True)
class UpdateTiming:
    """Seconds: between two looks, and how long to wait at most.

    A first start may wait for a node of the compute pool, on Azure 20 minutes (contract 2.5); a
    worker beats within its interval, 30 s unless it says otherwise.
    """

    poll: float = 1.0
    ready_within: float = 1500.0
    beating_within: float = 180.0
    settled_after: float = 3.0
    """How long what holds no Prefect worker has to stay up: without a probe, it is READY when it
    has merely started (contract 3.1)."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Ports, and the engine that applies the plans.

    Attributes:
        sessions: The session of a saved connection, by its name.
        read_spec: Reads YAML.
    """

    sessions: Callable[[str], SnowflakeSession]
    prefect: PrefectReader
    history: HistoryStore
    read_spec: ReadSpec
    engine: Engine
    timing: UpdateTiming = field(default_factory=UpdateTiming)
