"""The dashboard below its screen, for a while: what it holds does not grow.

`tests/benchmarks/run hours` does the same for eight hours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.hours import running_hours
from support.large_site import Size, large_site
from support.restless import restless

WARM_UP, MEASURED = 2, 7
"""Rounds of somebody else's work; a round takes some 14 refreshes."""


@pytest.mark.timeout(600)
def test_nothing_grows_while_services_die_and_come_and_change(tmp_path: Path) -> None:
    with (
        large_site(Size(services=24, connections=2, work_pools=3), by_hand=True) as site,
        restless(site) as other,
        running_hours(site, tmp_path) as hours,
    ):
        for _ in range(WARM_UP):
            other.round(lambda: hours.pass_time(2))
        first = hours.held()
        for _ in range(MEASURED):
            other.round(lambda: hours.pass_time(2))
        last = hours.held()
    refreshes = last.refreshes - first.refreshes
    assert refreshes > 70
    more = {
        kind: count - first.kinds.get(kind, 0)
        for kind, count in last.kinds.items()
        if count > first.kinds.get(kind, 0)
    }
    assert last.objects - first.objects < refreshes, more
    assert last.entries - first.entries < refreshes, more
    assert last.blocks - first.blocks < 3 * refreshes, more
    # Those of a question that is just being asked count, too.
    for kind in ("tasks", "threads", "sockets", "files"):
        assert getattr(last, kind) - getattr(first, kind) < refreshes / 10, (kind, more)
