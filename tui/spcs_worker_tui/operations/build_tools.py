"""What building and pushing need from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.domain.building import ImageEngine, RegistrySession, SourceTree
    from spcs_worker_tui.operations.apply import Engine


@dataclass(frozen=True, slots=True)
class ImageTools:
    """Ports, and the engine that applies the plans.

    Attributes:
        images: The Docker engine.
        source: The folders that images are built from.
        sessions: The session of a saved connection, by its name; KeyError where it is not open.
    """

    images: ImageEngine
    source: SourceTree
    sessions: Callable[[str], RegistrySession]
    engine: Engine
