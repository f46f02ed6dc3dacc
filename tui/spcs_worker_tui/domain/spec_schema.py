"""Every field that a specification may have (contract 3), and what the fields demand together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spcs_worker_tui.domain.amounts import cpu_of, memory_of
from spcs_worker_tui.domain.spec_check import (
    Amount,
    Anything,
    Fields,
    Flag,
    Problem,
    Report,
    Rule,
    Several,
    Text,
    Variables,
    Whole,
)
from spcs_worker_tui.domain.spec_source import Listing, Mapping, Node, Scalar, plain

MAX_CONTAINERS = 20
MAX_ENDPOINTS = 100
MAX_SECRETS = 50
MAX_VOLUMES = 20
"""Limits per service: contract 2.6."""

_NAME = Text(
    r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?",
    "a name of lower-case letters, digits and '-' that starts with a letter",
)
_PATH = Text(r"/.*", "an absolute path")
_CPU = Amount(r"[0-9]{1,9}(?:\.[0-9]{1,9})?m?", "a number of vCPU, such as 0.5 or 500m")
_MEMORY = Amount(
    r"[0-9]{1,15}(?:\.[0-9]{1,9})?(?:Mi?|Gi?)", "memory with its unit M, Mi, G or Gi, such as 1Gi"
)
_PORT = Whole(1, 65_535)
_IMAGE = Text(
    r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?)?/?[A-Za-z0-9_$][\w$./-]*"
    r"(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
    "an image of this account, as /database/schema/repository/image:tag",
)
_PROBE: dict[str, Rule] = {
    "port": _PORT,
    "path": Text(),
    "periodSeconds": Whole(1),
    "failureThreshold": Whole(1),
}


class _SecretReference:
    """A name, or a map with one of `objectName` and `objectReference` (contract 3.2)."""

    _map = Fields({"objectName": Text(), "objectReference": Text()})

    def read(self, node: Node, path: str, report: Report) -> Any:
        """See `Rule`."""
        if isinstance(node, Scalar):
            return Text().read(node, path, report)
        reference = self._map.read(node, path, report)
        if reference is not None and len(reference) != 1:
            said = f"{path} needs exactly one of objectName and objectReference"
            report(Problem(node.line, said))
        return reference


_AMOUNTS = Fields({"memory": _MEMORY, "cpu": _CPU, "nvidia.com/gpu": Whole(1, 64)})
_RESOURCES = Fields({"limits": _AMOUNTS, "requests": _AMOUNTS})
_SECRET = Fields(
    {
        "snowflakeSecret": _SecretReference(),
        "secretKeyRef": Text(
            "secret_string|username|password|access_token",
            "secret_string, username, password or access_token",
        ),
        "envVarName": Text(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable"),
        "directoryPath": _PATH,
    },
    required=("snowflakeSecret",),
)
_CONTAINER = Fields(
    {
        "name": _NAME,
        "image": _IMAGE,
        "command": Several(Text()),
        "args": Several(Text()),
        "env": Variables(),
        "readinessProbe": Fields(_PROBE, required=("port", "path")),
        "livenessProbe": Fields(_PROBE, required=("port", "path")),
        "volumeMounts": Several(
            Fields({"name": _NAME, "mountPath": _PATH}, required=("name", "mountPath"))
        ),
        "resources": _RESOURCES,
        "secrets": Several(_SECRET),
        "mountSessionToken": Flag(),
        "sessionTokenConfig": Fields(
            {
                "path": _PATH,
                "permission": Text("0[0-7]{3}", "four octal digits in quotes"),
                "mountConnectionConfig": Flag(),
            }
        ),
    },
    required=("name", "image"),
    hints={
        "sha256": ", which only the server writes; pin the image as image:tag@sha256:…",
        "envFrom": "; name each variable under env, and each secret under secrets",
    },
)
_ORIGINS = Several(Text(r"https?://[^*\s]+", "an origin without wildcards"))
_ENDPOINT = Fields(
    {
        "name": _NAME,
        "port": _PORT,
        "portRange": Text(r"[0-9]{1,5}-[0-9]{1,5}", "a range of ports, such as 8000-8010"),
        "public": Flag(),
        "protocol": Text("HTTP|TCP", "HTTP or TCP"),
        "corsSettings": Fields(
            {
                "Access-Control-Allow-Origin": _ORIGINS,
                "Access-Control-Allow-Methods": Several(Text()),
                "Access-Control-Allow-Headers": Several(Text()),
                "Access-Control-Expose-Headers": Several(Text()),
            },
            required=("Access-Control-Allow-Origin",),
        ),
    },
    required=("name",),
)
_VOLUME = Fields(
    {
        "name": _NAME,
        "source": Text("local|memory|block|stage|@.+", "local, memory, block or stage"),
        "size": _MEMORY,
        "uid": Whole(0),
        "gid": Whole(0),
        "blockConfig": Fields(
            {
                "initialContents": Fields({"fromSnapshot": Text()}, required=("fromSnapshot",)),
                "iops": Whole(1),
                "throughput": Whole(1),
                "encryption": Text("SNOWFLAKE_SSE|SNOWFLAKE_FULL", "SNOWFLAKE_SSE or _FULL"),
                "snapshotOnDelete": Flag(),
                "snapshotDeleteAfter": Text("[1-9][0-9]{0,5}[hd]", "such as 12h or 7d"),
            }
        ),
        "stageConfig": Fields(
            {
                "name": Text("@.+", "a stage, such as @db.schema.stage/path"),
                "metadataCache": Text(),
                "resources": _RESOURCES,
            },
            required=("name",),
        ),
    },
    required=("name", "source"),
)
_GROUPS = "system|system_limits|status|network|storage"
_SPEC = Fields(
    {
        "containers": Several(_CONTAINER, MAX_CONTAINERS),
        "endpoints": Several(_ENDPOINT, MAX_ENDPOINTS),
        "volumes": Several(_VOLUME, MAX_VOLUMES),
        "logExporters": Fields(
            {
                "eventTableConfig": Fields(
                    {"logLevel": Text("INFO|ERROR|NONE", "INFO, ERROR or NONE")},
                    required=("logLevel",),
                )
            },
            required=("eventTableConfig",),
        ),
        "platformMonitor": Fields(
            {
                "metricConfig": Fields(
                    {"groups": Several(Text(_GROUPS, f"one of {_GROUPS.replace('|', ', ')}"))},
                    required=("groups",),
                )
            },
            required=("metricConfig",),
        ),
        "resourceManagement": Anything(),
    },
    required=("containers",),
    hints={
        "serviceRoles": "; it stands beside spec, not in it",
        "capabilities": "; it stands beside spec, not in it",
        "networkPolicyConfig": "; it opens nothing: name an external access integration instead",
    },
)
SPECIFICATION: Rule = Fields(
    {
        "spec": _SPEC,
        "serviceRoles": Several(
            Fields(
                {
                    "name": Text("[A-Za-z0-9_]+", "letters, digits and '_'"),
                    "endpoints": Several(_NAME),
                },
                required=("name", "endpoints"),
            )
        ),
        "capabilities": Fields(
            {
                "securityContext": Fields(
                    {"executeAsCaller": Flag(), "enableCustomCredentials": Flag()}
                )
            }
        ),
    },
    required=("spec",),
)
"""The top-level fields, which are siblings."""


def check_together(node: Node, report: Report) -> None:
    """Report fields that are each allowed, and do not go together.

    Args:
        node: The whole document, which may have other problems.
        report: Takes what is wrong.
    """
    spec = _field(node, "spec")
    for field in ("containers", "endpoints", "volumes"):
        _check_unique(_items(_field(spec, field)), f"spec.{field}", report)
    volumes = {_text(_field(volume, "name")) for volume in _items(_field(spec, "volumes"))}
    for index, container in enumerate(_items(_field(spec, "containers"))):
        path = f"spec.containers[{index}]"
        for mount in _items(_field(container, "volumeMounts")):
            if (name := _text(_field(mount, "name"))) and name not in volumes:
                said = f"{path}.volumeMounts: there is no volume {name!r}"
                report(Problem(mount.line, said))
        _check_secrets(container, path, report)
        _check_resources(container, path, report)
    for index, endpoint in enumerate(_items(_field(spec, "endpoints"))):
        _check_endpoint(endpoint, f"spec.endpoints[{index}]", report)


def _check_unique(items: Iterable[Node], path: str, report: Report) -> None:
    seen: set[str] = set()
    for item in items:
        name = _text(_field(item, "name"))
        if name and name in seen:
            report(Problem(item.line, f"{path}: two of them are named {name!r}"))
        seen.add(name)


def _check_secrets(container: Node, path: str, report: Report) -> None:
    literal = _field(container, "env")
    names = {key.text for key, _ in literal.entries} if isinstance(literal, Mapping) else set()
    for index, secret in enumerate(_items(_field(container, "secrets"))):
        where = f"{path}.secrets[{index}]"
        variable = _text(_field(secret, "envVarName"))
        if (not variable) == (_field(secret, "directoryPath") is None):
            said = f"{where} needs exactly one of envVarName and directoryPath"
            report(Problem(secret.line, said))
        if variable and variable in names:
            said = f"{where}: {variable} is under env and from a secret, or from two: keep one"
            report(Problem(secret.line, said))
        names.add(variable)


def _check_resources(container: Node, path: str, report: Report) -> None:
    limits = _field(_field(container, "resources"), "limits")
    requests = _field(_field(container, "resources"), "requests")
    for resource, amount in (("cpu", cpu_of), ("memory", memory_of)):
        most, least = _text(_field(limits, resource)), _text(_field(requests, resource))
        least_amount, most_amount = amount(least), amount(most)
        if least_amount is not None and most_amount is not None and least_amount > most_amount:
            line = requests.line if requests else 0
            said = f"{path}.resources: the request of {least} {resource} is above its limit {most}"
            report(Problem(line, said))


def _check_endpoint(endpoint: Node, path: str, report: Report) -> None:
    port, ports = _field(endpoint, "port"), _field(endpoint, "portRange")
    if (port is None) == (ports is None):
        report(Problem(endpoint.line, f"{path} needs exactly one of port and portRange"))
    public = _field(endpoint, "public")
    is_public = public is not None and plain(public) is True
    if is_public and (_text(_field(endpoint, "protocol")) == "TCP" or ports is not None):
        said = f"{path}: a public endpoint has one port and the protocol HTTP"
        report(Problem(endpoint.line, said))


def _field(node: Node | None, name: str) -> Node | None:
    return node.get(name) if isinstance(node, Mapping) else None


def _items(node: Node | None) -> Iterable[Node]:
    return node.items if isinstance(node, Listing) else ()


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else ""
