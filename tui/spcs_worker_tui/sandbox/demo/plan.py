"""A fleet on paper: what to create in Snowflake and in Prefect before anyone looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Qualified
    from spcs_worker_tui.sandbox.prefect.wishes import Deployment, WorkPool


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """An image that somebody has pushed; no statement does that."""

    repository: Qualified
    name: str
    tag: str
    command: str
    """Which program or script stands for it (`runtimes/images.py`, `runtimes/simulated.py`)."""
    pullable: bool = True
    size: int = 412_000_000


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """One account, the connection that is saved for it, and the statements that fill it."""

    connection: str
    organization: str
    name: str
    locator: str
    database: str
    schema: str
    role: str
    setup: str
    """Statements up to and with the image repositories, run as ACCOUNTADMIN."""
    images: tuple[ImagePlan, ...]
    services: str
    """Statements that need the images, run as `role`."""


@dataclass(frozen=True, slots=True)
class LateRun:
    """A flow run that should have begun some time ago."""

    deployment: str
    late_by: timedelta


@dataclass(frozen=True, slots=True)
class PrefectPlan:
    """What the Prefect server is given once it is up."""

    work_pools: tuple[WorkPool, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    late_runs: tuple[LateRun, ...] = ()
    first_runs: tuple[str, ...] = ()
    """Deployments of which one run is asked for at once."""


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """Everything."""

    accounts: tuple[AccountPlan, ...]
    prefect: PrefectPlan = field(default_factory=PrefectPlan)
