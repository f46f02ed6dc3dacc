"""The syntax tree: what the parser understood, before anyone looks a name up.

Identifiers are already folded: an unquoted part is upper-case, a quoted one is as written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Name:
    """A possibly qualified name, outermost part first. `quoted` says so of each part.

    `written` are the parts before folding, for the few names that Snowflake compares with case
    even when they are not quoted (contract 1.7).
    """

    parts: tuple[str, ...]
    quoted: tuple[bool, ...] = ()
    written: tuple[str, ...] = field(default=(), compare=False)

    @property
    def last(self) -> str:
        """The object's own name."""
        return self.parts[-1]

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class StagePath:
    """`@stage/dir/file`; `path` has no leading slash."""

    stage: Name
    path: str = ""


Literal = str | int | float | bool | None
PropertyValue = Literal | Name | tuple["PropertyValue", ...] | Mapping[str, "PropertyValue"]
"""`= 'text'`, `= 3`, `= TRUE`, `= WH`, `= (A, B)`, `= (TYPE = 'X')`."""


class ObjectKind(StrEnum):
    """What DDL, SHOW and DESCRIBE are about; the value is the words of the statement."""

    SERVICE = "SERVICE"
    COMPUTE_POOL = "COMPUTE POOL"
    IMAGE_REPOSITORY = "IMAGE REPOSITORY"
    SECRET = "SECRET"  # noqa: S105 - a kind of object
    NETWORK_RULE = "NETWORK RULE"
    EXTERNAL_ACCESS_INTEGRATION = "EXTERNAL ACCESS INTEGRATION"
    STAGE = "STAGE"
    DATABASE = "DATABASE"
    SCHEMA = "SCHEMA"
    ROLE = "ROLE"
    WAREHOUSE = "WAREHOUSE"
    USER = "USER"


class ShowKind(StrEnum):
    """What SHOW lists; the value is the words after SHOW."""

    SERVICES = "SERVICES"
    SERVICE_INSTANCES = "SERVICE INSTANCES"
    SERVICE_CONTAINERS = "SERVICE CONTAINERS"
    SERVICE_VOLUMES = "SERVICE VOLUMES"
    ENDPOINTS = "ENDPOINTS"
    ROLES_IN_SERVICE = "ROLES IN SERVICE"
    COMPUTE_POOLS = "COMPUTE POOLS"
    NODES = "NODES IN COMPUTE POOL"
    INSTANCE_FAMILIES = "COMPUTE POOL INSTANCE FAMILIES"
    IMAGE_REPOSITORIES = "IMAGE REPOSITORIES"
    IMAGES = "IMAGES"
    SECRETS = "SECRETS"
    NETWORK_RULES = "NETWORK RULES"
    INTEGRATIONS = "EXTERNAL ACCESS INTEGRATIONS"
    STAGES = "STAGES"
    DATABASES = "DATABASES"
    SCHEMAS = "SCHEMAS"
    ROLES = "ROLES"
    WAREHOUSES = "WAREHOUSES"
    GRANTS = "GRANTS"
    PARAMETERS = "PARAMETERS"


@dataclass(frozen=True, slots=True)
class Scope:
    """`IN …`.

    `kind` is ACCOUNT, DATABASE, SCHEMA, COMPUTE POOL, SERVICE, IMAGE REPOSITORY, SESSION, USER,
    WAREHOUSE, ROLE and so on; `name` is None for `IN ACCOUNT` and for `IN DATABASE` without a
    name, which means the current one.
    """

    kind: str
    name: Name | None = None


@dataclass(frozen=True, slots=True)
class Show:
    """`SHOW …`; `jobs` is None for both, True for `SHOW JOB SERVICES`, False for `EXCLUDE JOBS`.

    SHOW GRANTS fills `grants`: `ON <kind> <name>`, `TO ROLE|USER <name>`, `OF ROLE <name>`.
    """

    kind: ShowKind
    scope: Scope | None = None
    like: str | None = None
    starts_with: str | None = None
    limit: int | None = None
    limit_from: str | None = None
    jobs: bool | None = None
    of_type: tuple[str, ...] = ()
    grants: tuple[str, Scope] | None = None


@dataclass(frozen=True, slots=True)
class Describe:
    """`DESC[RIBE] <kind> <name>`."""

    kind: ObjectKind
    name: Name


@dataclass(frozen=True, slots=True)
class SpecSource:
    """Where a specification comes from: exactly one of `text` and `file` is set.

    `using` is None without a template. `FROM SPECIFICATION_FILE` without a stage, the native-app
    form, is refused by the parser.
    """

    text: str | None = None
    stage: StagePath | None = None
    file: str | None = None
    using: Mapping[str, Literal] | None = None


