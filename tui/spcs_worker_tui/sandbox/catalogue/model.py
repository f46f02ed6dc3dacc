"""The account: plain mutable objects, owned by one event loop.

The executor writes the desired state (what a statement asked for); the reconciler alone writes
the actual state (nodes, instances, containers) and says so where a field is its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Qualified = tuple[str, str, str]
"""(database, schema, name), folded."""


@dataclass(slots=True)
class Grants:
    """Who holds which privilege on one object: role -> privileges. The owner holds all."""

    owner: str
    privileges: dict[str, set[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Database:
    """A database and its schemas."""

    name: str
    created_on: datetime
    grants: Grants
    schemas: dict[str, Schema] = field(default_factory=dict)
    comment: str = ""
    future_grants: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    """Kind of object -> role -> privileges that new objects come with."""
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Schema:
    """A schema. `dns_hash` is the four characters in its services' DNS names."""

    name: str
    created_on: datetime
    grants: Grants
    dns_hash: str
    comment: str = ""
    future_grants: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Role:
    """A role; `granted_to` are roles, `users` are users that may use it.

    `owner` may grant it, but does not inherit what it holds.
    """

    name: str
    created_on: datetime
    granted_to: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    comment: str = ""
    owner: str = ""


@dataclass(slots=True)
class User:
    """A user with the three ways of logging in that the sandbox knows.

    `password` is made at start; `public_keys` are PEM; `access_tokens` maps a programmatic
    access token to the time it expires.
    """

    name: str
    default_role: str
    password: str | None = None
    public_keys: list[str] = field(default_factory=list)
    access_tokens: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Image:
    """An image in a repository. The digest never changes; the tags may move away."""

    name: str
    tags: set[str]
    digest: str
    created_on: datetime
    size: int = 0
    pullable: bool = True
    command: str = ""
    """For the process runtime: the name under which the registry of known images has it."""
    played: tuple[bytes, bytes] | None = None
    """Manifest and configuration of one that nobody pushed; `digest` is the manifest's."""


@dataclass(slots=True)
class ImageRepository:
    """An image repository; `images` in the order of creation."""

    key: Qualified
    created_on: datetime
    grants: Grants
    comment: str = ""
    encryption: str = "SNOWFLAKE_SSE"
    images: list[Image] = field(default_factory=list)


@dataclass(slots=True)
class Secret:
    """A secret. `values` maps secret_string, username, password; never shown by any statement."""

    key: Qualified
    secret_type: str
    created_on: datetime
    grants: Grants
    values: dict[str, str] = field(default_factory=dict)
    comment: str | None = None


@dataclass(slots=True)
class NetworkRule:
    """A network rule; `value_list` holds `host[:port]`."""

    key: Qualified
    created_on: datetime
    grants: Grants
    value_list: list[str] = field(default_factory=list)
    comment: str = ""
    type: str = "HOST_PORT"
    mode: str = "EGRESS"


@dataclass(slots=True)
class Integration:
    """An external access integration, at account level."""

    name: str
    created_on: datetime
    grants: Grants
    network_rules: list[Qualified] = field(default_factory=list)
    secrets: list[Qualified] = field(default_factory=list)
    enabled: bool = True
    comment: str = ""


@dataclass(slots=True)
class StagedFile:
    """A file on a stage, as stored; `path` is relative to the stage."""

    path: str
    content: bytes
    md5: str
    last_modified: datetime


@dataclass(slots=True)
class Stage:
    """An internal stage."""

    key: Qualified
    created_on: datetime
    grants: Grants
    comment: str = ""
    directory: bool = False
    files: dict[str, StagedFile] = field(default_factory=dict)


@dataclass(slots=True)
class Node:
    """One node of a compute pool; the reconciler's."""

    node_id: str
    created_on: datetime
    ready_at: datetime | None = None


@dataclass(slots=True)
class ComputePool:
    """A compute pool. `suspended` is desired; `state`, nodes and error are the reconciler's."""

    name: str
    instance_family: str
    min_nodes: int
    max_nodes: int
    created_on: datetime
    grants: Grants
    auto_resume: bool = True
    auto_suspend_secs: int = 3600
    comment: str | None = None
    suspended: bool = False
    resumed_on: datetime | None = None
    updated_on: datetime | None = None
    state: str = "STARTING"
    target_nodes: int = 0
    nodes: list[Node] = field(default_factory=list)
    error_code: str = ""
    status_message: str = ""
    idle_since: datetime | None = None
    capacity: int | None = None
    """How many nodes the cloud will give; None is as many as asked for."""


