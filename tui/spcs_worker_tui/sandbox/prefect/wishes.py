"""What can be asked of the Prefect server; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class WorkPool:
    """A `process` work pool to create."""

    name: str
    description: str = ""
    concurrency_limit: int | None = None
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment to create.

    `entrypoint` is a module path (`spcs_worker.flows.hello.hello`): the worker's image has the
    module, and no directory of this machine is written into Prefect.
    """

    flow: str
    name: str
    work_pool: str
    entrypoint: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    every_seconds: float | None = None
    """A schedule, if any."""
    starts_in_seconds: float = 0.0
    """When the first scheduled run is due; negative lies in the past."""
    tags: tuple[str, ...] = ()
    description: str = ""
