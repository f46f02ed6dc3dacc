"""Readiness and liveness, really probed (contract 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.reconciler.context import Shared
    from spcs_worker_tui.sandbox.runtimes.base import RunningContainer

_OK: Final = 200
_READINESS_PERIOD: Final = 5.0
_LIVENESS_PERIOD: Final = 10.0
_FAILURE_THRESHOLD: Final = 3
_PATIENCE_WITH_READY: Final = 10


async def watch_readiness(
    shared: Shared,
    running: RunningContainer,
    probe: Mapping[str, Any],
    show: Callable[[str, str], None],
) -> None:
    """READY after one success, PENDING again after `failureThreshold` failures in a row.

    Runs until it is cancelled.
    """
    port, path = int(probe["port"]), str(probe["path"])
    failing = f"Readiness probe is failing at path: {path}, port: {port}"
    failures, was_ready = 0, False
    while True:
        if await running.probe(port, path) == _OK:
            failures, was_ready = 0, True
            show("READY", "Running")
        else:
            failures += 1
            if not was_ready or failures >= _threshold(probe):
                was_ready = False
                show("PENDING", failing)
        period = _period(shared, probe, _READINESS_PERIOD, ready=was_ready)
        await shared.clock.sleep(period)


async def watch_liveness(
    shared: Shared, running: RunningContainer, probe: Mapping[str, Any]
) -> None:
    """Return when the probe has failed `failureThreshold` times in a row.

    The first one is made a period after the start.
    """
    port, path, failures = int(probe["port"]), str(probe["path"]), 0
    while failures < _threshold(probe):
        await shared.clock.sleep(_period(shared, probe, _LIVENESS_PERIOD))
        failures = 0 if await running.probe(port, path) == _OK else failures + 1


def _period(
    shared: Shared, probe: Mapping[str, Any], default: float, *, ready: bool = False
) -> float:
    """Seconds to the next probe; no sandbox in a hurry asks a thousand READY ones all the time."""
    period = float(probe.get("periodSeconds", default))
    limit = shared.delays.probe_period_limit
    if limit is None:
        return period
    return min(period, _PATIENCE_WITH_READY * limit if ready else limit)


def _threshold(probe: Mapping[str, Any]) -> int:
    return int(probe.get("failureThreshold", _FAILURE_THRESHOLD))