@dataclass(frozen=True, slots=True)
class CreateService:
    """`CREATE SERVICE`; property names are upper-case."""

    name: Name
    compute_pool: Name
    spec: SpecSource
    if_not_exists: bool = False
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExecuteJobService:
    """`EXECUTE JOB SERVICE`; NAME, ASYNC, REPLICAS and the rest are in `properties`."""

    compute_pool: Name
    spec: SpecSource
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Create:
    """CREATE of every other kind; property names are upper-case."""

    kind: ObjectKind
    name: Name
    or_replace: bool = False
    or_alter: bool = False
    if_not_exists: bool = False
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alter:
    """`ALTER <kind> <name> <action>`.

    `action` is SUSPEND, RESUME, STOP ALL, FROM, SET, UNSET, SET TAG, UNSET TAG or RESTORE VOLUME.
    `spec` belongs to FROM, `properties` to SET, `names` to UNSET.
    """

    kind: ObjectKind
    name: Name
    action: str
    if_exists: bool = False
    spec: SpecSource | None = None
    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drop:
    """`DROP <kind> [IF EXISTS] <name> [FORCE]`."""

    kind: ObjectKind
    name: Name
    if_exists: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """GRANT or REVOKE of privileges on an object, of a role, or of a service role.

    `privileges` is empty for `GRANT ROLE r` and `GRANT SERVICE ROLE s!r`, whose name is then in
    `granted_role`. `on` None with privileges never happens; `ON ACCOUNT` is a Scope without name.
    `ON ALL|FUTURE SERVICES IN SCHEMA s` has `every` or `future` set, a nameless Scope of kind
    SERVICE in `on`, and the schema or database in `within`. `ALL PRIVILEGES` is `("ALL",)`.
    """

    revoke: bool
    privileges: tuple[str, ...]
    on: Scope | None
    granted_role: Name | None
    service_role: str | None
    to_kind: str
    to: Name
    future: bool = False
    with_grant_option: bool = False
    every: bool = False
    within: Scope | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """`USE ROLE|DATABASE|SCHEMA|WAREHOUSE <name>`; `USE <db>[.<schema>]` has kind DATABASE."""

    kind: str
    name: Name


@dataclass(frozen=True, slots=True)
class Call:
    """`CALL f(args)`, `SELECT f(args)` of a system function, or `CALL svc!METHOD(args)`.

    `function` is upper-case. `service` is set for methods. `alias` is from `SELECT f() AS alias`.
    """

    function: str
    args: tuple[PropertyValue, ...] = ()
    named: Mapping[str, PropertyValue] = field(default_factory=dict)
    service: Name | None = None


@dataclass(frozen=True, slots=True)
class SelectItem:
    """One column of a SELECT without table: a literal or a function call, perhaps renamed.

    `column` is the heading: the alias, or the expression's text in upper case.
    """

    column: str
    call: Call | None = None
    literal: Literal = None


@dataclass(frozen=True, slots=True)
class Select:
    """`SELECT item, …` without FROM."""

    items: tuple[SelectItem, ...]


@dataclass(frozen=True, slots=True)
class SelectFromService:
    """`SELECT * | columns FROM TABLE(svc!SPCS_GET_LOGS(…))`, with simple WHERE left to later."""

    call: Call
    columns: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class SelectFromResult:
    """`SELECT * FROM TABLE(RESULT_SCAN('<query id>'))`, as connector 4.x fetches async results."""

    query_id: str | None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectFromTable:
    """SELECT on a named table or view: the event table, INFORMATION_SCHEMA; needs a warehouse."""

    table: Name
    columns: tuple[str, ...] = ()
    where: tuple[tuple[str, str, Literal], ...] = ()
    """Conjunction of `column operator literal`."""
    order_by: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """`PUT file://… @stage …`; the client uploads, the server says where to."""

    source: str
    target: StagePath
    options: Mapping[str, PropertyValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListFiles:
    """`LIST|LS @stage`."""

    target: StagePath
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveFiles:
    """`REMOVE|RM @stage`."""

    target: StagePath
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class AlterSession:
    """`ALTER SESSION SET|UNSET`."""

    properties: Mapping[str, PropertyValue] = field(default_factory=dict)
    names: tuple[str, ...] = ()


Statement = (
    Show
    | Describe
    | CreateService
    | ExecuteJobService
    | Create
    | Alter
    | Drop
    | Grant
    | Use
    | Call
    | Select
    | SelectFromService
    | SelectFromResult
    | SelectFromTable
    | Put
    | ListFiles
    | RemoveFiles
    | AlterSession
)
