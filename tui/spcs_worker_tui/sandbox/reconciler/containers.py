"""One container from its first pull to its end: lives, probes, restarts (contract 2.1, 2.3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from spcs_worker_tui.sandbox.reconciler import environment
from spcs_worker_tui.sandbox.reconciler.delays import Delays
from spcs_worker_tui.sandbox.reconciler.events import container_event
from spcs_worker_tui.sandbox.reconciler.images import InvalidImageNameError, find_image
from spcs_worker_tui.sandbox.reconciler.probes import watch_liveness, watch_readiness
from spcs_worker_tui.sandbox.runtimes.base import (
    Exit,
    ImageNotPulledError,
    LogSink,
    RunningContainer,
)

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.model import Container, Image, Instance, Service
    from spcs_worker_tui.sandbox.reconciler.context import Shared

_logger = logging.getLogger(__name__)

NOT_STARTED: Final = 128
"""The exit code of a life that never began, as Docker and Kubernetes report it."""


class ContainerLife:
    """Keeps one container running until it is told to stop; a job's runs once.

    Args:
        shared: Clock, delays, runtimes, logs.
        service: Whose container it is.
        instance: The instance it belongs to; has its address already.
        model: What SHOW SERVICE CONTAINERS reads; written here only.
        spec: The container's part of the specification with which the instance was made.
    """

    def __init__(
        self,
        shared: Shared,
        service: Service,
        instance: Instance,
        model: Container,
        spec: Mapping[str, Any],
    ) -> None:
        self._shared = shared
        self._service = service
        self._instance = instance
        self._model = model
        self._spec = spec
        self.running: RunningContainer | None = None
        """The present life, for whoever plays faults."""
        self._starting = False
        self._stopping = False
        self._unhealthy = False
        self._shown: tuple[str, str] | None = None
        self._files: Mapping[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Pull, start, and go on until `stop`."""
        self._task = asyncio.create_task(self._guarded(), name=f"container {self._model.name}")

    async def stop(self, grace_seconds: float | None = None) -> None:
        """End it: SIGTERM, the grace, SIGKILL.

        Args:
            grace_seconds: Seconds of real time instead of the sandbox's grace: it is closing.
        """
        if self._task is None:
            return
        self._stopping = True
        if self._model.status not in {"DONE", "FAILED"} or self.running is not None:
            self.show("TERMINATING", self._model.message)
        if self.running is not None:
            await self._end(self.running, grace_seconds)
        elif not self._starting:
            self._task.cancel()
        # While it is starting, the life itself sees that it is to stop, and kills what it started.
        await asyncio.wait([self._task])

    def show(self, status: str, message: str) -> None:
        """Write status and message, and the event, if they are new."""
        model = self._model
        if self._shown == (status, message):
            return
        if self._stopping and status != "TERMINATING":
            # A probe may still answer while it stops.
            return
        self._shown = model.status, model.message = status, message
        if status != "TERMINATING":
            container_event(
                self._service,
                self._instance.instance_id,
                model.name,
                status,
                message,
                self._shared.now,
            )
        self._shared.changed(self._service)

    def refresh_secrets(self) -> None:
        """Secrets that are files follow ALTER SECRET; variables stay as they were."""
        if self.running is None or not self._spec.get("secrets"):
            return
        files = environment.secret_files(self._shared.account, self._service, self._spec)
        if files != self._files:
            self._files = files
            self.running.write_files(files)

    async def _guarded(self) -> None:
        try:
            await self._live()
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except Exception:
            # A boundary: what goes wrong with one container must not touch the others.
            _logger.exception("container %s failed inside the sandbox", self._model.name)
            self.show("FAILED", "Encountered fatal error")

    async def _live(self) -> None:
        try:
            image = await self._pull()
        except InvalidImageNameError:
            self.show("FAILED", "Provided image name uses an invalid format")
            return
        failures = 0
        log = self._shared.logs.open(self._service, self._instance.instance_id, self._model.name)
        while True:
            began = self._shared.now
            exit_ = await self._one_life(image, log.write)
            log.ended_at = self._shared.now
            self._model.last_exit_code = NOT_STARTED if exit_ is None else exit_.code
            if self._stopping or self._ended(exit_):
                return
            delays = self._shared.delays
            if (log.ended_at - began).total_seconds() >= delays.restart_backoff_forgotten:
                failures = 0
            await self._shared.clock.sleep(
                Delays.doubled(delays.restart_backoff, delays.restart_backoff_limit, failures)
            )
            failures += 1
            log.restart()
            self._model.restart_count += 1
            self._model.last_restart_time = self._shared.now
            self.show("PENDING", "Waiting to start")

    async def _pull(self) -> Image:
        failures = 0
        while True:
            await self._shared.clock.sleep(self._shared.delays.image_pull)
            image = find_image(self._shared.account, self._model.image, self._model.image_digest)
            if image is not None and image.pullable:
                return image
            await self._not_pulled(failures)
            failures += 1

    async def _not_pulled(self, failures: int) -> None:
        """Say so, and wait until it is time to try again."""
        self.show("PENDING", "Failed to pull image")
        delays = self._shared.delays
        await self._shared.clock.sleep(
            Delays.doubled(delays.pull_retry, delays.pull_retry_limit, failures)
        )

    async def _one_life(self, image: Image, write: LogSink) -> Exit | None:
        running = await self._start(image, write)
        if running is None:
            return None
        self.running = running
        self._unhealthy = False
        watchers = []
        try:
            if self._stopping:
                running.kill()
            else:
                watchers = self._watch(running)
            return await running.wait()
        finally:
            self.running = None
            for watcher in watchers:
                watcher.cancel()

    async def _start(self, image: Image, write: LogSink) -> RunningContainer | None:
        """The next life, or None where it cannot begin; its image is pulled without end."""
        failures = 0
        while True:
            try:
                return await self._begin_life(image, write)
            except ImageNotPulledError as error:
                _logger.warning("image of %s is not pulled: %s", self._model.name, error)
            except OSError as error:
                _logger.warning("container %s cannot be started: %s", self._model.name, error)
                return None
            await self._not_pulled(failures)
            failures += 1

    async def _begin_life(self, image: Image, write: LogSink) -> RunningContainer:
        await self._shared.clock.sleep(self._shared.delays.container_start)
        launch = environment.launch_for(
            self._shared.account,
            self._service,
            self._instance,
            self._spec,
            image,
            self._shared.snowflake_host,
        )
        self._files = launch.files
        self._starting = True
        try:
            runtime = self._shared.runtimes.runtime_for(image.command)
            running = await runtime.start(launch, write)
        finally:
            self._starting = False
        self._model.start_time = self._shared.now
        self._instance.start_time = self._instance.start_time or self._shared.now
        return running

    def _watch(self, running: RunningContainer) -> list[asyncio.Task[None]]:
        watchers: list[asyncio.Task[None]] = []
        if (readiness := self._spec.get("readinessProbe")) is not None:
            watchers.append(
                asyncio.create_task(watch_readiness(self._shared, running, readiness, self.show))
            )
        else:
            self.show("READY", "Running")
        if (liveness := self._spec.get("livenessProbe")) is not None:
            watchers.append(asyncio.create_task(self._stay_alive(running, liveness)))
        return watchers

    async def _stay_alive(self, running: RunningContainer, probe: Mapping[str, Any]) -> None:
        await watch_liveness(self._shared, running, probe)
        self._unhealthy = True
        # Not as a task of its own: if the container is stopped meanwhile, this one is cancelled.
        await self._end(running, None)

    async def _end(self, running: RunningContainer, grace_seconds: float | None) -> None:
        """SIGTERM; SIGKILL for what is still there after the grace."""
        running.terminate()
        ended = asyncio.ensure_future(running.wait())
        grace = asyncio.ensure_future(
            self._shared.clock.sleep(self._shared.delays.termination_grace)
            if grace_seconds is None
            else asyncio.sleep(grace_seconds)
        )
        try:
            await asyncio.wait([ended, grace], return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                running.kill()
                await ended
        finally:
            grace.cancel()
            ended.cancel()

    def _ended(self, exit_: Exit | None) -> bool:
        """Show how the life ended; True if there will be no other."""
        if exit_ is None:
            self.show("FAILED", "Encountered fatal error while starting container")
        elif exit_.oom_killed:
            self.show("FAILED", "Container was OOMKilled due to resource usage")
        elif self._unhealthy:
            # Which message a failed liveness probe leaves is unverified.
            self.show("FAILED", "Encountered fatal error while running, check container logs")
        elif self._service.is_job and exit_.code == 0:
            self.show("DONE", "Completed successfully")
        else:
            # A service has no way to end well: any exit code is an error (contract 2.1).
            self.show("FAILED", "User application error, check container logs")
        return self._service.is_job
