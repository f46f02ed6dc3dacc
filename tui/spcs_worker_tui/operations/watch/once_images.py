"""Whether images are current, for one look at the fleet: read only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.fleet import ImageSnapshot, Observation, ServiceSnapshot
from spcs_worker_tui.domain.sync import repositories, repository_key
from spcs_worker_tui.operations.watch.failures import run_all

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock, SnowflakeSession

Images = Observation[tuple[ImageSnapshot, ...]]

_NEVER: Images = Observation(())


async def read_images(
    services: Iterable[tuple[SnowflakeSession, Iterable[ServiceSnapshot]]], clock: Clock
) -> dict[str, Images]:
    """SHOW IMAGES of every image repository that these services use, all at the same time.

    Args:
        services: By the session of their connection; with containers, or else with their spec.
        clock: Time.

    Returns:
        What each repository holds, as `FleetSnapshot.images` has it; a refusal is kept with it.
    """
    found: dict[str, Images] = {}

    async def read(session: SnowflakeSession, path: str) -> None:
        key = repository_key(session.name, path)
        try:
            found[key] = Observation(await session.show_images(path), clock.now())
        except FleetError as error:
            found[key] = _NEVER.failed(error)

    await run_all(
        read(session, path)
        for session, own in services
        for path in sorted({path for service in own for path in repositories(service)})
    )
    return found
