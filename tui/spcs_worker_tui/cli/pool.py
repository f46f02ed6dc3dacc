"""`pool`: finds the work pool that is meant, and changes it by a plan."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from dataclasses import replace

from spcs_worker_tui.cli.asking import ask_at_terminal
from spcs_worker_tui.cli.plan import carry_out
from spcs_worker_tui.domain.binding import API_URL, api_base
from spcs_worker_tui.domain.errors import ConfigurationError, FleetError, PrefectNotFoundError
from spcs_worker_tui.domain.fleet import FleetSnapshot, Observation
from spcs_worker_tui.domain.prefect import WorkPoolKey, WorkQueueKey
from spcs_worker_tui.domain.text import one_line
from spcs_worker_tui.domain.wishes import (
    SMOKE_ENTRYPOINT,
    CreateWorkPool,
    LimitWork,
    PauseWork,
    PruneWorkers,
    ResumeWork,
    Smoke,
    WorkWish,
)
from spcs_worker_tui.wiring.bench import Bench, open_bench

_LOOK_SECONDS = 30.0
_PRUNE = "prune-workers"


def run_pool(options: Namespace) -> int:
    """Change one work pool."""
    return asyncio.run(_run(options))


async def _run(options: Namespace) -> int:
    # Which rows have no container only Snowflake can tell; the rest Prefect knows by itself.
    alone = bool(options.api_url) and options.subcommand != _PRUNE
    async with open_bench(
        options.connection, read_only=options.read_only, snowflake=not alone, ask=ask_at_terminal()
    ) as bench:
        if alone:
            fleet = FleetSnapshot(observed_at=bench.clock.now())
        else:
            fleet = (await bench.look(None, _LOOK_SECONDS)).snapshot
        key = _choose(options.pool, options.api_url, fleet)
        fleet = await _with_pool(bench, fleet, key)
        return await carry_out(await bench.planner(fleet).change(_wish(options, key)), options)


def _choose(name: str, api_url: str | None, fleet: FleetSnapshot) -> WorkPoolKey:
    """The work pool of that name.

    Raises:
        ConfigurationError: Several Prefect APIs have one, or no API is known.
        FleetError: A connection failed, so that whoever serves it may not have been seen.
    """
    if api_url:
        return WorkPoolKey(api_base(api_url), name)
    bindings = [service.binding for service in fleet.services if service.binding is not None]
    found = sorted({b.pool for b in bindings if b.is_complete and b.pool.name == name})
    apis = sorted({b.pool.api_url for b in bindings if b.is_complete})
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        raise ConfigurationError(
            f"{len(found)} Prefect APIs have a work pool {one_line(name)!r}",
            next_step=f"Say which with --api-url: {', '.join(key.api_url for key in found)}.",
        )
    if url := api_base(os.environ.get(API_URL, "")):
        return WorkPoolKey(url, name)
    if len(apis) == 1:
        return WorkPoolKey(apis[0], name)
    for connection in fleet.connections:
        if connection.error is not None:
            raise FleetError(
                f"no service that can be seen serves a work pool {one_line(name)!r}: "
                f"{connection.error}",
                next_step=f"{connection.error.next_step} Or say the Prefect API with --api-url.",
            )
    raise ConfigurationError(
        f"no service serves a work pool {one_line(name)!r}, so its Prefect API is not known",
        next_step=" ".join(["Say it with --api-url.", *apis]),
    )


async def _with_pool(bench: Bench, fleet: FleetSnapshot, key: WorkPoolKey) -> FleetSnapshot:
    """The picture with that pool in it, where nobody serves it."""
    if key in fleet.work_pools:
        return fleet
    try:
        seen = Observation(await bench.prefect.work_pool(key), bench.clock.now())
    except PrefectNotFoundError:
        return fleet
    return replace(fleet, work_pools={**fleet.work_pools, key: seen})


def _wish(options: Namespace, key: WorkPoolKey) -> WorkWish:
    target = WorkQueueKey(key, getattr(options, "queue", ""))
    match options.subcommand:
        case "pause":
            return PauseWork(target)
        case "resume":
            return ResumeWork(target)
        case "limit":
            return LimitWork(target, options.limit)
        case "create":
            return CreateWorkPool(key, options.limit)
        case "smoke":
            return Smoke(target, options.entrypoint or SMOKE_ENTRYPOINT, options.timeout)
        case _:
            return PruneWorkers(key)
