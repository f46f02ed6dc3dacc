"""What `--check --resume-if-late` does: resume what is suspended while its runs wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.errors import FleetError
from spcs_worker_tui.domain.plan import StepState
from spcs_worker_tui.operations.check import Resumption
from spcs_worker_tui.operations.lifecycle_plans import RESUME

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey
    from spcs_worker_tui.domain.verdict import JudgedFleet
    from spcs_worker_tui.operations.lifecycle import Lifecycle

SUSPENDED_WHILE_RUNS_WAIT = 6
"""The rule (docs/health.md) for a suspended service with late runs that nobody else serves."""


class ResumeLate:
    """Resumes each service once, however often it is found.

    Args:
        lifecycle: Plans against a picture, and applies.
    """

    def __init__(self, lifecycle: Callable[[JudgedFleet], Lifecycle]) -> None:
        self._lifecycle = lifecycle
        self._done: set[ServiceKey] = set()

    async def __call__(self, judged: JudgedFleet) -> tuple[Resumption, ...]:
        """Resume what the picture shows to be late; what was resumed, or could not be."""
        late = [
            key
            for key, verdict in judged.verdicts.items()
            if verdict.rule == SUSPENDED_WHILE_RUNS_WAIT and key not in self._done
        ]
        self._done.update(late)
        if not late:
            return ()
        lifecycle = self._lifecycle(judged)
        return tuple([Resumption(key, await _resume(lifecycle, key)) for key in late])


async def _resume(lifecycle: Lifecycle, key: ServiceKey) -> FleetError | None:
    """Send the statement; whether it becomes ready is for the verdict to say."""
    try:
        async with aclosing(lifecycle.resume(key).apply()) as events:
            async for progress in events:
                if progress.state is StepState.FAILED:
                    return progress.error or FleetError(progress.detail)
                if progress.step.id == RESUME and progress.state is not StepState.RUNNING:
                    return None
    except FleetError as error:
        return error
    return None
