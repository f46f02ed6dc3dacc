"""Compute pools (contract 1.10, 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from spcs_worker_tui.sandbox.catalogue.listing import (
    Field,
    constant,
    flag,
    moment,
    number,
    tabulate,
    text,
)
from spcs_worker_tui.sandbox.catalogue.names import account_level_name, select
from spcs_worker_tui.sandbox.catalogue.privileges import require, sees
from spcs_worker_tui.sandbox.families import FAMILIES, Family
from spcs_worker_tui.sandbox.results import SqlError, Table, Value, does_not_exist

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import ComputePool, Node
    from spcs_worker_tui.sandbox.sql.ast import Describe, Name, Show


@dataclass(frozen=True, slots=True)
class _Row:
    pool: ComputePool
    services: int
    jobs: int
    active_nodes: int


_ENDED_JOB = frozenset({"DONE", "FAILED", "CANCELLED", "INTERNAL_ERROR", "DELETED"})


def _row(context: Context, pool: ComputePool) -> _Row:
    inside = [item for item in context.account.services.values() if item.compute_pool == pool.name]
    busy = {instance.node_id for item in inside for instance in item.instances}
    return _Row(
        pool,
        services=sum(not item.is_job for item in inside),
        jobs=sum(item.is_job and item.status not in _ENDED_JOB for item in inside),
        active_nodes=sum(node.node_id in busy for node in _ready(pool)),
    )


def _ready(pool: ComputePool) -> list[Node]:
    return [node for node in pool.nodes if node.ready_at is not None]


_FIELDS: tuple[Field[_Row], ...] = (
    text("name", lambda row: row.pool.name),
    text("state", lambda row: row.pool.state),
    number("min_nodes", lambda row: row.pool.min_nodes),
    number("max_nodes", lambda row: row.pool.max_nodes),
    text("instance_family", lambda row: row.pool.instance_family),
    number("num_services", lambda row: row.services),
    number("num_jobs", lambda row: row.jobs),
    number("auto_suspend_secs", lambda row: row.pool.auto_suspend_secs),
    flag("auto_resume", lambda row: row.pool.auto_resume),
    number("active_nodes", lambda row: row.active_nodes),
    number("idle_nodes", lambda row: len(_ready(row.pool)) - row.active_nodes),
    number("target_nodes", lambda row: row.pool.target_nodes),
    moment("created_on", lambda row: row.pool.created_on),
    moment("resumed_on", lambda row: row.pool.resumed_on or row.pool.created_on),
    moment("updated_on", lambda row: row.pool.updated_on or row.pool.created_on),
    text("owner", lambda row: row.pool.grants.owner),
    text("comment", lambda row: row.pool.comment),
    flag("is_exclusive", lambda _: False),
    constant("application"),
    constant("placement_group"),
    constant("backup_instance_families", "[]"),
)
_DESCRIBE_FIELDS: tuple[Field[_Row], ...] = (
    *_FIELDS[:-2],
    constant("budget"),
    text("error_code", lambda row: row.pool.error_code),
    text("status_message", lambda row: row.pool.status_message),
    *_FIELDS[-2:],
)


def find_pool(context: Context, name: Name, any_of: tuple[str, ...]) -> ComputePool:
    """A compute pool on which the role holds one of the privileges.

    Raises:
        SqlError: 002003, 003001, 000904.
    """
    pool = context.account.compute_pools.get(account_level_name(name))
    if pool is None:
        raise does_not_exist("Compute Pool", name.last)
    require(context.roles, pool.grants, any_of, kind="Compute Pool", name=pool.name)
    return pool


def show_compute_pools(context: Context, show: Show) -> Table:
    """`SHOW COMPUTE POOLS`: those on which the role holds something."""
    pools = [
        pool
        for _, pool in sorted(context.account.compute_pools.items())
        if sees(context.roles, pool.grants)
    ]
    chosen = select(pools, show, lambda pool: pool.name)
    return tabulate(_FIELDS, [_row(context, pool) for pool in chosen])


def describe_compute_pool(context: Context, statement: Describe) -> Table:
    """`DESC COMPUTE POOL`: the row of SHOW and what is wrong with the pool.

    Raises:
        SqlError: 002003, 003001.
    """
    pool = find_pool(context, statement.name, ("MONITOR",))
    return tabulate(_DESCRIBE_FIELDS, [_row(context, pool)])


_FAMILY_FIELDS: tuple[Field[Family], ...] = (
    number("vcpu", lambda family: family.vcpu),
    number("memory_gib", lambda family: family.memory_gib),
    constant("storage_gib"),
    text("gpu", lambda family: family.gpu),
    number("gpu_count", lambda family: family.gpu_count or None),
    constant("gpu_memory_gib"),
)


def show_instance_families(context: Context, show: Show) -> Table:
    """`SHOW COMPUTE POOL INSTANCE FAMILIES`: those whose figures the contract knows."""

    def usage(family: Family) -> int:
        pools = context.account.compute_pools.values()
        return sum(len(pool.nodes) for pool in pools if pool.instance_family == family.name)

    fields: tuple[Field[Family], ...] = (
        text("name", lambda family: family.name),
        constant("description"),
        *_FAMILY_FIELDS,
        number("current_node_usage", usage),
        constant("message"),
    )
    families = [family for _, family in sorted(FAMILIES.items())]
    return tabulate(fields, select(families, show, lambda family: family.name))


def show_nodes(context: Context, show: Show) -> Table:
    """`SHOW NODES IN COMPUTE POOL`.

    Raises:
        SqlError: 002003, 003001.
    """
    if show.scope is None or show.scope.name is None:
        raise SqlError("001003", "42000", "SQL compilation error:\nsyntax error: no compute pool.")
    pool = find_pool(context, show.scope.name, ("MONITOR",))
    family = FAMILIES[pool.instance_family]
    own: tuple[Field[Node], ...] = (
        text("node_id", lambda node: node.node_id),
        constant("instance_family", family.name),
        moment("created_on", lambda node: node.created_on),
        constant("placement_group"),
    )
    shared: tuple[Field[Node], ...] = tuple(
        Field(field.name, field.kind, partial(_read, field, family)) for field in _FAMILY_FIELDS
    )
    nodes = select(_ready(pool), show, lambda node: node.node_id)
    return tabulate((*own, *shared), nodes)


def _read(field: Field[Family], family: Family, _node: Node) -> Value:
    return field.read(family)
