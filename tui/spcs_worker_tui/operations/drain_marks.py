"""The mark that a drain leaves in Prefect, so that whoever comes next can finish it.

It stands in the description of what is paused, set and taken away in the same request as the
pause itself. So it survives the end of this program, is seen from any machine, and tells a person
who looks at the paused queue why it is.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.prefect import WorkPoolSnapshot, WorkQueueKey

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceKey

_MARK = re.compile(r"\[spcs-worker-tui drains (?P<who>[^\]]+?) since (?P<since>[^\] ]+)\] ?")


def drainer(key: ServiceKey) -> str:
    """Who a mark speaks of.

    Only the qualified name, as in the names of its workers: connection and account are called
    differently on different machines, and each of them must find the others' marks.
    """
    return key.qualified


def marked(description: str, who: str, now: datetime) -> str:
    """The description with that mark before it, and none of an earlier time."""
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    rest = unmarked(description, who)
    return f"[spcs-worker-tui drains {who} since {stamp}]{f' {rest}' if rest else ''}"


def unmarked(description: str, who: str) -> str:
    """The description without that service's mark."""
    return _MARK.sub(lambda found: "" if found["who"] == who else found[0], description)


def marks(description: str) -> dict[str, str]:
    """Who drains, and since when, by the marks in the description."""
    return {found["who"]: found["since"] for found in _MARK.finditer(description)}


def left_behind(pool: WorkPoolSnapshot | None, who: str) -> dict[WorkQueueKey, str]:
    """What a drain of that service has paused and not unpaused, with the time it began."""
    if pool is None:
        return {}
    described = {WorkQueueKey(pool.key): pool.description}
    described |= {WorkQueueKey(pool.key, queue.name): queue.description for queue in pool.queues}
    found = {key: marks(text) for key, text in described.items()}
    return {key: who_since[who] for key, who_since in found.items() if who in who_since}


def without_marks(description: str) -> str:
    """The description without any service's mark."""
    return _MARK.sub("", description)
