"""What a user may ask for that changes something: each of these is planned, then applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.environment import EditEnvironment

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkQueueKey

SMOKE_ENTRYPOINT = "spcs_worker.flows.hello.hello"
"""The smallest flow that our worker image brings along."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Let flow runs finish first: no new ones, and wait for those that are under way.

    `within` is in seconds. With `act_anyway` the change is made then, with whatever still runs;
    otherwise it is not made.
    """

    within: float = 600.0
    act_anyway: bool = False


@dataclass(frozen=True, slots=True)
class Suspend:
    """End a service's containers; `with_pool` suspends the compute pool that is empty then."""

    service: ServiceKey
    drain: Drain | None = None
    with_pool: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """Start them again."""

    service: ServiceKey


@dataclass(frozen=True, slots=True)
class Restart:
    """Suspend and resume: Snowflake knows no restart."""

    service: ServiceKey
    drain: Drain | None = None


@dataclass(frozen=True, slots=True)
class Scale:
    """Change how many instances there are; `max_instances` None: as many as the minimum."""

    service: ServiceKey
    min_instances: int
    max_instances: int | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    """Drop a service; `confirmed` is its qualified name, typed in full."""

    service: ServiceKey
    confirmed: str


@dataclass(frozen=True, slots=True)
class PauseWork:
    """Hand out no more runs of a work pool, or of one of its queues."""

    target: WorkQueueKey


@dataclass(frozen=True, slots=True)
class ResumeWork:
    """Hand them out again, whoever stopped it."""

    target: WorkQueueKey


@dataclass(frozen=True, slots=True)
class LimitWork:
    """At most so many runs at a time; None: as many as come."""

    target: WorkQueueKey
    limit: int | None


@dataclass(frozen=True, slots=True)
class CreateWorkPool:
    """A new `process` pool."""

    pool: WorkPoolKey
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class PruneWorkers:
    """Delete the worker rows whose containers are gone."""

    pool: WorkPoolKey


@dataclass(frozen=True, slots=True)
class Smoke:
    """Run a small flow on the pool, and follow it to its end."""

    target: WorkQueueKey
    entrypoint: str = SMOKE_ENTRYPOINT
    within: float = 300.0


@dataclass(frozen=True, slots=True)
class Build:
    """Build the image of an environment of the project, here.

    Attributes:
        environment: Its name in `spcs-worker.toml`; empty: the default one.
        tag: Instead of the one that the environment's pattern makes.
        require_clean: Refuse where git has changes that are not committed.
        arguments: Build arguments, before those of the settings; `@FILE` is what a file holds.
        network: What the build may reach, instead of what the settings say.
    """

    environment: str = ""
    tag: str = ""
    require_clean: bool = False
    arguments: tuple[tuple[str, str], ...] = ()
    network: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """Push the image that was built for an environment to its image repository.

    Attributes:
        environment: As in `Build`.
        tag: As in `Build`.
        image: Another image that the engine has, by name or id.
        to: Another place, `[HOST/]DB/SCHEMA/REPOSITORY/IMAGE:TAG`, in the account's registry.
    """

    environment: str = ""
    tag: str = ""
    image: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Deploy:
    """Build, push, and update the environment's service or create it: in one plan.

    Attributes:
        build: What to build; its environment is the one that is deployed.
        with_build: Otherwise the image is there, built before.
        with_push: Otherwise it is in the image repository, pushed before.
        why: For the history.
    """

    build: Build = Build()
    with_build: bool = True
    with_push: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """Give a service another image, another specification, or what its tags mean by now.

    Attributes:
        image: A tag, `sha256:…` or a whole image path; empty: as the specification says.
        spec: Path of a specification file; empty: the deployed one.
        why: For the history.
    """

    service: ServiceKey
    image: str = ""
    spec: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class RollBack:
    """Back to what was deployed before, images pinned by digest.

    Attributes:
        to: The number of a history entry, or `previous`.
        why: For the history.
    """

    service: ServiceKey
    to: str = "previous"
    why: str = ""


ServiceWish = Suspend | Resume | Restart | Scale | Drop
WorkWish = PauseWork | ResumeWork | LimitWork | CreateWorkPool | PruneWorkers | Smoke
UpdateWish = Update | RollBack
ImageWish = Build | Push | Deploy
Wish = ServiceWish | UpdateWish | WorkWish | ImageWish | EditEnvironment
