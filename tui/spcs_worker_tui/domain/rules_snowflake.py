"""What the service is by Snowflake's word: the rules that come before any heartbeat counts."""

from __future__ import annotations

from collections.abc import Callable

from spcs_worker_tui.domain import rules_text as text
from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.domain.rules_facts import Beat, Facts, Kind
from spcs_worker_tui.domain.rules_row import WATCH, Rule, Side, fixed
from spcs_worker_tui.domain.verdict import Health, Remedy

_LAST_WORDS = "Read the log: the last words of the previous container say why it ended"
_RESUME = "Resume it"
_RETRY = "Ask again; when the sign-in ended, sign in to that connection"


def _is(*statuses: ServiceStatus) -> Callable[[Facts], bool]:
    return lambda f: f.snowflake.status in statuses


def _suspended(f: Facts) -> bool:
    beats = f.prefect.beats_while_suspended
    return f.snowflake.status is ServiceStatus.SUSPENDED and not beats


def _works(f: Facts) -> bool:
    """Whether there is a fresh heartbeat, or none to be expected."""
    return f.kind is Kind.OTHER or f.prefect.beat is Beat.FRESH


def _image_trouble(f: Facts) -> bool:
    message = f.snowflake.message.lower()
    pending = f.snowflake.status is ServiceStatus.PENDING
    return pending and any(word in message for word in ("image", "pull", "invalid"))


_PENDING = _is(ServiceStatus.PENDING)

SNOWFLAKE_RULES: tuple[Rule, ...] = (
    Rule(
        1,
        "no answer for 90 s",
        "no answer for 90 s",
        Health.UNKNOWN,
        lambda f: f.snowflake.blind and f.kind is Kind.WORKER and f.prefect.blind,
        text.blind_both,
        "Check this machine's network, then ask again",
        remedy=Remedy.LOOK_AGAIN,
    ),
    Rule(
        2,
        "no answer for 90 s",
        "any",
        Health.UNKNOWN,
        lambda f: f.snowflake.blind,
        text.blind_snowflake,
        _RETRY,
        remedy=Remedy.LOOK_AGAIN,
        from_failure=True,
    ),
    Rule(
        3,
        "DELETING, DELETED",
        "any",
        Health.UNKNOWN,
        _is(ServiceStatus.DELETING, ServiceStatus.DELETED),
        fixed("Service is being dropped"),
    ),
    Rule(
        4,
        "INTERNAL_ERROR, FAILED",
        "any",
        Health.BROKEN,
        _is(ServiceStatus.INTERNAL_ERROR, ServiceStatus.FAILED),
        text.failed,
        _LAST_WORDS,
        remedy=Remedy.READ_LOG,
    ),
    Rule(
        5,
        "SUSPENDING, or SUSPENDED",
        "no late runs",
        Health.SUSPENDED,
        lambda f: (
            f.snowflake.status is ServiceStatus.SUSPENDING
            or (_suspended(f) and (not f.prefect.late or f.kind is not Kind.WORKER))
        ),
        text.suspended_idle,
        _RESUME,
        remedy=Remedy.RESUME,
    ),
    Rule(
        6,
        "SUSPENDED",
        "late runs, no other fresh worker in the work pool",
        Health.BROKEN,
        lambda f: _suspended(f) and not f.prefect.others_fresh,
        text.suspended_late,
        _RESUME,
        remedy=Remedy.RESUME,
    ),
    Rule(
        7,
        "SUSPENDED",
        "late runs, another worker of the work pool is fresh",
        Health.SUSPENDED,
        _suspended,
        text.suspended_served,
        _RESUME,
        remedy=Remedy.RESUME,
    ),
    Rule(
        8,
        "SUSPENDED for more than 60 s",
        "a worker with its name beats",
        Health.DEGRADED,
        _is(ServiceStatus.SUSPENDED),
        fixed(
            "Suspended here, yet a worker with its name is beating: "
            "do two deployments share a name?"
        ),
        "Find the other deployment and give one of them another PREFECT_WORKER_NAME",
        side=Side.PREFECT,
    ),
    Rule(
        33,
        "DONE (a job)",
        "any",
        Health.HEALTHY,
        _is(ServiceStatus.DONE),
        fixed("Job is done"),
    ),
    Rule(
        34,
        "CANCELLING, CANCELLED (a job)",
        "any",
        Health.SUSPENDED,
        _is(ServiceStatus.CANCELLING, ServiceStatus.CANCELLED),
        fixed("Job was cancelled"),
    ),
    Rule(
        35,
        "a status that this program does not know",
        "any",
        Health.UNKNOWN,
        _is(ServiceStatus.UNKNOWN),
        fixed("Snowflake shows a status that this program does not know"),
        "Look for a newer version of this program",
    ),
    Rule(
        9,
        "3 restarts in 10 min, or two lives shorter than 2 min in a row",
        "any",
        Health.BROKEN,
        lambda f: f.snowflake.is_looping,
        text.looping,
        _LAST_WORDS,
        remedy=Remedy.READ_LOG,
    ),
    Rule(
        10,
        "PENDING, message speaks of image, pull or invalid",
        "any",
        Health.BROKEN,
        _image_trouble,
        text.cannot_start,
        "Check that the image and tag exist in the repository and that the owner role has READ",
    ),
    Rule(
        11,
        "PENDING for at most 5 min (20 min while the compute pool starts)",
        "any",
        Health.DEGRADED,
        lambda f: _PENDING(f) and f.snowflake.not_up_for <= f.snowflake.start_grace,
        text.starting,
        WATCH,
    ),
    Rule(
        12,
        "PENDING for longer",
        "any",
        Health.BROKEN,
        _PENDING,
        text.stuck_starting,
        "Look at the compute pool's state and free nodes, and at the container's message",
    ),
    Rule(
        13,
        "upgrading for at most 10 min",
        "at least one fresh worker",
        Health.DEGRADED,
        lambda f: (
            f.snowflake.is_upgrading
            and f.snowflake.upgrading_for <= f.limits.upgrade_grace
            and _works(f)
        ),
        text.upgrading,
        WATCH,
    ),
    Rule(
        14,
        "upgrading for longer",
        "any",
        Health.BROKEN,
        lambda f: f.snowflake.is_upgrading and f.snowflake.upgrading_for > f.limits.upgrade_grace,
        text.upgrade_stuck,
        "Read the new instance's message and log; apply the previous spec to go back",
        remedy=Remedy.READ_LOG,
    ),
    Rule(
        36,
        "RUNNING with fewer ready instances than needed, for at most 5 min (20 min)",
        "any",
        Health.DEGRADED,
        lambda f: not f.snowflake.is_up and f.snowflake.not_up_for <= f.snowflake.start_grace,
        text.not_enough,
        WATCH,
    ),
    Rule(
        37,
        "the same for longer",
        "any",
        Health.BROKEN,
        lambda f: not f.snowflake.is_up,
        text.not_enough,
        "Read the container's message and log",
        remedy=Remedy.READ_LOG,
    ),
)
