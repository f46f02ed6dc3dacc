"""Watches a rolling upgrade instance by instance (contract 1.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import (
    FleetError,
    NotVisibleError,
    PlanRefusedError,
    PrivilegeError,
)
from spcs_worker_tui.domain.fleet import (
    ContainerSnapshot,
    ContainerStatus,
    InstanceSnapshot,
    InstanceStatus,
    Observation,
    ServiceKey,
    ServiceSnapshot,
    ServiceStatus,
)
from spcs_worker_tui.operations.apply.ground import DOWN, read_service

if TYPE_CHECKING:
    from spcs_worker_tui.domain.ports import Clock, SnowflakeSession
    from spcs_worker_tui.operations.apply.action import Tell

MOST_RESTARTS = 3
"""A container that ended so often on the new specification will not come up by itself."""
_FAILED_FOR = timedelta(seconds=30)
"""For so long Snowflake may call the service failed before we believe it."""
_STEADY_AFTER_RESTART = timedelta(seconds=10)
_FAILED = frozenset({ServiceStatus.FAILED, ServiceStatus.INTERNAL_ERROR})
_SHORT = 12
_NO_NODE = "unschedulable"


class RolloutFailedError(FleetError):
    """The new specification does not come up.

    Args:
        message: One sentence.
        container: The one that is worst off, where one is to blame.
    """

    def __init__(self, message: str, container: ContainerSnapshot | None = None) -> None:
        super().__init__(message)
        self.container = container


class Rollout:
    """One rolling upgrade.

    Args:
        session: Of the service's connection.
        key: Which service.
        spec_digest: Of the specification that is being rolled out.
        digests: Container to the digest of its image, where known.
        clock: Time.
    """

    def __init__(
        self,
        session: SnowflakeSession,
        key: ServiceKey,
        spec_digest: str,
        digests: Mapping[str, str],
        clock: Clock,
    ) -> None:
        self._session = session
        self.key = key
        self._spec_digest = spec_digest
        self._digests = digests
        self._clock = clock
        self._said: dict[int, str] = {}
        self._failed_since = clock.now()
        self._is_failed = False
        self.service: ServiceSnapshot | None = None
        """As last seen, with its containers and instances."""

    async def look(self, tell: Tell) -> tuple[bool, str]:
        """One look: whether it is through, and how far it is.

        Args:
            tell: Told what changed in each instance.

        Raises:
            PlanRefusedError: Somebody else changed the specification, or suspended the service.
            RolloutFailedError: It will not come up.
            SnowflakeError: No answer.
        """
        service = await read_service(self._session, self.key)
        self._refuse_others(service)
        try:
            instances, containers = await asyncio.gather(
                self._session.show_service_instances(self.key),
                self._session.show_service_containers(self.key),
            )
        except (PrivilegeError, NotVisibleError):
            # OPERATE is enough to update; MONITOR is needed to see instances.
            self.service = service
            done = service.status is ServiceStatus.RUNNING and not service.is_upgrading
            return done, f"{service.status}; this role may not see its instances"
        now = self._clock.now()
        self.service = replace(
            service,
            instances=Observation(instances, now),
            containers=Observation(containers, now),
        )
        self._tell_instances(instances, containers, tell)
        self._refuse_failure(service, instances, containers)
        ready = [row for row in instances if self._is_ready(row, containers)]
        wanted = max(service.target_instances, service.min_instances, 1)
        done = len(ready) == len(instances) == wanted and not service.is_upgrading
        return done, f"{len(ready)} of {wanted} instance{'s' * (wanted != 1)} ready"

    def _refuse_others(self, service: ServiceSnapshot) -> None:
        name = self.key.qualified
        if service.spec_digest != self._spec_digest:
            raise PlanRefusedError(
                f"somebody else changed the specification of {name} while it was rolled out",
                next_step="Look at what is deployed now, and plan again.",
            )
        if service.status in DOWN:
            raise PlanRefusedError(
                f"somebody suspended {name} while it was rolled out",
                next_step="The new specification is stored: resume it when it shall run.",
            )

    def _is_ready(self, row: InstanceSnapshot, containers: tuple[ContainerSnapshot, ...]) -> bool:
        own = [c for c in containers if c.instance_id == row.instance_id]
        return (
            row.status is InstanceStatus.READY
            and row.spec_digest == self._spec_digest
            and bool(own)
            and all(c.status is ContainerStatus.READY for c in own)
            and all(self._has_image(c) for c in own)
            and all(self._stays_up(c) for c in own)
        )

    def _stays_up(self, row: ContainerSnapshot) -> bool:
        """Without a probe, a container in a crash loop is READY whenever it runs."""
        if not row.restart_count or row.start_time is None:
            return True
        return self._clock.now() - row.start_time >= _STEADY_AFTER_RESTART

    def _has_image(self, row: ContainerSnapshot) -> bool:
        expected = self._digests.get(row.name)
        return not expected or not row.image_digest or row.image_digest == expected

    def _tell_instances(
        self,
        instances: tuple[InstanceSnapshot, ...],
        containers: tuple[ContainerSnapshot, ...],
        tell: Tell,
    ) -> None:
        for row in instances:
            own = [c for c in containers if c.instance_id == row.instance_id]
            words = self._words(row, own)
            if self._said.get(row.instance_id) != words:
                self._said[row.instance_id] = words
                tell(words, part=f"instance {row.instance_id}")

    def _words(self, row: InstanceSnapshot, own: list[ContainerSnapshot]) -> str:
        which = "new" if row.spec_digest == self._spec_digest else "previous"
        words = [f"{row.status} on the {which} specification"]
        for container in own:
            digest = container.image_digest.removeprefix("sha256:")[:_SHORT]
            parts = [container.message or str(container.status)]
            if container.restart_count:
                parts.append(f"restart {container.restart_count}")
            if container.last_exit_code is not None and container.restart_count:
                parts.append(f"exit code {container.last_exit_code}")
            image = f" ({digest})" if digest else ""
            words.append(f"{container.name}{image}: {', '.join(parts)}")
        return "; ".join(words)

    def _refuse_failure(
        self,
        service: ServiceSnapshot,
        instances: tuple[InstanceSnapshot, ...],
        containers: tuple[ContainerSnapshot, ...],
    ) -> None:
        new = {row.instance_id for row in instances if row.spec_digest == self._spec_digest}
        for row in containers:
            if row.instance_id in new and row.restart_count >= MOST_RESTARTS:
                code = "" if row.last_exit_code is None else f", exit code {row.last_exit_code}"
                raise RolloutFailedError(
                    f"container {row.name} of instance {row.instance_id} ended "
                    f"{row.restart_count} times{code}: {row.message or row.status}",
                    row,
                )
        if service.status not in _FAILED:
            self._is_failed = False
        elif not self._is_failed:
            self._is_failed, self._failed_since = True, self._clock.now()
        elif self._clock.now() - self._failed_since >= _FAILED_FOR:
            worst = worst_container(containers)
            said = f": {worst.message}" if worst and worst.message else ""
            raise RolloutFailedError(f"Snowflake calls the service {service.status}{said}", worst)


def worst_container(containers: tuple[ContainerSnapshot, ...]) -> ContainerSnapshot | None:
    """The one that keeps the service from being ready, the failed ones first."""
    for status in (ContainerStatus.FAILED, ContainerStatus.PENDING, ContainerStatus.UNKNOWN):
        for row in containers:
            if row.status is status:
                return row
    return None


def has_no_node(row: ContainerSnapshot) -> bool:
    """Whether it waits for a node, all those of the compute pool being full."""
    return row.status is ContainerStatus.PENDING and row.message.lower().startswith(_NO_NODE)
