"""How long everything takes, in seconds of the sandbox's clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delays:
    """Durations in seconds. The defaults are the realistic ones (contract 2.4 and 2.5).

    Where the contract has no figure (restart back-off, retry of a failed pull), these are those
    of Kubernetes: 10 s doubling to 5 minutes, forgotten after 10 minutes without an exit.
    """

    node_start: float = 300.0
    """A node of a new pool, or one more node, until it takes work."""
    node_resume: float = 210.0
    """The nodes of a resumed pool."""
    scaling_judgement: float = 30.0
    """Until a lack or surplus of nodes is acted on."""
    scaling_pause: float = 120.0
    """At least between two such steps."""
    image_pull: float = 20.0
    container_start: float = 2.0
    pull_retry: float = 10.0
    pull_retry_limit: float = 300.0
    restart_backoff: float = 10.0
    restart_backoff_limit: float = 300.0
    restart_backoff_forgotten: float = 600.0
    termination_grace: float = 30.0
    """Between SIGTERM and SIGKILL."""
    probe_period_limit: float | None = None
    """Probes are made at least this often, whatever `periodSeconds` says; None leaves it alone."""
    log_retention: float = 300.0
    """How long the log of an ended container can be read ("a short while", contract 1.5)."""

    @staticmethod
    def doubled(first: float, limit: float, times: int) -> float:
        """`first` doubled so many times, up to `limit`."""
        # 2 ** 30 is far beyond any limit, and a container may restart for weeks.
        return min(limit, first * 2.0 ** min(times, 30))


REALISTIC = Delays()

DEMO = Delays(
    node_start=1.5,
    node_resume=1.0,
    scaling_judgement=2.0,
    scaling_pause=5.0,
    image_pull=0.8,
    container_start=0.3,
    pull_retry=2.0,
    pull_retry_limit=10.0,
    restart_backoff=2.0,
    restart_backoff_limit=20.0,
    restart_backoff_forgotten=60.0,
    probe_period_limit=1.0,
)
"""So that a demo looks alive. SIGTERM still leaves the 30 s that a drain may need."""

INSTANT = Delays(
    node_start=0.0,
    node_resume=0.0,
    scaling_judgement=0.0,
    scaling_pause=0.0,
    image_pull=0.0,
    container_start=0.0,
    pull_retry=1.0,
    pull_retry_limit=1.0,
    restart_backoff=1.0,
    restart_backoff_limit=1.0,
    probe_period_limit=0.1,
)
"""Nothing waits that need not. Retries still do, or a crash loop would never let go."""
