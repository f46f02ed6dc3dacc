"""What the operations need from outside, as protocols; adapters and test doubles fulfil them.

Every method raises only errors of `domain.errors`, never waits longer than its adapter's time
limit, and may be cancelled at any await.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from spcs_worker_tui.domain.creation import ServiceChanger
from spcs_worker_tui.domain.secret_objects import SecretKeeper

if TYPE_CHECKING:
    from spcs_worker_tui.domain.audit import AuditEntry
    from spcs_worker_tui.domain.dotenv import DotenvEntry
    from spcs_worker_tui.domain.environment import ServiceEnvironment
    from spcs_worker_tui.domain.fleet import (
        ComputePoolSnapshot,
        ContainerSnapshot,
        DeployedSpec,
        ImageSnapshot,
        InstanceSnapshot,
        ServiceKey,
        ServiceSnapshot,
    )
    from spcs_worker_tui.domain.history import PastSpec
    from spcs_worker_tui.domain.keys import KeyName, Secret
    from spcs_worker_tui.domain.log import LogEvent
    from spcs_worker_tui.domain.plan import Plan, StepProgress
    from spcs_worker_tui.domain.prefect import (
        ActiveRun,
        PauseState,
        WorkerStarts,
        WorkPoolKey,
        WorkPoolSnapshot,
        WorkQueueKey,
    )
    from spcs_worker_tui.domain.read_only import ReadOnly
    from spcs_worker_tui.domain.settings import Project
    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.domain.wishes import RollBack, Wish


class Clock(Protocol):
    """Time, so that tests own it."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Wait; cancellable."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the account thinks we are."""

    account: str
    user: str
    role: str


@dataclass(frozen=True, slots=True)
class ScaleTo:
    """How many instances a service may have; `min_ready` only where it has to follow."""

    min_instances: int
    max_instances: int
    min_ready: int | None = None


class WatchedSession(Protocol):
    """What watching needs of a saved connection. Statements run concurrently on it.

    After `SessionEndedError` the next `open` makes a new connection.
    """

    name: str

    @property
    def statements(self) -> int:
        """How many statements were sent since the program started."""

    async def open(self, *, interactive: bool = False) -> Identity:
        """Log in, unless that was done.

        Args:
            interactive: A person asked for it, so a browser or a prompt is allowed.

        Raises:
            SignInNeededError: The authenticator needs a person and `interactive` is False.
            SignInRefusedError: The account said no.
            SnowflakeUnreachableError: No answer.
        """

    async def close(self) -> None:
        """End the session; never raises."""

    async def show_services(self) -> tuple[ServiceSnapshot, ...]:
        """`SHOW SERVICES IN ACCOUNT`: the rows, without containers, instances and spec."""

    async def show_service_containers(self, key: ServiceKey) -> tuple[ContainerSnapshot, ...]:
        """`SHOW SERVICE CONTAINERS`; the NULL row of an empty service is left out."""

    async def show_service_instances(self, key: ServiceKey) -> tuple[InstanceSnapshot, ...]:
        """`SHOW SERVICE INSTANCES`; the NULL row of an empty service is left out."""

    async def describe_service(self, key: ServiceKey) -> DeployedSpec:
        """`DESCRIBE SERVICE`: the deployed spec.

        Raises:
            PrivilegeError: The role does not own the service, so no spec is shown.
        """

    async def show_compute_pools(self) -> tuple[ComputePoolSnapshot, ...]:
        """`SHOW COMPUTE POOLS`."""

    async def show_images(self, repository: str) -> tuple[ImageSnapshot, ...]:
        """`SHOW IMAGES IN IMAGE REPOSITORY`; `repository` is `db/schema/repository`."""


class SnowflakeSession(WatchedSession, ServiceChanger, SecretKeeper, Protocol):
    """One saved connection."""

    async def service_logs(
        self,
        key: ServiceKey,
        instance_id: int,
        container: str,
        *,
        lines: int,
        previous: bool = False,
    ) -> Sequence[tuple[int | None, str]]:
        """`CALL SYSTEM$GET_SERVICE_LOGS`: time stamp in nanoseconds, and text, oldest first.

        Falls back to the five documented arguments, and so to None as time stamp, where the
        server refuses the undocumented ones (contract 10, point 20).
        """

    def suspend_statement(self, key: ServiceKey) -> str:
        """Exactly what `suspend_service` sends, for a plan to show."""

    def resume_statement(self, key: ServiceKey) -> str:
        """Exactly what `resume_service` sends, for a plan to show."""

    async def suspend_service(self, key: ServiceKey) -> str:
        """`ALTER SERVICE … SUSPEND`; returns the query id."""

    async def resume_service(self, key: ServiceKey) -> str:
        """`ALTER SERVICE … RESUME`; returns the query id."""

    def scale_statement(self, key: ServiceKey, scale: ScaleTo) -> str:
        """Exactly what `scale_service` sends."""

    async def scale_service(self, key: ServiceKey, scale: ScaleTo) -> str:
        """`ALTER SERVICE … SET MIN_INSTANCES = … MAX_INSTANCES = …`; returns the query id."""

    def drop_statement(self, key: ServiceKey) -> str:
        """Exactly what `drop_service` sends."""

    async def drop_service(self, key: ServiceKey) -> str:
        """`DROP SERVICE IF EXISTS …`; returns the query id."""

    def suspend_compute_pool_statement(self, name: str) -> str:
        """Exactly what `suspend_compute_pool` sends."""

    async def suspend_compute_pool(self, name: str) -> str:
        """`ALTER COMPUTE POOL … SUSPEND`; returns the query id."""


class PrefectReader(Protocol):
    """One Prefect API, read only."""

    async def work_pool(self, key: WorkPoolKey) -> WorkPoolSnapshot:
        """The pool with its queues, workers, late and running runs.

        Raises:
            PrefectError: One of its kinds.
        """

    async def close(self) -> None:
        """Let go of the connections; never raises."""


class PrefectWriter(Protocol):
    """Every Prefect API, for what changes something. Every method raises `PrefectError` only."""

    async def pause_state(self, key: WorkQueueKey) -> PauseState:
        """Whether it is paused, and its description."""

    async def set_paused(
        self, key: WorkQueueKey, *, paused: bool, description: str | None = None
    ) -> None:
        """Pause or go on, and in the same request change the description unless it is None."""

    async def set_concurrency_limit(self, key: WorkQueueKey, limit: int | None) -> None:
        """At most so many runs at a time; None: as many as come."""

    async def create_work_pool(self, key: WorkPoolKey, limit: int | None = None) -> None:
        """Create a `process` pool.

        Raises:
            PrefectError: Also when there is one of that name already.
        """

    async def delete_worker(self, key: WorkPoolKey, worker_name: str) -> None:
        """Delete a worker's row; one that is gone already is all right."""

    async def active_runs(self, key: WorkPoolKey) -> tuple[ActiveRun, ...]:
        """All runs of the pool that are in a worker's hands.

        Pending, running, being cancelled, paused, or waiting for a retry within their process.
        """

    async def now(self, key: WorkPoolKey) -> datetime:
        """The time on that API's clock."""

    async def create_run(
        self, key: WorkPoolKey, *, flow: str, entrypoint: str, queue: str = ""
    ) -> ActiveRun:
        """Deploy that flow to the pool, unless it was, and ask for one run of it at once.

        Args:
            key: Where to.
            flow: The flow's name.
            entrypoint: A module path that the worker's image has, `package.module.flow`.
            queue: Of the pool; the default one otherwise.
        """

    async def run(self, key: WorkPoolKey, run_id: str) -> ActiveRun:
        """That run as it is now."""

    async def close(self) -> None:
        """Let go of the connections; never raises."""


