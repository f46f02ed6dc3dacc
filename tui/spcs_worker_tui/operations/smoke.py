"""A smoke flow: proof that a work pool's workers fetch runs and can run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.plan import Step
from spcs_worker_tui.operations.apply.action import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.waiting import wait_until

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock, PrefectWriter
    from spcs_worker_tui.domain.prefect import ActiveRun, WorkPoolSnapshot
    from spcs_worker_tui.domain.wishes import Smoke

_POLL = 1.0
_FAILED = frozenset({"FAILED", "CRASHED", "CANCELLED"})


class SmokeRun:
    """Asks for one run and follows it.

    Args:
        wish: Where, and of what.
        writer: Prefect.
        clock: Time.
    """

    def __init__(self, wish: Smoke, writer: PrefectWriter, clock: Clock) -> None:
        self._wish = wish
        self._writer = writer
        self._clock = clock
        self._run: ActiveRun | None = None

    @property
    def _flow(self) -> str:
        return self._wish.entrypoint.rpartition(".")[2]

    def actions(self) -> list[Action]:
        """Ask, and follow."""
        target = self._wish.target
        ask = Step(
            "run",
            f"Deploy flow {self._flow} to {target.label}, and ask for one run",
            f"POST /deployments/ entrypoint={self._wish.entrypoint}; "
            "POST /deployments/{id}/create_flow_run",
        )
        follow = Step("follow", "Follow the run to its end", verification="its state is COMPLETED")
        return [Action(ask, self._ask), Action(follow, self._follow)]

    def warnings(self, pool: WorkPoolSnapshot | None) -> tuple[str, ...]:
        """What would keep the run from starting, and what is left behind."""
        found = []
        if pool is not None and pool.is_paused:
            found.append(f"Work pool {pool.key.name} is paused: nothing starts until it goes on.")
        if pool is not None and not any(row.status == "ONLINE" for row in pool.workers):
            found.append("No worker of this pool is ONLINE.")
        found.append(
            f"The worker's image has to bring {self._wish.entrypoint} along. The deployment stays "
            "in Prefect, and is used again the next time."
        )
        return tuple(found)

    async def _ask(self, _: Tell) -> Outcome:
        self._run = await self._writer.create_run(
            self._wish.target.pool,
            flow=self._flow,
            entrypoint=self._wish.entrypoint,
            queue=self._wish.target.name,
        )
        return Outcome(f"flow run {self._run.name}")

    async def _follow(self, tell: Tell) -> Outcome:
        return await wait_until(
            self._look,
            tell,
            self._clock,
            within=self._wish.within,
            poll=_POLL,
            next_step="No worker took it, or it takes long: look at the pool's workers and at the "
            "run's log. It stays in Prefect.",
        )

    async def _look(self) -> tuple[bool, str]:
        assert self._run is not None
        run = await self._writer.run(self._wish.target.pool, self._run.id)
        on = f" on {run.worker_name}" if run.worker_name else ""
        detail = f"{run.state_name}{on}"
        if run.state_type in _FAILED:
            raise FleetError(
                f"{detail}: {run.message}" if run.message else detail,
                next_step="Look at the run's log in Prefect and at the worker's own log.",
            )
        return run.state_type == "COMPLETED", detail
