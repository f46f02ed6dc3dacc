"""What is worked out once for a work pool has to follow what it was worked out from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spcs_worker_tui.domain.fleet import Observation
from spcs_worker_tui.domain.judge import DEFAULT_THRESHOLDS, Judge
from spcs_worker_tui.domain.rules_pool import PoolView
from support.fleet import NOW, container, fleet, service, work_pool, worker


def test_rows_are_joined_anew_when_the_service_has_other_instances() -> None:
    pool = Observation(
        work_pool(
            workers=[worker("analytics.prefect.ingest.0"), worker("analytics.prefect.ingest.1")]
        ),
        NOW,
    )
    view = PoolView(pool, DEFAULT_THRESHOLDS)
    nothing: Observation[Any] = Observation(())
    unread = replace(service("INGEST"), containers=nothing, instances=nothing, target_instances=1)
    assert len(view.joined(unread).expected) == 1
    assert view.joined(unread) is view.joined(replace(unread, comment="new"))
    assert len(view.joined(replace(unread, target_instances=2)).expected) == 2
    two = service("INGEST", containers=[container(0), container(1), container(2)])
    assert len(view.joined(two).expected) == 3


def test_a_view_that_somebody_made_already_is_used_as_long_as_it_is_of_this_picture() -> None:
    picture = fleet(service("INGEST"), work_pools=[work_pool(workers=[worker(age=5000)])])
    ((key, silent),) = picture.work_pools.items()
    fresh = Observation(work_pool(workers=[worker()]), NOW)
    plain = Judge().judge(picture, NOW)
    assert Judge().judge(picture, NOW, {key: PoolView(silent, DEFAULT_THRESHOLDS)}) == plain
    assert Judge().judge(picture, NOW, {key: PoolView(fresh, DEFAULT_THRESHOLDS)}) == plain
    assert Judge().judge(fleet(service("INGEST")), NOW) != plain
