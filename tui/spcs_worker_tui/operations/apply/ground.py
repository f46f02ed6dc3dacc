"""What a plan on a service stands on: the service as it was when the plan was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import PlanRefusedError
from spcs_worker_tui.domain.fleet import ServiceKey, ServiceSnapshot, ServiceStatus

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import SnowflakeSession

UP = frozenset(
    {
        ServiceStatus.PENDING,
        ServiceStatus.RUNNING,
        ServiceStatus.FAILED,
        ServiceStatus.INTERNAL_ERROR,
    }
)
"""What SUSPEND can be used on (contract 2.1)."""
DOWN = frozenset({ServiceStatus.SUSPENDING, ServiceStatus.SUSPENDED})

_SHOWN = 8
AGAIN = "Make the plan again and look at what it says now."


async def read_service(session: SnowflakeSession, key: ServiceKey) -> ServiceSnapshot:
    """The service's row as it reads now.

    Raises:
        PlanRefusedError: It is not there.
        SnowflakeError: No answer.
    """
    found = (service for service in await session.show_services() if service.key == key)
    service = next(found, None)
    if service is None:
        raise PlanRefusedError(
            f"{key.qualified} is not there any more, or this role may no longer see it"
        )
    return service


@dataclass(frozen=True, slots=True)
class ServiceGround:
    """Reads the service, and refuses what somebody else has changed since the plan was made.

    Args:
        session: Of the service's connection.
        planned: The service as the plan saw it.
        watched: Fields of the row that must read as they did, beside the spec and whether the
            service is up or down.
    """

    session: SnowflakeSession
    planned: ServiceSnapshot
    watched: tuple[str, ...] = ()

    async def current(
        self, reached: frozenset[ServiceStatus] = frozenset(), spec_digest: str = ""
    ) -> ServiceSnapshot:
        """The service's row as it reads now.

        Args:
            reached: Statuses that are all right besides those on the side where it was: what
                the plan itself has made of it, or would make of it.
            spec_digest: The digest that it must have, where the plan itself has changed it.

        Raises:
            PlanRefusedError: Somebody else changed it; says what.
            SnowflakeError: No answer.
        """
        now = await read_service(self.session, self.planned.key)
        if changes := "; ".join(self._changes(now, reached, spec_digest)):
            raise PlanRefusedError(changes, next_step=AGAIN)
        return now

    async def check(self) -> None:
        """For `Engine.change`: nothing, or a refusal; see `current`."""
        await self.current()

    def _changes(
        self, now: ServiceSnapshot, reached: frozenset[ServiceStatus], spec_digest: str
    ) -> Iterator[str]:
        planned, name = self.planned, now.key.qualified
        if planned.created_on and now.created_on and planned.created_on != now.created_on:
            yield f"{name} was dropped and created again since the plan was made"
        digest = spec_digest or planned.spec_digest
        if digest and now.spec_digest != digest:
            yield (
                f"the spec of {name} was changed since the plan was made, by somebody else: "
                f"digest {digest[:_SHOWN]} is {now.spec_digest[:_SHOWN] or 'unknown'} now"
            )
        if side(now.status) != side(planned.status) and now.status not in reached:
            yield f"{name} is {now.status} now, it was {planned.status} when the plan was made"
        for field in self.watched:
            before, after = getattr(planned, field), getattr(now, field)
            if before != after:
                yield (
                    f"{field.upper()} of {name} is {after} now, it was {before} when the plan "
                    "was made"
                )


def side(status: ServiceStatus) -> str:
    """Whether a service of that status is up or down, or the status where it is neither."""
    return "up" if status in UP else "down" if status in DOWN else str(status)
