"""A Prefect process worker that can finish what it runs before it stops.

The stock one kills its runs on SIGTERM and leaves them RUNNING for ever (prefect-contract 4.3);
this is the drain of prefect-contract 4.4. It uses five internal names of Prefect's worker:
`_last_polled_time`, `_submitting_flow_run_ids`, `_submit_scheduled_flow_runs`, the `started()` of
a task status, and `__dispatch_key__`; `tests/worker` runs it for real against the Prefect we pin.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from anyio.abc import TaskStatus
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult


class DrainingWorker(ProcessWorker):
    """Takes no new runs once `draining`, and knows the process of each run."""

    draining = False

    @classmethod
    def __dispatch_key__(cls) -> str:
        # A key of its own, else Prefect warns that the `process` worker is overridden.
        return "process+drain"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.active: dict[UUID, int | None] = {}
        """Flow run -> the pid of its process, or None before it has one."""

    @property
    def unfinished(self) -> set[UUID]:
        """Runs that were taken and have not ended."""
        return self._submitting_flow_run_ids | self.active.keys()

    @property
    def last_polled(self) -> datetime:
        """When the worker last asked for flow runs."""
        return self._last_polled_time

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Ask for flow runs and start them; while draining, leave them to another worker."""
        if self.draining:
            self._last_polled_time = datetime.now(UTC)
            return []
        return await super().get_and_submit_flow_runs()

    async def _submit_scheduled_flow_runs(
        self, flow_run_response: list[WorkerFlowRunResponse]
    ) -> list[FlowRun]:
        # The answer to a question that was on its way when the drain began.
        if self.draining:
            return []
        return await super()._submit_scheduled_flow_runs(flow_run_response)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """Run one flow run's process to its end, noting its pid."""
        self.active[flow_run.id] = None

        def note(pid: int) -> None:
            self.active[flow_run.id] = pid

        noting = None if task_status is None else _Noting(task_status, note)
        try:
            return await super().run(flow_run, configuration, noting)
        finally:
            self.active.pop(flow_run.id, None)


class _Noting:
    """A task status that also tells us what it is told."""

    def __init__(self, inner: TaskStatus[int], note: Callable[[int], None]) -> None:
        self._inner = inner
        self._note = note

    def started(self, value: Any = None) -> None:
        self._note(int(value))
        self._inner.started(value)
