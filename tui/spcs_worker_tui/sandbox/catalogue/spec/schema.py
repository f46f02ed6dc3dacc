"""Every option that a specification may have, and what each may hold (contract 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spcs_worker_tui.sandbox.catalogue.spec.checks import (
    absolute_path,
    anything,
    boolean,
    cpu,
    environment,
    integer,
    invalid,
    listing,
    matching,
    memory,
    name,
    one_of,
    options,
    port,
    text,
)
from spcs_worker_tui.sandbox.catalogue.spec.document import Scalar, Tree

MAX_CONTAINERS = 20
MAX_ENDPOINTS = 100
MAX_SECRETS = 50
MAX_VOLUMES = 20
"""Limits per service: contract 2.6."""


def _probe() -> Mapping[str, Any]:
    return {
        "port": port,
        "path": text,
        "periodSeconds": integer(1),
        "failureThreshold": integer(1),
    }


def _secret_reference(tree: Tree, option: str) -> str | dict[str, str]:
    """A name, or a map with one of `objectName` and `objectReference`."""
    if isinstance(tree, Scalar):
        return text(tree, option)
    reference: dict[str, str] = options({"objectName": text, "objectReference": text})(tree, option)
    if len(reference) != 1:
        raise invalid(option, "Exactly one of objectName and objectReference has to be given")
    return reference


def _volume_source(tree: Tree, option: str) -> str:
    value = text(tree, option)
    if value not in ("local", "memory", "block", "stage") and not value.startswith("@"):
        raise invalid(option, "Value has to be one of local, memory, block, stage")
    return value


def _preview(tree: Tree, option: str) -> Any:
    if not isinstance(tree, Mapping) or not tree:
        raise invalid(option, "Value is empty")
    return anything(tree, option)


_amounts = options({"memory": memory, "cpu": cpu, "nvidia.com/gpu": integer(1, 64)})
_resources = options({"limits": _amounts, "requests": _amounts})

_CONTAINER = options(
    {
        "name": name,
        "image": text,
        "command": listing(text),
        "args": listing(text),
        "env": environment,
        "readinessProbe": options(_probe(), required=("port", "path")),
        "livenessProbe": options(_probe(), required=("port", "path")),
        "volumeMounts": listing(
            options({"name": name, "mountPath": absolute_path}, required=("name", "mountPath"))
        ),
        "resources": _resources,
        "secrets": listing(
            options(
                {
                    "snowflakeSecret": _secret_reference,
                    "secretKeyRef": one_of("secret_string", "username", "password", "access_token"),
                    "envVarName": matching(
                        r"[A-Za-z_][A-Za-z0-9_]*", "a name of an environment variable"
                    ),
                    "directoryPath": absolute_path,
                },
                required=("snowflakeSecret",),
            )
        ),
        "mountSessionToken": boolean,
        "sessionTokenConfig": options(
            {
                "path": absolute_path,
                "permission": matching("0[0-7]{3}", "four octal digits, in quotes"),
                "mountConnectionConfig": boolean,
            }
        ),
    },
    required=("name", "image"),
)

_origins = listing(matching(r"https?://[^*\s]+", "an origin without wildcards"))
_ENDPOINT = options(
    {
        "name": name,
        "port": port,
        "portRange": matching(r"[0-9]{1,5}-[0-9]{1,5}", "a range of ports, such as 8000-8010"),
        "public": boolean,
        "protocol": one_of("HTTP", "TCP"),
        "corsSettings": options(
            {
                "Access-Control-Allow-Origin": _origins,
                "Access-Control-Allow-Methods": listing(text),
                "Access-Control-Allow-Headers": listing(text),
                "Access-Control-Expose-Headers": listing(text),
            },
            required=("Access-Control-Allow-Origin",),
        ),
    },
    required=("name",),
)

_VOLUME = options(
    {
        "name": name,
        "source": _volume_source,
        "size": memory,
        "uid": integer(0),
        "gid": integer(0),
        "blockConfig": options(
            {
                "initialContents": options({"fromSnapshot": text}, required=("fromSnapshot",)),
                "iops": integer(1),
                "throughput": integer(1),
                "encryption": one_of("SNOWFLAKE_SSE", "SNOWFLAKE_FULL"),
                "snapshotOnDelete": boolean,
                "snapshotDeleteAfter": matching("[1-9][0-9]{0,5}[hd]", "such as 12h or 7d"),
            }
        ),
        "stageConfig": options(
            {
                "name": matching("@.+", "a stage, such as @db.schema.stage/path"),
                "metadataCache": text,
                "resources": _resources,
            },
            required=("name",),
        ),
    },
    required=("name", "source"),
)

_metric_groups = listing(one_of("system", "system_limits", "status", "network", "storage"))

SPECIFICATION = {
    "spec": options(
        {
            "containers": listing(_CONTAINER, MAX_CONTAINERS),
            "endpoints": listing(_ENDPOINT, MAX_ENDPOINTS),
            "volumes": listing(_VOLUME, MAX_VOLUMES),
            "logExporters": options(
                {
                    "eventTableConfig": options(
                        {"logLevel": one_of("INFO", "ERROR", "NONE")}, required=("logLevel",)
                    )
                },
                required=("eventTableConfig",),
            ),
            "platformMonitor": options(
                {"metricConfig": options({"groups": _metric_groups}, required=("groups",))},
                required=("metricConfig",),
            ),
            "resourceManagement": _preview,
        },
        required=("containers",),
    ),
    "serviceRoles": listing(
        options(
            {
                "name": matching("[A-Za-z0-9_]+", "letters, digits and '_'"),
                "endpoints": listing(name),
            },
            required=("name", "endpoints"),
        )
    ),
    "capabilities": options(
        {
            "securityContext": options(
                {"executeAsCaller": boolean, "enableCustomCredentials": boolean}
            )
        }
    ),
}
"""The top-level keys, which are siblings: `serviceRoles` does not belong under `spec`."""
