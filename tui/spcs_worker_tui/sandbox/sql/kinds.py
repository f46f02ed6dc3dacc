"""What each kind of object lets CREATE and ALTER say of it (contract 1.7, 1.8, 1.10 to 1.13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spcs_worker_tui.sandbox.sql.ast import ObjectKind
from spcs_worker_tui.sandbox.sql.services import SET_PROPERTIES

_NOTHING: frozenset[str] = frozenset()
_COMMENT = frozenset({"COMMENT"})


@dataclass(frozen=True, slots=True)
class KindRules:
    """The grammar of one kind of object.

    Attributes:
        create: Properties of CREATE.
        required: Those that CREATE cannot do without.
        settable: Properties of ALTER … SET.
        unsettable: Properties of ALTER … UNSET; None where there is no UNSET at all.
        actions: Words after ALTER that stand alone.
        replaceable: Whether CREATE OR REPLACE exists.
        alterable: Whether CREATE OR ALTER exists.
        creatable_if_missing: Whether CREATE … IF NOT EXISTS exists.
        taggable: Whether TAG is offered.
    """

    create: frozenset[str] = _COMMENT
    required: frozenset[str] = _NOTHING
    settable: frozenset[str] = _COMMENT
    unsettable: frozenset[str] | None = _COMMENT
    actions: tuple[str, ...] = ()
    replaceable: bool = True
    alterable: bool = False
    creatable_if_missing: bool = True
    taggable: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_POOL_CHANGES = _words(
    "MIN_NODES MAX_NODES AUTO_RESUME AUTO_SUSPEND_SECS PLACEMENT_GROUP INSTANCE_FAMILY "
    "BACKUP_INSTANCE_FAMILIES COMMENT"
)
_INTEGRATION_CHANGES = _words(
    "ALLOWED_NETWORK_RULES ALLOWED_API_AUTHENTICATION_INTEGRATIONS "
    "ALLOWED_AUTHENTICATION_SECRETS ENABLED COMMENT"
)
_SECRET_CHANGES = _words("SECRET_STRING USERNAME PASSWORD COMMENT")
_WAREHOUSE_CHANGES = _words(
    "WAREHOUSE_SIZE WAREHOUSE_TYPE AUTO_SUSPEND AUTO_RESUME MIN_CLUSTER_COUNT MAX_CLUSTER_COUNT "
    "SCALING_POLICY RESOURCE_MONITOR STATEMENT_TIMEOUT_IN_SECONDS "
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS MAX_CONCURRENCY_LEVEL ENABLE_QUERY_ACCELERATION COMMENT"
)
_CONTAINER_CHANGES = _words("DATA_RETENTION_TIME_IN_DAYS LOG_LEVEL LOG_EVENT_LEVEL COMMENT")
_USER_CHANGES = _words(
    "PASSWORD LOGIN_NAME DISPLAY_NAME FIRST_NAME LAST_NAME EMAIL TYPE DEFAULT_ROLE "
    "DEFAULT_WAREHOUSE DEFAULT_NAMESPACE RSA_PUBLIC_KEY RSA_PUBLIC_KEY_2 MUST_CHANGE_PASSWORD "
    "DISABLED COMMENT"
)

KIND_RULES: Mapping[ObjectKind, KindRules] = {
    ObjectKind.SERVICE: KindRules(
        settable=SET_PROPERTIES,
        unsettable=SET_PROPERTIES,
        actions=("SUSPEND", "RESUME"),
        replaceable=False,
        taggable=True,
    ),
    ObjectKind.COMPUTE_POOL: KindRules(
        create=_POOL_CHANGES | {"INITIALLY_SUSPENDED"},
        required=_words("MIN_NODES MAX_NODES INSTANCE_FAMILY"),
        settable=_POOL_CHANGES,
        unsettable=_words(
            "AUTO_SUSPEND_SECS AUTO_RESUME PLACEMENT_GROUP BACKUP_INSTANCE_FAMILIES COMMENT"
        ),
        actions=("SUSPEND", "RESUME"),
        replaceable=False,
        taggable=True,
    ),
    ObjectKind.IMAGE_REPOSITORY: KindRules(
        create=_words("ENCRYPTION COMMENT"),
        # UNSET is known there and refused when it is executed: 000002 (contract 1.11).
        taggable=True,
    ),
    ObjectKind.SECRET: KindRules(
        create=_SECRET_CHANGES | _words("TYPE ALGORITHM API_AUTHENTICATION OAUTH_SCOPES ENABLED"),
        required=_words("TYPE"),
        settable=_SECRET_CHANGES,
        unsettable=None,
    ),
    ObjectKind.NETWORK_RULE: KindRules(
        create=_words("TYPE MODE VALUE_LIST COMMENT"),
        required=_words("TYPE MODE VALUE_LIST"),
        settable=_words("VALUE_LIST COMMENT"),
        unsettable=_words("VALUE_LIST COMMENT"),
        alterable=True,
        creatable_if_missing=False,
    ),
    ObjectKind.EXTERNAL_ACCESS_INTEGRATION: KindRules(
        create=_INTEGRATION_CHANGES,
        required=_words("ALLOWED_NETWORK_RULES ENABLED"),
        settable=_INTEGRATION_CHANGES,
        unsettable=_INTEGRATION_CHANGES - {"ENABLED", "ALLOWED_NETWORK_RULES"},
        creatable_if_missing=False,
    ),
    ObjectKind.STAGE: KindRules(
        create=_words("DIRECTORY ENCRYPTION COMMENT"),
        settable=_words("DIRECTORY COMMENT"),
        taggable=True,
    ),
    ObjectKind.DATABASE: KindRules(
        create=_CONTAINER_CHANGES,
        settable=_CONTAINER_CHANGES,
        unsettable=_CONTAINER_CHANGES,
        taggable=True,
    ),
    ObjectKind.SCHEMA: KindRules(
        create=_CONTAINER_CHANGES,
        settable=_CONTAINER_CHANGES,
        unsettable=_CONTAINER_CHANGES,
        taggable=True,
    ),
    ObjectKind.ROLE: KindRules(taggable=True),
    ObjectKind.WAREHOUSE: KindRules(
        create=_WAREHOUSE_CHANGES | {"INITIALLY_SUSPENDED"},
        settable=_WAREHOUSE_CHANGES,
        unsettable=_WAREHOUSE_CHANGES,
        actions=("SUSPEND", "RESUME"),
        taggable=True,
    ),
    ObjectKind.USER: KindRules(
        create=_USER_CHANGES, settable=_USER_CHANGES, unsettable=_USER_CHANGES, taggable=True
    ),
}