@dataclass(slots=True)
class Container:
    """One container of an instance; the reconciler's."""

    name: str
    image: str
    image_digest: str
    status: str = "PENDING"
    message: str = "Waiting to start"
    restart_count: int = 0
    start_time: datetime | None = None
    last_exit_code: int | None = None
    last_restart_time: datetime | None = None


@dataclass(slots=True)
class Instance:
    """One instance of a service; the reconciler's."""

    instance_id: int
    spec_digest: str
    creation_time: datetime
    status: str = "PENDING"
    start_time: datetime | None = None
    ip_address: str = ""
    node_id: str | None = None
    containers: list[Container] = field(default_factory=list)


@dataclass(slots=True)
class Event:
    """A platform event, as SPCS_GET_EVENTS shows it (contract 2.3)."""

    timestamp: datetime
    severity: str
    name: str
    message: str
    status: str
    instance_id: int | None = None
    container_name: str | None = None


@dataclass(slots=True)
class Service:
    """A service or a job service.

    Desired, written by statements: everything down to `suspended`, `dropped`, `cancelled`.
    Actual, written by the reconciler: `status`, `is_upgrading`, `instances`, `target_instances`.
    `spec` is the parsed, validated specification (`{"spec": {...}}`) with the pinned digests in
    `digests` (container name -> `sha256:…`); `spec_digest` changes with every accepted spec.
    """

    key: Qualified
    compute_pool: str
    spec: dict[str, Any]
    spec_digest: str
    digests: dict[str, str]
    created_on: datetime
    grants: Grants
    updated_on: datetime | None = None
    resumed_on: datetime | None = None
    suspended_on: datetime | None = None
    min_instances: int = 1
    max_instances: int = 1
    min_ready_instances: int = 1
    auto_resume: bool = True
    auto_suspend_secs: int = 0
    external_access_integrations: list[str] = field(default_factory=list)
    query_warehouse: str | None = None
    log_level: str | None = None
    comment: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    service_roles: dict[str, set[str]] = field(default_factory=dict)
    is_job: bool = False
    is_async_job: bool = False
    replicas: int = 1
    ingress_hash: str = ""
    suspended: bool = False
    dropped: bool = False
    cancelled: bool = False
    status: str = "PENDING"
    is_upgrading: bool = False
    target_instances: int = 0
    instances: list[Instance] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def current_instances(self) -> int:
        """Instances that have a place on a node; one that waits for room is not counted."""
        return sum(instance.node_id is not None for instance in self.instances)


@dataclass(slots=True)
class Account:
    """One Snowflake account."""

    organization: str
    name: str
    locator: str
    region: str = "AWS_US_WEST_2"
    created_on: datetime | None = None
    grants: Grants = field(default_factory=lambda: Grants("ACCOUNTADMIN"))
    databases: dict[str, Database] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    warehouses: dict[str, Grants] = field(default_factory=dict)
    compute_pools: dict[str, ComputePool] = field(default_factory=dict)
    services: dict[Qualified, Service] = field(default_factory=dict)
    image_repositories: dict[Qualified, ImageRepository] = field(default_factory=dict)
    secrets: dict[Qualified, Secret] = field(default_factory=dict)
    network_rules: dict[Qualified, NetworkRule] = field(default_factory=dict)
    integrations: dict[str, Integration] = field(default_factory=dict)
    stages: dict[Qualified, Stage] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    registry: str | None = None
    """`host:port` of the sandbox's own registry for this account, if there is one."""

    @property
    def identifier(self) -> str:
        """`org-account`, lower-case with hyphens, as in host names (contract 5)."""
        return f"{self.organization}-{self.name}".lower().replace("_", "-")

    @property
    def registry_host(self) -> str:
        """The host of the account's image registry."""
        return self.registry or f"{self.identifier}.registry.snowflakecomputing.com"
