"""Sees a service through to where it works: ready, and beating; or says why it does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    FleetError,
    PlanRefusedError,
    PrefectError,
    StatementRefusedError,
)
from spcs_worker_tui.domain.plan import LAST_WORDS
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.operations.apply import Outcome, Tell
from spcs_worker_tui.operations.apply.waiting import wait_until
from spcs_worker_tui.operations.update.heartbeats import beating
from spcs_worker_tui.operations.update.rollout import (
    Rollout,
    RolloutFailedError,
    has_no_node,
    worst_container,
)
from spcs_worker_tui.operations.update.words import LogTeller, last_words

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ContainerSnapshot, PrefectBinding
    from spcs_worker_tui.domain.ports import SnowflakeSession
    from spcs_worker_tui.operations.update.tools import Tools

Look = Callable[[Tell], Awaitable[tuple[bool, str]]]


class SeeingThrough:
    """What follows after the statement.

    Args:
        tools: Prefect, time and patience.
        session: Of the service's connection.
        rollout: What is rolled out.
        binding: Which work pool the workers serve; None: the service holds none.
        began: When the statement was sent.
        failed: Called when the service did not come up; answers what to do then.
    """

    def __init__(
        self,
        tools: Tools,
        session: SnowflakeSession,
        rollout: Rollout,
        binding: PrefectBinding | None,
        began: datetime,
        failed: Callable[[], str],
    ) -> None:
        self._tools = tools
        self._session = session
        self._rollout = rollout
        self._binding = binding
        self._failed = failed
        self._clock = tools.engine.clock
        self._unseen: PrefectError | None = None
        self._logs = LogTeller(session, rollout.key, lambda: rollout.service, self._clock, began)

    async def until_ready(self, tell: Tell) -> Outcome:
        """Wait until every instance runs the specification and is READY.

        Raises:
            PlanRefusedError: Somebody else changed or suspended the service meanwhile.
            FleetError: It does not come up; with the last words of the container to blame.
        """
        return await self._wait(self._rollout.look, tell, self._tools.timing.ready_within)

    async def until_beating(self, tell: Tell) -> Outcome:
        """Wait until every worker beats in Prefect; raises as `until_ready`."""
        binding = self._binding
        if binding is None or not binding.is_complete:
            return await self._wait(self._settled, tell, self._tools.timing.ready_within)

        async def look(tell: Tell) -> tuple[bool, str]:
            done, detail = await self._rollout.look(tell)
            if not done or self._rollout.service is None:
                return False, detail
            try:
                pool = await self._tools.prefect.work_pool(binding.pool)
            except PrefectError as error:
                self._unseen = error
                raise
            self._unseen = None
            return beating(self._rollout.service, binding, pool, self._clock.now())

        try:
            return await self._wait(look, tell, self._tools.timing.beating_within)
        except PrefectError as error:
            raise FleetError(
                f"every instance is READY, but whether its worker beats cannot be seen: {error}",
                next_step=error.next_step,
            ) from error

    async def _settled(self, tell: Tell) -> tuple[bool, str]:
        """Whether what nobody can be asked about has stayed up for a while."""
        done, detail = await self._rollout.look(tell)
        if not done or self._rollout.service is None:
            return False, detail
        rows = self._rollout.service.containers.value
        latest = max((row.start_time for row in rows if row.start_time), default=None)
        needed = timedelta(seconds=self._tools.timing.settled_after)
        why = "no Prefect worker" if self._binding is None else "a worker of an unknown work pool"
        if latest is not None and self._clock.now() - latest < needed:
            return False, f"it holds {why}: seeing whether it stays up"
        return True, f"it holds {why}, and stays up"

    async def _wait(self, look: Look, tell: Tell, within: float) -> Outcome:
        """Wait, with log lines; what does not come up is explained by its last words."""
        poll = self._tools.timing.poll
        try:
            async with self._logs.telling(tell):
                return await wait_until(
                    lambda: look(tell), tell, self._clock, within=within, poll=poll
                )
        except (PlanRefusedError, PrefectError, StatementRefusedError):
            raise
        except FleetError as error:
            if self._unseen is not None:  # Prefect's silence is not the worker's failure
                raise self._unseen from error
            next_step = self._failed()
            blamed = self._blamed(error)
            if blamed is None:
                raise FleetError(str(error), next_step=next_step) from error
            if has_no_node(blamed):
                next_step = f"{self._more_room()} {next_step}"
            text = await self._with_last_words(error, blamed, tell)
            raise FleetError(text, next_step=next_step) from error

    def _blamed(self, error: FleetError) -> ContainerSnapshot | None:
        """The container that keeps the service from coming up."""
        if isinstance(error, RolloutFailedError) and error.container is not None:
            return error.container
        service = self._rollout.service
        return worst_container(service.containers.value) if service is not None else None

    def _more_room(self) -> str:
        service = self._rollout.service
        assert service is not None, "a container was seen in it"
        return (
            f"Compute pool {service.compute_pool} has no room for it: free some or raise its "
            "MAX_NODES, and the instances come up by themselves; or ask for less."
        )

    async def _with_last_words(
        self, error: FleetError, blamed: ContainerSnapshot, tell: Tell
    ) -> str:
        """What failed, with what the container, or Snowflake about it, said last."""
        lines = await last_words(self._session, self._rollout.key, blamed)
        for line in lines:
            tell(line, part=f"{LAST_WORDS} {blamed.name}/{blamed.instance_id}")
        if lines:
            return f"{error}; its last words: {one_line(lines[-1], 200)}"
        if not blamed.message or blamed.message in str(error):
            return str(error)
        return f"{error}; {blamed.name} of instance {blamed.instance_id}: {blamed.message}"
