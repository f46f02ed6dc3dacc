"""Faults at random, one upon the other; afterwards all is right, and nothing is left behind.

Ten minutes, or an hour, or another order::

    SPCS_WORKER_TUI_FAULTS_SECONDS=600 SPCS_WORKER_TUI_FAULTS_SEED=7 \
        pytest -n0 -s tests/faults/test_mix.py
"""

from __future__ import annotations

import asyncio
import os
import random
from functools import partial
from time import monotonic
from typing import Any
from urllib.error import HTTPError

import pytest

from spcs_worker_tui.domain.verdict import Health
from support.faults import (
    CONNECTIONS,
    HARMED,
    Bench,
    Watched,
    checked,
    loop_lag,
    opened_watch,
    watched,
)
from support.left_behind import Held, held

SECONDS = float(os.environ.get("SPCS_WORKER_TUI_FAULTS_SECONDS", "10"))
SEED = int(os.environ.get("SPCS_WORKER_TUI_FAULTS_SEED", "20261123"))
SETTLES = 90.0
IDLE_ENDS = 100.0
"""Seconds; the connector keeps a connection that nobody uses for 90."""

AT_THE_WIRE = (
    "delay", "hang", "reset", "half", "garbage", "no-json", "html", "500", "503",
    "session-expired", "master-expired", "session-gone", "role-revoked", "clock",
)  # fmt: skip
AT_PREFECT = (
    "refuse", "hang", "401", "429", "500", "html", "garbage", "no-json", "slow", "clock",
)  # fmt: skip
STATEMENTS = ("", "", "SHOW SERVICES", "SHOW SERVICE CONTAINERS", "DESCRIBE", "CALL")


def fault(chance: random.Random) -> tuple[str, str, dict[str, Any]]:
    """Where, what, and how; not all that can be is likely, but all can be."""
    where = chance.choices(("snowflake", "prefect", "worker"), (12, 5, 2))[0]
    if where == "worker":
        fields = {"connection": chance.choice(CONNECTIONS), "service": HARMED}
        return where, chance.choice(("freeze", "kill", "oom")), fields
    if where == "prefect":
        return where, chance.choice(AT_PREFECT), {"seconds": chance.choice((1, 20))}
    kind = chance.choice(AT_THE_WIRE)
    seconds = {"delay": chance.choice((0.3, 3.0)), "clock": chance.choice((-200.0, 200.0))}
    return (
        where,
        kind,
        {
            "connection": chance.choice(("", *CONNECTIONS, *CONNECTIONS)),
            "statement": chance.choice(STATEMENTS),
            "seconds": seconds.get(kind, 0.0),
            "every": chance.choice((1, 1, 2, 3)),
            "lasts": chance.uniform(0.5, 4.0),
        },
    )


async def trouble(bench: Bench, chance: random.Random, seconds: float) -> int:
    """Set faults, and end them now and then; how many there were."""
    until, count = monotonic() + seconds, 0
    while monotonic() < until:
        await asyncio.to_thread(_set, bench, fault(chance))
        count += 1
        await asyncio.sleep(chance.uniform(0.1, 1.0))
        if chance.random() < 0.2:
            await asyncio.to_thread(bench.clear)
            await asyncio.sleep(chance.uniform(0.1, 2.0))
    await asyncio.to_thread(bench.clear)
    return count


def _set(bench: Bench, one: tuple[str, str, dict[str, Any]]) -> None:
    where, kind, fields = one
    try:
        bench.set(where, kind, **fields)
    except HTTPError:
        # A container that is just being restarted cannot be killed.
        if where != "worker":
            raise


def is_right(fleet: Watched, expected: dict[tuple[str, str], Health]) -> bool:
    """Whether the picture is whole, and the verdicts are those of who has seen nothing before."""
    return all(
        fleet.is_fresh(name) and fleet.prefect_error(name) is None for name in CONNECTIONS
    ) and expected == {
        (name, service): verdict.health
        for name in CONNECTIONS
        for service, verdict in fleet.verdicts(name).items()
    }


async def looked_at_anew() -> dict[tuple[str, str], Health]:
    report, _ = await checked(30)
    assert report.failed_connections == ()
    verdicts = report.judged.verdicts
    return {(key.connection, key.name): verdict.health for key, verdict in verdicts.items()}


@pytest.mark.timeout(SECONDS + 600)
async def test_all_is_right_after_a_mix_of_faults(bench: Bench) -> None:
    chance = random.Random(SEED)
    async with watched(bench) as fleet:
        await trouble(bench, chance, 3.0)
        await fleet.until(lambda now: all(map(now.is_fresh, CONNECTIONS)), within=SETTLES)
    before = await settled_at(None)
    async with opened_watch(bench) as fleet:
        async with loop_lag() as lag:
            count = await trouble(bench, chance, SECONDS)
        await fleet.until(
            lambda now: (
                all(map(now.is_fresh, CONNECTIONS)) and not any(map(now.prefect_error, CONNECTIONS))
            ),
            within=SETTLES,
        )
        await until_right(fleet)
        during = held()
    after = await settled_at(before)
    print(
        f"{count} faults in {SECONDS:g} s with seed {SEED}; "
        f"{lag}; before {before}, during {during}, after {after}"
    )
    for name in CONNECTIONS:
        await bench.renew(name)
    assert lag.is_short, lag
    assert after.exceeds(before) == []


async def until_right(fleet: Watched) -> None:
    """A look may be just before a heartbeat, and the picture just after it."""
    deadline = monotonic() + SETTLES
    while True:
        expected = await looked_at_anew()
        try:
            await fleet.until(partial(is_right, expected=expected), within=10)
        except AssertionError:
            if monotonic() > deadline:
                raise
        else:
            return


async def settled_at(limit: Held | None) -> Held:
    """What is held once idle connections have ended; not above the limit, if that can be."""
    deadline = monotonic() + IDLE_ENDS
    lowest = held()
    quiet_since = monotonic()
    while monotonic() < deadline:
        now = held()
        if now != lowest:
            lowest, quiet_since = now, monotonic()
        if limit is not None and not now.exceeds(limit):
            return now
        if limit is None and monotonic() - quiet_since > 3:
            return now
        await asyncio.sleep(0.2)
    return held()
