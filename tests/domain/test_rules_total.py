"""Whatever the facts, exactly one rule decides, and healthy is never said lightly."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from spcs_worker_tui.domain.fleet import ServiceStatus
from spcs_worker_tui.domain.join import MatchedBy
from spcs_worker_tui.domain.rules import first_match
from spcs_worker_tui.domain.rules_facts import (
    Beat,
    Facts,
    Kind,
    PrefectFacts,
    SnowflakeFacts,
    VersionGap,
)
from spcs_worker_tui.domain.verdict import Health

spans = st.none() | st.timedeltas(timedelta(), timedelta(days=400))
sure_spans = st.timedeltas(timedelta(), timedelta(days=400))
counts = st.integers(0, 10**6)
texts = st.sampled_from(["", "Failed to pull image", "Waiting to start", "boom"])
any_snowflake = st.builds(
    SnowflakeFacts,
    status=st.sampled_from(ServiceStatus),
    blind=st.booleans(),
    seen=spans,
    error=texts,
    ready=counts,
    needed=counts,
    target=counts,
    is_up=st.booleans(),
    message=texts,
    started_for=spans,
    not_up_for=sure_spans,
    start_grace=sure_spans,
    is_upgrading=st.booleans(),
    upgrading_for=sure_spans,
    upgraded_instances=counts,
    is_looping=st.booleans(),
    restarts=counts,
    exit_code=st.none() | st.integers(-300, 300),
    restarted_for=spans,
    suspended_for=spans,
    auto_suspend_secs=counts,
)
any_prefect = st.builds(
    PrefectFacts,
    asked=st.booleans(),
    blind=st.booleans(),
    seen=spans,
    error=texts,
    pool_exists=st.booleans(),
    matched_by=st.sampled_from(MatchedBy),
    beat=st.sampled_from(Beat),
    beat_age=spans,
    interval=sure_spans,
    beat_since_start=st.booleans(),
    beats_while_suspended=st.booleans(),
    all_lost=st.booleans(),
    fresh=counts,
    expected=counts,
    silent=st.sampled_from([(), ("a.b.c.1",)]),
    others_fresh=st.booleans(),
    paused=st.sampled_from(["", 'work pool "p"']),
    late=st.none() | counts,
    lateness=spans,
    is_full=st.booleans(),
    slots_used=counts,
    slots_limit=counts,
    polled=spans,
    running=counts,
    orphans=counts,
    worker_version=texts,
    server_version=texts,
    version_gap=st.sampled_from(VersionGap),
)
any_facts = st.builds(
    Facts,
    snowflake=any_snowflake,
    prefect=any_prefect,
    kind=st.sampled_from(Kind),
    work_pool=texts,
    api_url=texts,
    missing=texts,
)


@settings(max_examples=400, deadline=None)
@given(any_facts)
def test_total(some: Facts) -> None:
    """Whatever the facts, there is a rule, and it has something to say."""
    rule = first_match(some)
    assert rule.reason(some)
    if rule.health is Health.SUSPENDED:
        assert some.snowflake.status is not ServiceStatus.RUNNING


@settings(max_examples=400, deadline=None)
@given(any_facts)
def test_healthy_is_never_said_without_a_reason_to(some: Facts) -> None:
    rule = first_match(some)
    if rule.health is not Health.HEALTHY:
        return
    s, p = some.snowflake, some.prefect
    assert not s.blind
    if s.status is ServiceStatus.DONE:
        return
    assert s.status is ServiceStatus.RUNNING
    assert s.is_up
    assert not s.is_looping
    if some.kind is Kind.OTHER:
        return
    assert some.kind is Kind.WORKER
    assert p.asked
    assert not p.blind
    assert p.beat is Beat.FRESH
    assert not (p.paused and p.late)
