"""Which requests a fault strikes, and which faults make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from spcs_worker_tui.sandbox.faults.bench import FaultBench
from spcs_worker_tui.sandbox.faults.clock import shift_answer, shift_moments
from spcs_worker_tui.sandbox.faults.model import Fault, FaultError, Kind, On, Request, fault_of

LOGIN = Request("dev", On.LOGIN)
SHOW = Request("dev", On.STATEMENT, "show  services in account")
RESULT = Request("dev", On.STATEMENT)
RENEWAL = Request("dev")
ELSEWHERE = Request("prod", On.STATEMENT, "SHOW SERVICES IN ACCOUNT")


@pytest.mark.parametrize(
    ("fields", "struck"),
    [
        ({}, {LOGIN, SHOW, RESULT, RENEWAL, ELSEWHERE}),
        ({"connection": "dev"}, {LOGIN, SHOW, RESULT, RENEWAL}),
        ({"connection": "other"}, set()),
        ({"on": On.LOGIN}, {LOGIN}),
        ({"on": On.STATEMENT}, {SHOW, RESULT, ELSEWHERE}),
        ({"statement": "SHOW SERVICES"}, {SHOW, ELSEWHERE}),
        ({"statement": "SHOW SERVICES", "connection": "prod"}, {ELSEWHERE}),
        ({"statement": "DESCRIBE"}, set()),
    ],
)
def test_what_a_fault_concerns(fields: dict[str, Any], struck: set[Request]) -> None:
    fault = Fault(Kind.RESET, **fields)
    everything = (LOGIN, SHOW, RESULT, RENEWAL, ELSEWHERE)
    assert {request for request in everything if fault.concerns(request)} == struck


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({}, "kind is one of"),
        ({"kind": "flood"}, "kind cannot be 'flood'"),
        ({"kind": "delay"}, "delay needs seconds"),
        ({"kind": "clock"}, "clock needs seconds"),
        ({"kind": "delay", "seconds": -1}, "no negative seconds"),
        ({"kind": "delay", "seconds": "nan"}, "have to be a number"),
        ({"kind": "delay", "seconds": 1e9}, "a day at most"),
        ({"kind": "hang", "lasts": -1}, "a day at most"),
        ({"kind": "hang", "every": 0}, "every is from 1"),
        ({"kind": "hang", "times": -1}, "times from 0"),
        ({"kind": "hang", "on": "renewal"}, "on cannot be"),
        ({"kind": "hang", "where": "dev"}, "unknown: where"),
        ({"kind": "hang", "every": []}, "every cannot be"),
    ],
)
def test_what_makes_no_sense(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(FaultError, match=complaint):
        fault_of(said)


def test_every_and_times() -> None:
    bench = FaultBench(lambda: 0.0)
    bench.set(Fault(Kind.RESET, every=2, times=2))
    assert [bool(bench.strikes(SHOW)) for _ in range(6)] == [False, True, False, True, False, False]
    assert bench.is_quiet


def test_for_so_long() -> None:
    now = 0.0
    bench = FaultBench(lambda: now)
    bench.set(Fault(Kind.RESET, lasts=5))
    now = 4.9
    assert bench.strikes(SHOW)
    now = 5.0
    assert not bench.strikes(SHOW)
    assert bench.all() == ()


def test_several_are_struck_in_their_order_and_cleared_by_number() -> None:
    bench = FaultBench(lambda: 0.0)
    first = bench.set(Fault(Kind.DELAY, seconds=1))
    second = bench.set(Fault(Kind.HALF))
    assert [one.number for one in bench.strikes(SHOW)] == [first.number, second.number]
    assert bench.clear(first.number)
    assert not bench.clear(first.number)
    assert bench.strikes(SHOW) == (second,)
    assert bench.clear()
    assert bench.is_quiet


def test_a_clock_that_is_off() -> None:
    text = b'"2026-11-23T23:59:30.5Z", "2026-11-23 00:00:00 +0000", "9999-12-31 23:59:59"'
    assert shift_moments(text, 60) == (
        b'"2026-11-24T00:00:30.5Z", "2026-11-23 00:01:00 +0000", "9999-12-31 23:59:59"'
    )
    answer = (
        b'{"data": {"rowtype": [{"type": "timestamp_ltz"}, {"type": "text"}],'
        b' "rowset": [["100.25", "100.25"], [null, ""]]}}'
    )
    assert b'[["40.25", "100.25"], [null, ""]]' in shift_answer(answer, -60)
    assert shift_answer(b"no json", 60) == b"no json"
