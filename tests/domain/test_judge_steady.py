"""Verdicts stay steady from poll to poll; and the roll-up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from spcs_worker_tui.domain.fleet import (
    ContainerStatus,
    FleetSnapshot,
    Observation,
    ServiceSnapshot,
)
from spcs_worker_tui.domain.judge import Judge, roll_up
from spcs_worker_tui.domain.prefect import WorkPoolSnapshot
from spcs_worker_tui.domain.verdict import Health, Sync, Verdict
from support.fleet import (
    NOW,
    OTHER_DIGEST,
    ago,
    binding,
    connection,
    container,
    fleet,
    image,
    late_run,
    service,
    work_pool,
    worker,
)
from support.judging import at, first_verdict, restarted, starting


class Polled:
    """Feeds a judge one poll of Snowflake, of Prefect or of both at a time."""

    def __init__(self) -> None:
        self.judge = Judge()
        self.second = 0.0
        self.snowflake_at = NOW
        self.prefect_at = NOW
        self.service = service()
        self.pool = work_pool()
        self.seen: Observation[WorkPoolSnapshot] | None = None

    def poll(
        self,
        of: ServiceSnapshot | None = None,
        pool: WorkPoolSnapshot | None = None,
        *,
        sides: str = "both",
    ) -> Verdict:
        """One second later; nothing is observed anew with sides=`none`."""
        self.second += 1
        now = at(self.second)
        if sides in ("both", "snowflake"):
            self.snowflake_at = now
        if sides in ("both", "prefect"):
            self.prefect_at = now
        self.service = of or self.service
        self.pool = pool or self.pool
        if self.seen is None or (self.seen.value, self.seen.observed_at) != (
            self.pool,
            self.prefect_at,
        ):
            self.seen = Observation(self.pool, self.prefect_at)
        dev = connection("dev", [self.service], observed_at=self.snowflake_at)
        snapshot = FleetSnapshot(now, (dev,), {self.pool.key: self.seen})
        return self.judge.judge(snapshot, now).verdicts[self.service.key]


def rules(verdicts: Iterable[Verdict]) -> list[int]:
    return [verdict.rule for verdict in verdicts]


SILENT = work_pool(workers=[worker(age=500), worker("x.y.z.0")])
SLOW = work_pool(workers=[worker(age=60), worker("x.y.z.0")])
ABSENT = work_pool(workers=[worker("x.y.z.0")])
UNFETCHED = work_pool(late=[late_run(90)])
LOOPING = restarted(5, 30, made=300)
FAILED = service(status="FAILED")
UNPULLED = starting(
    containers=[container(status=ContainerStatus.PENDING, message="Failed to pull image")]
)
STUCK = service(is_upgrading=True, updated_on=ago(900))
NIGHTLY = service(status="SUSPENDED")
WAITING = work_pool(workers=[worker(age=1900)], late=[late_run(900)])


@pytest.mark.parametrize(
    ("of", "pool", "rule"),
    [
        (FAILED, None, 4),
        (NIGHTLY, WAITING, 6),
        (LOOPING, None, 9),
        (UNPULLED, None, 10),
        (STUCK, None, 14),
        (None, work_pool(late=[late_run(90)], is_paused=True), 21),
    ],
)
def test_what_is_definite_worsens_at_once(
    of: ServiceSnapshot | None, pool: WorkPoolSnapshot | None, rule: int
) -> None:
    polled = Polled()
    assert polled.poll().rule == 32
    if of is STUCK:  # a service that is seen for the first time while it is stuck
        polled = Polled()
    verdict = polled.poll(of, pool)
    assert verdict.rule == rule


@pytest.mark.parametrize(
    ("pool", "rule"), [(ABSENT, 17), (SILENT, 18), (SLOW, 20), (UNFETCHED, 23)]
)
def test_what_rests_on_an_age_or_a_missing_row_takes_two_polls(
    pool: WorkPoolSnapshot, rule: int
) -> None:
    polled = Polled()
    # No row at all is only "never" while this service's rows are known by their names.
    polled.service = service(binding=binding(worker_name="analytics.prefect.ingest.0"))
    first = polled.poll()
    held = polled.poll(pool=pool)
    assert (first.rule, held.rule, held.health) == (32, 32, Health.HEALTHY)
    assert f"rule {rule}" in held.facts[-1].value
    verdict = polled.poll()
    assert verdict.rule == rule
    assert (verdict.since, verdict.previous) == (at(3), Health.HEALTHY)


def test_the_first_verdict_is_immediate() -> None:
    assert Polled().poll(pool=SILENT).rule == 18


def test_another_picture_is_not_another_poll() -> None:
    polled = Polled()
    polled.poll()
    seen = [polled.poll(pool=SILENT)]
    seen += [polled.poll(sides="none") for _ in range(3)]
    seen += [polled.poll(sides="snowflake") for _ in range(3)]
    assert rules(seen) == [32] * 7
    assert polled.poll(sides="prefect").rule == 18


def test_a_single_odd_poll_is_forgotten() -> None:
    polled = Polled()
    good = work_pool()
    seen = [polled.poll(pool=p) for p in (good, SILENT, good, SILENT, good)]
    assert rules(seen) == [32] * 5
    assert {verdict.since for verdict in seen} == {at(1)}


def test_it_improves_after_two_polls() -> None:
    polled = Polled()
    polled.poll(pool=SILENT)
    assert polled.poll(pool=work_pool()).rule == 18
    assert polled.poll(sides="snowflake").rule == 18
    verdict = polled.poll()
    assert (verdict.rule, verdict.since, verdict.previous) == (32, at(4), Health.BROKEN)


def test_it_goes_on_improving_by_either_side_when_the_sides_differ() -> None:
    polled = Polled()
    assert polled.poll(UNPULLED).rule == 10
    assert polled.poll(service()).rule == 10
    assert polled.poll(sides="snowflake").rule == 32


def test_within_one_word_the_reason_follows_at_once() -> None:
    polled = Polled()
    polled.poll()
    polled.poll(pool=SLOW)
    assert polled.poll().rule == 20
    paused = work_pool(late=[late_run(90)], is_paused=True)
    verdict = polled.poll(pool=paused)
    assert (verdict.rule, verdict.since) == (21, at(3))


def test_a_worsening_that_grows_worse_still_needs_two_polls() -> None:
    polled = Polled()
    polled.poll()
    assert rules([polled.poll(pool=SLOW), polled.poll(pool=SILENT)]) == [32, 32]
    assert polled.poll().rule == 18


def test_suspending_and_resuming_show_at_once() -> None:
    polled = Polled()
    assert polled.poll(pool=SILENT).rule == 18
    assert polled.poll(NIGHTLY, work_pool(workers=[])).rule == 5
    assert polled.poll(starting()).rule == 11


def test_blindness_and_sight_show_at_once() -> None:
    polled = Polled()
    polled.poll()
    polled.second += 100
    assert polled.poll(sides="prefect").rule == 2
    verdict = polled.poll(pool=work_pool(workers=[worker(age=-90)]))
    assert (verdict.rule, verdict.previous) == (32, Health.UNKNOWN)


def test_a_broken_worker_on_a_silent_prefect_is_not_called_broken_for_ever() -> None:
    polled = Polled()
    polled.poll(pool=SILENT)
    polled.second += 100
    assert polled.poll(sides="snowflake").rule == 15


def test_time_alone_moves_a_verdict() -> None:
    polled = Polled()
    assert polled.poll(starting(resumed_on=ago(290))).rule == 11
    polled.second += 20
    assert polled.poll(sides="none").rule == 12


def test_a_service_that_went_away_is_forgotten() -> None:
    judge = Judge()
    assert judge.judge(fleet(service(), work_pools=[SILENT]), NOW).verdicts
    assert not judge.judge(fleet(), at(1)).verdicts
    assert first_verdict(fleet(service(), work_pools=[work_pool()])).rule == 32
    again = judge.judge(fleet(service()), at(2)).verdicts
    assert rules(again.values()) == [32]


def test_unchanged_inputs_give_the_same_verdict_object() -> None:
    polled = Polled()
    verdict = polled.poll()
    assert polled.poll(sides="none") is verdict
    assert polled.poll(sides="snowflake") is verdict


def test_a_newly_pushed_image_shows_at_once() -> None:
    judge = Judge()
    own, pools = service(), [work_pool()]
    before = fleet(own, work_pools=pools)
    words = [next(iter(judge.judge(before, NOW).verdicts.values())).sync]
    pushed = {name: Observation((image(digest=OTHER_DIGEST),), NOW) for name in before.images}
    after = replace(before, images=pushed)
    words.append(next(iter(judge.judge(after, NOW).verdicts.values())).sync)
    assert words == [Sync.IN_SYNC, Sync.IMAGE_BEHIND]


def test_changed_inputs_are_judged_anew() -> None:
    polled = Polled()
    verdict = polled.poll()
    assert polled.poll(sides="prefect") is not verdict


@pytest.mark.parametrize(
    ("words", "worst"),
    [
        ([], Health.UNKNOWN),
        (["suspended"], Health.SUSPENDED),
        (["suspended", "healthy"], Health.HEALTHY),
        (["healthy", "degraded"], Health.DEGRADED),
        (["degraded", "unknown"], Health.UNKNOWN),
        (["degraded", "unknown", "broken", "suspended"], Health.BROKEN),
    ],
)
def test_roll_up(words: list[str], worst: Health) -> None:
    verdicts = [Verdict(Health(word), 0, "") for word in words]
    rolled = roll_up(verdicts)
    assert rolled.worst is worst
    assert rolled.total == len(words)
    assert {health for health, number in rolled.counts.items() if number} == set(words)
