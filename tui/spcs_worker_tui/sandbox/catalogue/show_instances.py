"""SHOW of what is inside a service: instances, containers, endpoints, roles, volumes (1.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spcs_worker_tui.sandbox.catalogue.listing import (
    Field,
    flag,
    moment,
    number,
    tabulate,
    text,
    utc_text,
)
from spcs_worker_tui.sandbox.catalogue.names import select
from spcs_worker_tui.sandbox.catalogue.show_services import find_service
from spcs_worker_tui.sandbox.results import Column, SqlError, Table, Value

if TYPE_CHECKING:
    from spcs_worker_tui.sandbox.catalogue.context import Context
    from spcs_worker_tui.sandbox.catalogue.model import Account, Container, Instance, Service
    from spcs_worker_tui.sandbox.sql.ast import Show

ALL_ENDPOINTS_USAGE = "ALL_ENDPOINTS_USAGE"
PROVISIONING = (
    "Endpoints provisioning in progress... check back in a few minutes using the SHOW ENDPOINTS "
    "command"
)
"""In the place of the host until the service has run (the full sentence: contract 10.7)."""

_HOST_CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"
_HOST_LENGTH = 7


@dataclass(frozen=True, slots=True)
class _Row:
    service: Service
    instance: Instance | None = None
    container: Container | None = None

    def of_instance(self, attribute: str) -> Any:
        return getattr(self.instance, attribute) if self.instance is not None else None

    def of_container(self, attribute: str) -> Any:
        return getattr(self.container, attribute) if self.container is not None else None


def _instance_id(row: _Row) -> Value:
    return None if row.instance is None else str(row.instance.instance_id)


def _image_digest(row: _Row) -> Value:
    return row.of_container("image_digest") or None


_SERVICE_FIELDS: tuple[Field[_Row], ...] = (
    text("database_name", lambda row: row.service.key[0]),
    text("schema_name", lambda row: row.service.key[1]),
    text("service_name", lambda row: row.service.key[2]),
    text("service_status", lambda row: row.service.status),
    text("instance_id", _instance_id),
)
_INSTANCE_FIELDS: tuple[Field[_Row], ...] = (
    *_SERVICE_FIELDS,
    text("status", lambda row: row.of_instance("status")),
    text("spec_digest", lambda row: row.of_instance("spec_digest")),
    text("creation_time", lambda row: utc_text(row.of_instance("creation_time"))),
    text("start_time", lambda row: utc_text(row.of_instance("start_time"))),
    text("ip_address", lambda row: row.of_instance("ip_address")),
)
_CONTAINER_FIELDS: tuple[Field[_Row], ...] = (
    *_SERVICE_FIELDS,
    text("instance_status", lambda row: row.of_instance("status")),
    text("container_name", lambda row: row.of_container("name")),
    text("status", lambda row: row.of_container("status")),
    text("message", lambda row: row.of_container("message")),
    text("image_name", lambda row: row.of_container("image")),
    text("image_digest", _image_digest),
    number("restart_count", lambda row: row.of_container("restart_count")),
    text("start_time", lambda row: utc_text(row.of_container("start_time"))),
    number("last_exit_code", lambda row: row.of_container("last_exit_code")),
    text("last_restart_time", lambda row: utc_text(row.of_container("last_restart_time"))),
)


def show_instances(context: Context, show: Show) -> Table:
    """`SHOW SERVICE INSTANCES IN SERVICE`: one row each, or one of NULLs when there are none.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    service = _named(context, show, "MONITOR")
    rows = [_Row(service, instance) for instance in service.instances]
    return tabulate(_INSTANCE_FIELDS, rows or [_Row(service)])


def show_containers(context: Context, show: Show) -> Table:
    """`SHOW SERVICE CONTAINERS IN SERVICE`: one row each, or one of NULLs when there are none.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    service = _named(context, show, "MONITOR")
    rows = [
        _Row(service, instance, container)
        for instance in service.instances
        for container in instance.containers
    ]
    return tabulate(_CONTAINER_FIELDS, rows or [_Row(service)])


def show_volumes(context: Context, show: Show) -> Table:
    """`SHOW SERVICE VOLUMES IN SERVICE`: the four columns that are documented.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    service = _named(context, show, "MONITOR")
    sources = {
        volume["name"]: volume["source"] for volume in service.spec["spec"].get("volumes", ())
    }
    rows = [
        (mount["name"], str(instance.instance_id), container["name"], sources[mount["name"]])
        for instance in service.instances
        for container in service.spec["spec"]["containers"]
        for mount in container.get("volumeMounts", ())
    ]
    names = ("volume_name", "instance_id", "container_name", "volume_type")
    return Table(tuple(Column(name) for name in names), rows)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    account: Account
    service: Service
    fields: Mapping[str, Any]


def _ingress_url(row: _Endpoint) -> str | None:
    if not row.fields.get("public", False):
        return None
    if not _has_run(row.service):
        return PROVISIONING
    return ingress_host(row.account, row.service, row.fields["name"])


def _has_run(service: Service) -> bool:
    return service.status == "RUNNING" or any(
        event.name == "SERVICE.STATUS_CHANGE" and event.status == "RUNNING"
        for event in service.events
    )


def ingress_host(account: Account, service: Service, endpoint: str) -> str:
    """The public host of an endpoint; it lives as long as the service does (contract 1.3)."""
    digest = hashlib.sha256(f"{service.ingress_hash}.{endpoint}".encode()).digest()
    label = "".join(_HOST_CHARACTERS[byte % 32] for byte in digest[:_HOST_LENGTH])
    return f"{label}-{account.identifier}.snowflakecomputing.app"


# `privatelink_ingress_url` exists on Business Critical accounts only; the sandbox has none.
_ENDPOINT_FIELDS: tuple[Field[_Endpoint], ...] = (
    text("name", lambda row: row.fields["name"]),
    number("port", lambda row: row.fields.get("port")),
    text("port_range", lambda row: row.fields.get("portRange")),
    text("protocol", lambda row: row.fields.get("protocol", "HTTP")),
    flag("is_public", lambda row: row.fields.get("public", False)),
    text("ingress_url", _ingress_url),
)


def show_endpoints(context: Context, show: Show) -> Table:
    """`SHOW ENDPOINTS IN SERVICE`.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    service = _named(context, show, "USAGE")
    endpoints = service.spec["spec"].get("endpoints", ())
    return tabulate(
        _ENDPOINT_FIELDS, [_Endpoint(context.account, service, fields) for fields in endpoints]
    )


def show_roles_in_service(context: Context, show: Show) -> Table:
    """`SHOW ROLES IN SERVICE`: those of the spec, and the one that every service has.

    Raises:
        SqlError: 002003, 003001, 090105, 090106.
    """
    service = _named(context, show, "USAGE", "MONITOR", "OPERATE")
    fields: tuple[Field[str], ...] = (
        moment("created_on", lambda _: service.created_on),
        text("name", lambda role: role),
        text("comment", lambda _: None),
    )
    roles = sorted({ALL_ENDPOINTS_USAGE, *service.service_roles})
    return tabulate(fields, select(roles, show, lambda role: role))


def _named(context: Context, show: Show, *any_of: str) -> Service:
    if show.scope is None or show.scope.name is None:
        raise SqlError("001003", "42000", "SQL compilation error:\nsyntax error: no service named.")
    return find_service(context, show.scope.name, "SHOW", any_of)
