"""SHOW and DESCRIBE of services (contract 1.1, 1.2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
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
from spcs_worker_tui.sandbox.catalogue.names import (
    account_level_name,
    find,
    in_scope,
    select,
    visible,
)
from spcs_worker_tui.sandbox.catalogue.privileges import require, sees
from spcs_worker_tui.sandbox.catalogue.spec import describe_spec
from spcs_worker_tui.sandbox.results import SqlError, Table, does_not_exist, unsupported

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Service
    from spcs_worker_tui.sandbox.sql.ast import Describe, Name, Show

_SEEING = ("USAGE", "MONITOR", "OPERATE")


@dataclass(frozen=True, slots=True)
class _Row:
    service: Service
    context: Context


def dns_name(context: Context, service: Service) -> str:
    """`echo-service.k3m6.svc.spcs.internal`."""
    database, schema, name = service.key
    dns_hash = context.account.databases[database].schemas[schema].dns_hash
    return f"{name.lower().replace('_', '-')}.{dns_hash}.svc.spcs.internal"


def _integrations(row: _Row) -> str | None:
    names = row.service.external_access_integrations
    return json.dumps(names, separators=(",", ":")) if names else None


_FIELDS: tuple[Field[_Row], ...] = (
    text("name", lambda row: row.service.key[2]),
    text("status", lambda row: row.service.status),
    text("database_name", lambda row: row.service.key[0]),
    text("schema_name", lambda row: row.service.key[1]),
    text("owner", lambda row: row.service.grants.owner),
    text("compute_pool", lambda row: row.service.compute_pool),
    text("dns_name", lambda row: dns_name(row.context, row.service)),
    number("current_instances", lambda row: row.service.current_instances),
    number("target_instances", lambda row: row.service.target_instances),
    number("min_ready_instances", lambda row: row.service.min_ready_instances),
    number("min_instances", lambda row: row.service.min_instances),
    number("max_instances", lambda row: row.service.max_instances),
    flag("auto_resume", lambda row: row.service.auto_resume),
    text("external_access_integrations", _integrations),
    moment("created_on", lambda row: row.service.created_on),
    moment("updated_on", lambda row: row.service.updated_on),
    moment("resumed_on", lambda row: row.service.resumed_on),
    moment("suspended_on", lambda row: row.service.suspended_on),
    number("auto_suspend_secs", lambda row: row.service.auto_suspend_secs),
    text("comment", lambda row: row.service.comment),
    constant("owner_role_type", "ROLE"),
    text("query_warehouse", lambda row: row.service.query_warehouse),
    flag("is_job", lambda row: row.service.is_job),
    flag("is_async_job", lambda row: row.service.is_async_job),
    text("spec_digest", lambda row: row.service.spec_digest),
    flag("is_upgrading", lambda row: row.service.is_upgrading),
    constant("managing_object_domain"),
    constant("managing_object_name"),
)
_SPEC: Field[_Row] = text("spec", lambda row: describe_spec(row.service.spec, row.service.digests))
_BEFORE_SPEC = [field.name for field in _FIELDS].index("compute_pool") + 1


def _listed(jobs: bool | None) -> tuple[Field[_Row], ...]:
    left_out = {None: (), True: ("is_job",), False: ("is_job", "is_async_job")}[jobs]
    return tuple(field for field in _FIELDS if field.name not in left_out)


def show_services(context: Context, show: Show) -> Table:
    """`SHOW [JOB] SERVICES [EXCLUDE JOBS]`: the rows and columns that were asked for.

    Raises:
        SqlError: 002003 for a scope that is not there; 090105, 090106; 000002 for OF TYPE, whose
            words no source lists.
    """
    if show.of_type:
        raise unsupported("SHOW SERVICES OF TYPE")
    services = context.account.services.values()
    if show.scope is not None and show.scope.kind == "COMPUTE POOL":
        pool = _pool_name(context, show.scope.name)
        found = sorted(
            (service for service in visible(context, services) if service.compute_pool == pool),
            key=lambda service: service.key,
        )
    else:
        found = in_scope(context, services, show.scope)
    if show.jobs is not None:
        found = [service for service in found if service.is_job is show.jobs]
    chosen = select(found, show, lambda service: service.key[2])
    return tabulate(_listed(show.jobs), [_Row(service, context) for service in chosen])


def _pool_name(context: Context, name: Name | None) -> str:
    if name is None:
        raise SqlError("001003", "42000", "SQL compilation error:\nsyntax error: no compute pool.")
    pool = context.account.compute_pools.get(account_level_name(name))
    if pool is None or not sees(context.roles, pool.grants):
        raise does_not_exist("Compute Pool", str(name))
    return pool.name


def describe_service(context: Context, statement: Describe) -> Table:
    """`DESC SERVICE`: the row of SHOW with `spec`, which only the owner's role is shown.

    Raises:
        SqlError: 002003 when it is missing or not visible; 090105, 090106.
    """
    service = find_service(context, statement.name, "DESC", _SEEING)
    fields = list(_FIELDS)
    if service.grants.owner in context.roles:
        fields.insert(_BEFORE_SPEC, _SPEC)
    return tabulate(fields, [_Row(service, context)])


def find_service(context: Context, name: Name, operation: str, any_of: tuple[str, ...]) -> Service:
    """A service on which the role holds one of the privileges.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    service = find(context, context.account.services, name, kind="Service", operation=operation)
    require(context.roles, service.grants, any_of, kind="Service", name=".".join(service.key))
    return service
