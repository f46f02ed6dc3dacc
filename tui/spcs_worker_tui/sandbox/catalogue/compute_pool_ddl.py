"""CREATE, ALTER and DROP of compute pools: the desired state only (contract 1.10, 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.compute_pools import find_pool
from spcs_worker_tui.sandbox.catalogue.jobs import cancel_job
from spcs_worker_tui.sandbox.catalogue.model import ComputePool, Grants, Service
from spcs_worker_tui.sandbox.catalogue.names import account_level_name, require_unquoted
from spcs_worker_tui.sandbox.catalogue.objects import already_dropped, dropped, met_existing
from spcs_worker_tui.sandbox.catalogue.privileges import require_on_account
from spcs_worker_tui.sandbox.catalogue.properties import comment, string, truth, whole_number
from spcs_worker_tui.sandbox.catalogue.refusals import executed, refused
from spcs_worker_tui.sandbox.families import FAMILIES
from spcs_worker_tui.sandbox.results import SqlError, Table, status

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.sql.ast import Alter, Create, Drop, PropertyValue

_AUTO_SUSPEND_SECS = 3600
_PRIVILEGES: Mapping[str, tuple[str, ...]] = {
    "SUSPEND": ("OPERATE",),
    "RESUME": ("OPERATE",),
    "STOP ALL": ("OPERATE",),
    "SET": ("MODIFY",),
    "UNSET": ("MODIFY",),
}


def create_pool(context: Context, statement: Create) -> Table:
    """`CREATE COMPUTE POOL [IF NOT EXISTS]`.

    Raises:
        SqlError: 003001 without CREATE COMPUTE POOL on the account, 002002, 003041, 001008, and
            the refusal of an unknown instance family.
    """
    name = account_level_name(statement.name)
    require_unquoted(name)
    require_on_account(context.account, context.roles, "CREATE COMPUTE POOL")
    taken = context.account.compute_pools.get(name)
    answer = met_existing(
        context,
        name,
        taken.grants if taken else None,
        if_not_exists=statement.if_not_exists,
        replace=False,
    )
    if answer is not None:
        return answer
    given = statement.properties
    pool = ComputePool(
        name,
        _family(given["INSTANCE_FAMILY"]),
        min_nodes=whole_number("MIN_NODES", given["MIN_NODES"], 1),
        max_nodes=whole_number("MAX_NODES", given["MAX_NODES"], 1),
        created_on=context.now,
        grants=Grants(context.session.role),
        resumed_on=context.now,
        updated_on=context.now,
    )
    _apply(pool, {key: value for key, value in given.items() if key != "INSTANCE_FAMILY"})
    pool.suspended = truth("INITIALLY_SUSPENDED", given.get("INITIALLY_SUSPENDED", False))
    if pool.suspended:
        pool.state = "SUSPENDED"
    else:
        pool.target_nodes = pool.min_nodes
    context.account.compute_pools[name] = pool
    context.platform.wake()
    return status(f"Compute pool {name} successfully created.")


def _family(value: PropertyValue) -> str:
    family = str(value).upper()
    if family not in FAMILIES:
        raise refused(
            f"Invalid instance family {family}. Please refer to Snowflake documentation for "
            "supported instance families."
        )
    return family


def alter_pool(context: Context, statement: Alter) -> Table:
    """`ALTER COMPUTE POOL`: every form of contract 1.10.

    Raises:
        SqlError: 002003, 003001, 001008; a refusal to change the family of a running pool.
    """
    pool = _find(context, statement, _PRIVILEGES.get(statement.action, ()))
    if pool is None:
        return executed()
    match statement.action:
        case "SUSPEND":
            pool.suspended = True
        case "RESUME":
            if pool.suspended:
                pool.suspended, pool.resumed_on = False, context.now
        case "STOP ALL":
            for service in services_in(context, pool):
                _stop(context, service)
        case "SET":
            _set(pool, statement.properties)
        case "UNSET":
            _unset(pool, statement.names)
        case _:  # tags, which nothing shows
            pass
    pool.updated_on = context.now
    context.platform.wake()
    return executed()


def _find(context: Context, statement: Alter | Drop, any_of: tuple[str, ...]) -> ComputePool | None:
    try:
        return find_pool(context, statement.name, any_of)
    except SqlError as missing:
        if statement.if_exists and missing.code == "002003":
            return None
        raise


def services_in(context: Context, pool: ComputePool) -> list[Service]:
    """The services and jobs of a pool that have not been dropped."""
    return [
        service
        for service in context.account.services.values()
        if service.compute_pool == pool.name and not service.dropped
    ]


def _stop(context: Context, service: Service) -> None:
    # Destructive: services are dropped, jobs cancelled (contract 1.10).
    if service.is_job:
        cancel_job(context, service)
    else:
        service.dropped = True


def _set(pool: ComputePool, given: Mapping[str, PropertyValue]) -> None:
    if "INSTANCE_FAMILY" in given and pool.state != "SUSPENDED":
        raise refused(
            f"Compute pool '{pool.name}' has to be suspended before its instance family can be "
            "changed."
        )
    family = _family(given["INSTANCE_FAMILY"]) if "INSTANCE_FAMILY" in given else None
    _apply(pool, given)
    pool.instance_family = family or pool.instance_family


def _apply(pool: ComputePool, given: Mapping[str, PropertyValue]) -> None:
    """Check everything first: a refused statement changes nothing."""
    fewest = whole_number("MIN_NODES", given.get("MIN_NODES", pool.min_nodes), 1)
    most = whole_number("MAX_NODES", given.get("MAX_NODES", pool.max_nodes), 1)
    if fewest > most:
        raise refused("MIN_NODES must not be greater than MAX_NODES.")
    seconds = whole_number(
        "AUTO_SUSPEND_SECS", given.get("AUTO_SUSPEND_SECS", pool.auto_suspend_secs), 0
    )
    auto_resume = truth("AUTO_RESUME", given.get("AUTO_RESUME", pool.auto_resume))
    words = comment(given["COMMENT"]) if "COMMENT" in given else pool.comment
    if "PLACEMENT_GROUP" in given:
        string("PLACEMENT_GROUP", given["PLACEMENT_GROUP"])
    pool.min_nodes, pool.max_nodes = fewest, most
    pool.auto_suspend_secs, pool.auto_resume, pool.comment = seconds, auto_resume, words


def _unset(pool: ComputePool, names: tuple[str, ...]) -> None:
    if "AUTO_SUSPEND_SECS" in names:
        pool.auto_suspend_secs = _AUTO_SUSPEND_SECS
    if "AUTO_RESUME" in names:
        pool.auto_resume = True
    if "COMMENT" in names:
        pool.comment = None


def drop_pool(context: Context, statement: Drop) -> Table:
    """`DROP COMPUTE POOL [IF EXISTS]`; running jobs are aborted.

    Raises:
        SqlError: 002003, 003001; a refusal while services exist in it.
    """
    pool = _find(context, statement, ())
    if pool is None:
        return already_dropped(statement.name)
    inside = services_in(context, pool)
    if any(not service.is_job for service in inside):
        raise refused(
            f"Cannot drop compute pool '{pool.name}' because services exist in it. Drop them "
            f"first, or use ALTER COMPUTE POOL {pool.name} STOP ALL."
        )
    for job in inside:
        cancel_job(context, job)
    del context.account.compute_pools[pool.name]
    context.platform.wake()
    return dropped(pool.name)
