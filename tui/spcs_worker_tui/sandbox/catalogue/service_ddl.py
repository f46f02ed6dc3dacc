"""CREATE, ALTER and DROP of services: the desired state only (contract 1.7 to 1.9)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.catalogue.compute_pools import find_pool
from spcs_worker_tui.sandbox.catalogue.model import ComputePool, Qualified, Service
from spcs_worker_tui.sandbox.catalogue.names import dotted, require_unquoted
from spcs_worker_tui.sandbox.catalogue.objects import (
    already_dropped,
    dropped,
    existing,
    grants_for_new,
    met_existing,
    place_for,
)
from spcs_worker_tui.sandbox.catalogue.pin import Pinned, pin
from spcs_worker_tui.sandbox.catalogue.privileges import effective_roles
from spcs_worker_tui.sandbox.catalogue.refusals import executed, refused
from spcs_worker_tui.sandbox.catalogue.service_properties import (
    ServiceProperties,
    changed,
    properties_of,
    without,
)
from spcs_worker_tui.sandbox.catalogue.spec import (
    complete_resources,
    digest_of,
    parse_spec,
    render_template,
)
from spcs_worker_tui.sandbox.catalogue.spec.template import cannot_render
from spcs_worker_tui.sandbox.catalogue.stages import file_text
from spcs_worker_tui.sandbox.families import FAMILIES
from spcs_worker_tui.sandbox.results import Table, does_not_exist, status, unsupported
from spcs_worker_tui.sandbox.sql.ast import Alter, CreateService, Drop, ObjectKind, SpecSource

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context

ALL_ENDPOINTS_USAGE = "ALL_ENDPOINTS_USAGE"
_MAX_NAME = 63


def create_service(context: Context, statement: CreateService) -> Table:
    """`CREATE SERVICE [IF NOT EXISTS]`: answers before anything runs.

    Raises:
        SqlError: Something that it needs is missing or not granted (contract 1.7), 395018 and
            395069 for the specification, 002002 for a name that is taken.
    """
    key = place_for(context, statement.name, ObjectKind.SERVICE)
    require_unquoted(*key)
    taken = context.account.services.get(key)
    answer = met_existing(
        context,
        dotted(key),
        taken.grants if taken else None,
        if_not_exists=statement.if_not_exists,
        replace=False,
    )
    if answer is not None:
        return answer
    pool = find_pool(context, statement.compute_pool, ("USAGE",))
    service = new_service(context, key, pool, statement.spec)
    properties = changed(context, ServiceProperties(), statement.properties, context.roles)
    properties.apply_to(service)
    service.tags.update(statement.tags)
    context.account.services[key] = service
    context.platform.wake()
    return status(f"Service {key[2]} successfully created.")


def new_service(context: Context, key: Qualified, pool: ComputePool, source: SpecSource) -> Service:
    """A service of the session's role, not yet in the account.

    Raises:
        SqlError: 395018, 395069, or about what the specification refers to.
    """
    if len(key[2]) > _MAX_NAME:
        raise refused(f"The name of a service can have at most {_MAX_NAME} characters.")
    pinned = specification(context, source, pool, context.roles, key)
    return Service(
        key,
        pool.name,
        pinned.spec,
        digest_of(pinned.spec, pinned.digests),
        pinned.digests,
        context.now,
        grants_for_new(context, ObjectKind.SERVICE, key[0], key[1]),
        updated_on=context.now,
        service_roles={role: set() for role in _role_names(pinned.spec)},
        ingress_hash=secrets.token_hex(8),
    )


def specification(
    context: Context,
    source: SpecSource,
    pool: ComputePool,
    owners: Collection[str],
    key: Qualified,
) -> Pinned:
    """Read, check, complete and pin a specification.

    Raises:
        SqlError: 395018, 395069, or about what it refers to.
    """
    text = _text(context, source)
    document = complete_resources(parse_spec(text), FAMILIES[pool.instance_family])
    return pin(context, document, owners, key)


def _text(context: Context, source: SpecSource) -> str:
    text = source.text
    if source.stage is not None:
        text = file_text(context, source.stage, source.file or "")
    if text is None:
        raise cannot_render(f"file '{source.file}' does not exist on the stage.")
    return text if source.using is None else render_template(text, source.using)


def _role_names(spec: Mapping[str, Any]) -> set[str]:
    return {ALL_ENDPOINTS_USAGE, *(role["name"].upper() for role in spec.get("serviceRoles", ()))}


def alter_service(context: Context, statement: Alter) -> Table:
    """`ALTER SERVICE`: every form of contract 1.8.

    Raises:
        SqlError: 002003, 003001, 395018 and the rest of what CREATE raises; jobs are refused.
    """
    needs = ("OPERATE",) if statement.action in ("SUSPEND", "RESUME", "FROM") else ()
    service = existing(context, context.account.services, statement, needs)
    if service is None:
        return executed()
    if service.dropped:
        raise does_not_exist("Service", dotted(service.key))
    if service.is_job:
        raise refused(f"Job service '{dotted(service.key)}' cannot be altered.")
    action = _ACTIONS.get(statement.action)
    if action is None:
        raise unsupported(f"ALTER SERVICE {statement.action}")
    action(context, service, statement)
    context.platform.wake()
    return executed()


def _suspend(context: Context, service: Service, _statement: Alter) -> None:
    # Repeated, it is accepted and changes nothing (contract 10.5).
    if not service.suspended:
        service.suspended = True
        service.suspended_on = service.updated_on = context.now


def _resume(context: Context, service: Service, _statement: Alter) -> None:
    # From the stored specification and the stored digests: a tag that moved stays unseen.
    if service.suspended:
        service.suspended = False
        service.resumed_on = service.updated_on = context.now


def _upgrade(context: Context, service: Service, statement: Alter) -> None:
    assert statement.spec is not None
    pool = context.account.compute_pools.get(service.compute_pool)
    if pool is None:
        raise does_not_exist("Compute Pool", service.compute_pool)
    owners = effective_roles(context.account, service.grants.owner)
    pinned = specification(context, statement.spec, pool, owners, service.key)
    service.spec, service.digests = pinned.spec, pinned.digests
    service.spec_digest = digest_of(pinned.spec, pinned.digests, previous=service.spec_digest)
    service.service_roles = {
        role: service.service_roles.get(role, set()) for role in _role_names(pinned.spec)
    }
    service.updated_on = context.now


def _set(context: Context, service: Service, statement: Alter) -> None:
    owners = effective_roles(context.account, service.grants.owner)
    changed(context, properties_of(service), statement.properties, owners).apply_to(service)
    service.updated_on = context.now


def _unset(context: Context, service: Service, statement: Alter) -> None:
    without(properties_of(service), statement.names).apply_to(service)
    service.updated_on = context.now


def _set_tag(context: Context, service: Service, statement: Alter) -> None:
    service.tags.update(statement.tags)
    service.updated_on = context.now


def _unset_tag(context: Context, service: Service, statement: Alter) -> None:
    for tag in statement.names:
        service.tags.pop(tag, None)
    service.updated_on = context.now


_ACTIONS: Mapping[str, Callable[[Context, Service, Alter], None]] = {
    "SUSPEND": _suspend,
    "RESUME": _resume,
    "FROM": _upgrade,
    "SET": _set,
    "UNSET": _unset,
    "SET TAG": _set_tag,
    "UNSET TAG": _unset_tag,
}


def drop_service(context: Context, statement: Drop) -> Table:
    """`DROP SERVICE [IF EXISTS] … [FORCE]`: DELETING until its instances have ended.

    Raises:
        SqlError: 002003, 003001; a refusal when it has a block volume and FORCE is not given.
    """
    service = existing(context, context.account.services, statement)
    if service is None or (service.dropped and statement.if_exists):
        return already_dropped(statement.name)
    if service.dropped:
        raise does_not_exist("Service", dotted(service.key))
    volumes = service.spec["spec"].get("volumes", ())
    if not statement.force and any(volume["source"] == "block" for volume in volumes):
        raise refused(
            f"Service '{dotted(service.key)}' has block storage volumes. Use FORCE to drop it."
        )
    service.dropped = True
    context.platform.wake()
    return dropped(service.key)
