"""Does the steps that change one service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.fleet import ComputePoolState, ServiceSnapshot, ServiceStatus
from spcs_worker_tui.operations.apply.action import Action, Outcome, Tell
from spcs_worker_tui.operations.apply.ground import DOWN, UP, ServiceGround
from spcs_worker_tui.operations.apply.waiting import Look, wait_until
from spcs_worker_tui.operations.compute_pool import compute_pool_now, is_down
from spcs_worker_tui.operations.lifecycle_plans import (
    COMPUTE_POOL,
    DROP,
    DROPPED,
    READY,
    RESUME,
    SCALE,
    SCALED,
    SUSPEND,
    SUSPENDED,
)
from spcs_worker_tui.operations.lifecycle_waiting import (
    until_gone,
    until_ready,
    until_scaled,
    until_suspended,
)

if TYPE_CHECKING:
    from spcs_worker_tui.domain.plan import Step
    from spcs_worker_tui.domain.ports import Clock, ScaleTo, SnowflakeSession

_GOES_ON = "Nothing is lost: the account goes on by itself. Look at the service's events."


@dataclass(frozen=True, slots=True)
class LifecycleTiming:
    """Seconds: between two looks, and how long to wait at most.

    A cold compute pool takes about 5 minutes, on Azure 20 (contract 2.5); suspending takes the
    30 s of grace and a little.
    """

    poll: float = 2.0
    suspended_within: float = 180.0
    ready_within: float = 1500.0


class Moves:
    """The actions behind the steps of a plan on one service.

    Args:
        service: As the plan saw it.
        session: Of its connection.
        clock: Time.
        timing: How often to look, and how long to wait.
        goal: The statuses that the plan leads to; what somebody else has brought there already
            is all right.
        scale: How many instances there are to be, where that is the plan.
    """

    def __init__(
        self,
        service: ServiceSnapshot,
        session: SnowflakeSession,
        clock: Clock,
        timing: LifecycleTiming,
        goal: frozenset[ServiceStatus] = frozenset(),
        scale: ScaleTo | None = None,
    ) -> None:
        self._service = service
        self._key = service.key
        self._session = session
        self._clock = clock
        self._timing = timing
        self._goal = goal
        self._scale = scale
        watched = ("min_instances", "max_instances") if scale else ()
        self._ground = ServiceGround(session, service, watched)

    def action(self, step: Step) -> Action:
        """What does that step."""
        down, up = self._timing.suspended_within, self._timing.ready_within
        session, key = self._session, self._key
        kinds: dict[str, Callable[[], Action]] = {
            SUSPEND: lambda: Action(step, self._sender(session.suspend_service), self._is_down),
            SUSPENDED: lambda: Action(
                step, self._waiter(until_suspended(session, key), down), self._need_not_wait
            ),
            RESUME: lambda: Action(step, self._sender(session.resume_service), self._is_up),
            READY: lambda: Action(step, self._waiter(until_ready(session, key), up)),
            SCALE: lambda: Action(step, self._set_scale, self._is_unchanged),
            SCALED: lambda: Action(step, self._waiter(self._scaled(), up)),
            DROP: lambda: Action(step, self._sender(session.drop_service), self._is_unchanged),
            DROPPED: lambda: Action(step, self._waiter(until_gone(session, key), down)),
            COMPUTE_POOL: lambda: Action(step, self._suspend_pool, self._is_pool_down),
        }
        return kinds[step.id]()

    async def check(self) -> None:
        """Refuses an outdated plan; what somebody else did that we would do is all right."""
        await self._ground.current(self._goal)

    async def _is_down(self) -> str:
        status = (await self._ground.current(self._goal & DOWN)).status
        return f"it is {status} already" if status in DOWN else ""

    async def _is_up(self) -> str:
        status = (await self._ground.current(DOWN | UP)).status
        return f"it is {status} already" if status in UP else ""

    async def _need_not_wait(self) -> str:
        """Only where the wait was for somebody else's suspension, which was undone."""
        return await self._is_up() if self._goal == UP else ""

    async def _is_unchanged(self) -> str:
        await self._ground.current()
        return ""

    def _sender(self, send: Callable[..., Awaitable[str]]) -> Callable[[Tell], Awaitable[Outcome]]:
        async def do(_: Tell) -> Outcome:
            return Outcome(query_id=await send(self._key))

        return do

    def _waiter(self, look: Look, within: float) -> Callable[[Tell], Awaitable[Outcome]]:
        async def do(tell: Tell) -> Outcome:
            return await self._wait(look, tell, within)

        return do

    async def _wait(self, look: Look, tell: Tell, within: float) -> Outcome:
        return await wait_until(
            look, tell, self._clock, within=within, poll=self._timing.poll, next_step=_GOES_ON
        )

    def _scaled(self) -> Look:
        assert self._scale is not None
        return until_scaled(self._session, self._key, self._scale)

    async def _set_scale(self, _: Tell) -> Outcome:
        assert self._scale is not None
        return Outcome(query_id=await self._session.scale_service(self._key, self._scale))

    async def _is_pool_down(self) -> str:
        pool = await compute_pool_now(self._session, self._service)
        return f"it is {pool.state} already" if is_down(pool) else ""

    async def _suspend_pool(self, tell: Tell) -> Outcome:
        query_id = await self._session.suspend_compute_pool(self._service.compute_pool)

        async def look() -> tuple[bool, str]:
            pools = await self._session.show_compute_pools()
            state = next((p.state for p in pools if p.name == self._service.compute_pool), None)
            return state is ComputePoolState.SUSPENDED, f"{state or 'not visible'}"

        ended = await self._wait(look, tell, self._timing.suspended_within)
        return Outcome(ended.detail, query_id)