class Change(Protocol):
    """A plan, and what does its steps."""

    @property
    def plan(self) -> Plan:
        """What will be done."""

    def apply(self) -> AsyncGenerator[StepProgress, None]:
        """Do it, step by step; ends after a step that failed.

        Close it, or cancel whoever reads it, to stop: what has to be undone then still is.

        Raises:
            PlanRefusedError: The plan is out of date, or changes are not allowed here.
            FleetError: Whether it is out of date cannot be seen now.
        """


class AuditLog(Protocol):
    """Where every applied step is written down."""

    def record(self, entry: AuditEntry) -> str:
        """Write it down, at once and in one piece; never raises, never waits.

        Returns:
            Why it could not be written, one sentence, the first time; otherwise nothing.
        """

    def entries(self) -> Sequence[AuditEntry]:
        """Everything that was written down, the oldest first.

        Raises:
            ConfigurationError: It cannot be read.
        """


class CheckPrefect(PrefectReader, Protocol):
    """What one look needs of the Prefect APIs: the work pools, and who started lately."""

    async def worker_starts(self, api_url: str, since: datetime) -> WorkerStarts:
        """The starts of all workers of that API since then, as far back as can be read quickly.

        Raises:
            PrefectError: One of its kinds; also where events cannot be read.
        """


