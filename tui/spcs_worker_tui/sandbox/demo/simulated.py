"""Fleets of any size in which every container is only played: for benchmarks and for looking."""

from __future__ import annotations

from collections.abc import Sequence

from spcs_worker_tui.sandbox.demo.fleet import ORGANIZATION
from spcs_worker_tui.sandbox.demo.plan import AccountPlan, FleetPlan, ImagePlan, PrefectPlan
from spcs_worker_tui.sandbox.demo.script import OPERATOR_ROLE, create_service, script, setup
from spcs_worker_tui.sandbox.demo.spec import worker_environment, worker_spec
from spcs_worker_tui.sandbox.prefect.wishes import WorkPool

_DATABASE, _SCHEMA, _REPOSITORY, _POOL = "ANALYTICS", "ORCHESTRATION", "IMAGES", "WORKER_POOL"
HEARTBEAT_SECONDS = 180
"""A thousand workers must not keep one SQLite database busy."""


def simulated_fleet(
    api_url: str,
    api_host: str,
    *,
    accounts: int,
    services: int,
    work_pools: int | None = None,
    heartbeat: int = HEARTBEAT_SECONDS,
) -> FleetPlan:
    """`services` workers, spread evenly over the accounts, and all of them over the work pools.

    Without a number of work pools there is one for each account, and for nobody else.
    """
    counts = [services // accounts + (number < services % accounts) for number in range(accounts)]
    plans, created = [], 0
    for number, count in enumerate(counts):
        served = [
            _site(number) if work_pools is None else _work_pool((created + index) % work_pools)
            for index in range(count)
        ]
        created += count
        plans.append(_account(number, served, api_url, api_host, heartbeat))
    names = (
        map(_site, range(accounts)) if work_pools is None else map(_work_pool, range(work_pools))
    )
    return FleetPlan(tuple(plans), PrefectPlan(work_pools=tuple(WorkPool(name) for name in names)))


def empty_fleet() -> FleetPlan:
    """One new account in which nobody has created anything."""
    return FleetPlan(
        (
            AccountPlan(
                connection="dev",
                organization=ORGANIZATION,
                name="DATA_DEV",
                locator="HL48210",
                database="",
                schema="",
                role="ACCOUNTADMIN",
                setup="",
                images=(),
                services="",
            ),
        )
    )


def _site(number: int) -> str:
    return f"site-{number + 1:02}"


def _work_pool(number: int) -> str:
    return f"pool-{number + 1:03}"


def _account(
    number: int, served: Sequence[str], api_url: str, api_host: str, heartbeat: int
) -> AccountPlan:
    """An account with a worker for each of these names of work pools."""
    image = f"/{_DATABASE}/{_SCHEMA}/{_REPOSITORY}/worker:1".lower()
    specs = {}
    for work_pool in dict.fromkeys(served):
        environment = worker_environment(work_pool, api_url)
        environment["PREFECT_WORKER_HEARTBEAT_SECONDS"] = str(heartbeat)
        specs[work_pool] = worker_spec(image, environment)
    return AccountPlan(
        connection=_site(number),
        organization=ORGANIZATION,
        name=f"SITE_{number + 1:02}",
        locator=f"HL{50_000 + number}",
        database=_DATABASE,
        schema=_SCHEMA,
        role=OPERATOR_ROLE,
        setup=setup(
            databases=(_DATABASE,),
            schema=_SCHEMA,
            repository=_REPOSITORY,
            # Three vCPU a node, half of one for each worker.
            pools=(f"{_POOL} CPU_X64_S 1 {max(1, -(-len(served) // 6))} Workers",),
            api_host=api_host,
        ),
        images=(
            ImagePlan((_DATABASE, _SCHEMA, _REPOSITORY), "worker", "1", "sim-worker"),
            # No service runs it yet: 200 log lines a second, for whoever wants to see that.
            ImagePlan((_DATABASE, _SCHEMA, _REPOSITORY), "worker", "chatty", "sim-chatty"),
        ),
        services=script(
            [
                create_service(
                    f"{_DATABASE}.{_SCHEMA}.WORKER_{index:04}",
                    _POOL,
                    specs[work_pool],
                    comment=f"Worker {index}",
                )
                for index, work_pool in enumerate(served)
            ]
        ),
    )
