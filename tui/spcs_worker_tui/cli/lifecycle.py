"""`suspend`, `resume`, `restart`, `scale`, `drop`: each is a plan on one service."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from dataclasses import replace

from spcs_worker_tui.cli.asking import ask_at_terminal
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.cli.target import find_service
from spcs_worker_tui.domain.errors import StatementRefusedError
from spcs_worker_tui.domain.fleet import (
    ComputePoolSnapshot,
    FleetSnapshot,
    Observation,
    ServiceKey,
)
from spcs_worker_tui.domain.wishes import (
    Drain,
    Drop,
    Restart,
    Resume,
    Scale,
    ServiceWish,
    Suspend,
)
from spcs_worker_tui.wiring.bench import Bench, open_bench

_LOOK_SECONDS = 30.0


def run_lifecycle(options: Namespace) -> int:
    """Change one service."""
    return asyncio.run(_run(options))


async def _run(options: Namespace) -> int:
    async with open_bench(
        options.connection, read_only=options.read_only, ask=ask_at_terminal()
    ) as bench:
        key = await find_service(bench, options.service)
        planner = bench.planner(await picture(bench, key))
        return await carry_out(await planner.change(_wish(options, key)), options)


def _wish(options: Namespace, key: ServiceKey) -> ServiceWish:
    match options.command:
        case "suspend":
            return Suspend(key, _drain(options), options.with_pool)
        case "resume":
            return Resume(key)
        case "restart":
            return Restart(key, _drain(options))
        case "scale":
            return Scale(key, options.min, options.max)
        case _:
            return Drop(key, options.confirm)


def _drain(options: Namespace) -> Drain | None:
    return Drain(options.drain_timeout, options.act_anyway) if options.drain else None


async def picture(bench: Bench, key: ServiceKey) -> FleetSnapshot:
    """All that a plan's warnings rest on: the service, its neighbours and its compute pool."""
    session = bench.session(key.connection)
    judged, rows, pools = await asyncio.gather(
        bench.look(lambda other: other == key, _LOOK_SECONDS),
        session.show_services(),
        _compute_pools(bench, key),
    )
    snapshot = judged.snapshot
    connection = snapshot.connection(key.connection)
    assert connection is not None
    if connection.error is not None:
        raise connection.error
    neighbours = tuple(row for row in rows if row.key != key)
    whole = replace(connection, services=(*connection.services, *neighbours), compute_pools=pools)
    others = (c for c in snapshot.connections if c.name != key.connection)
    return replace(snapshot, connections=(whole, *others))


async def _compute_pools(
    bench: Bench, key: ServiceKey
) -> Observation[tuple[ComputePoolSnapshot, ...]]:
    """None where the role may not see them: the plan then says less, and can be made."""
    try:
        pools = await bench.session(key.connection).show_compute_pools()
    except StatementRefusedError as error:
        return Observation((), None, error)
    return Observation(pools, bench.clock.now())