class FleetConsole(Protocol):
    """All that a front end can see and do: the dashboard and the commands both hold one."""

    def watch(self) -> AsyncIterator[JudgedFleet]:
        """Every new picture of the fleet, from the first empty one on, until closed.

        Slow readers see the newest picture, not a queue of old ones.
        """

    def refresh(self) -> None:
        """Poll everything now, without waiting for the interval."""

    def select(self, key: ServiceKey | None) -> None:
        """Watch this service more closely than the others."""

    def follow_log(self, key: ServiceKey) -> AsyncIterator[Sequence[LogEvent]]:
        """The service's log from the last few hundred lines on, all containers merged."""

    async def sign_in(self, connection: str) -> None:
        """A person asked for the interactive sign-in of that connection."""

    async def give_key(self, key: KeyName, secret: Secret, *, keep: bool) -> None:
        """A person typed the key that a `KeyMissingError` names, or one for a Prefect API.

        Args:
            key: Which one.
            secret: The value; see `domain.keys.checked`.
            keep: In the keyring; otherwise it is used until the program ends, and kept nowhere.

        Raises:
            FleetError: It could not be kept, or the sign-in with it did not work.
        """

    async def plan(self, wish: Wish) -> Plan:
        """What fulfilling it would do.

        Raises:
            PlanRefusedError: The state of things forbids it.
        """

    async def environment(self, key: ServiceKey) -> ServiceEnvironment:
        """Its deployed environment variables; `plan` an `EditEnvironment` to change them.

        Raises:
            FleetError: They cannot be read: no such service, no answer, not the owner.
        """

    def read_variables(self, text: str, source: str) -> Sequence[DotenvEntry]:
        """KEY=VALUE lines, as pasted or from a .env file.

        Args:
            text: The lines.
            source: For messages: where they are from.

        Raises:
            ConfigurationError: Lines are wrong; no value is told.
        """

    @property
    def read_only(self) -> ReadOnly:
        """Where nothing may be changed; applying such a plan is refused."""

    async def audit_entries(self) -> Sequence[AuditEntry]:
        """What was applied from this machine by this user, the oldest first.

        Raises:
            ConfigurationError: The audit log cannot be read.
        """

    async def past_specs(self, key: ServiceKey) -> Sequence[PastSpec]:
        """What was deployed to a service, the newest first, with what differs from now.

        Raises:
            FleetError: The service is not there, or it or the history cannot be read.
        """

    async def project(self) -> Project:
        """The settings of the project that we are in: where can be built for and deployed to.

        Raises:
            ConfigurationError: There is none, or something in it is wrong.
        """

    def apply(self, plan: Plan) -> AsyncIterator[StepProgress]:
        """Do a plan that this console has made, step by step; see `Change.apply`.

        Raises:
            FleetError: The plan is out of date; make a new one.
        """

    def way_back(self, plan: Plan) -> RollBack | None:
        """What to ask for after a plan whose specification did not come up; None: nothing."""

    async def close(self) -> None:
        """Stop everything that was started; never raises."""
