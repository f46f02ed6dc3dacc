"""What options of a specification demand of each other (contract 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spcs_worker_tui.sandbox.catalogue.spec.checks import invalid
from spcs_worker_tui.sandbox.catalogue.spec.schema import MAX_SECRETS
from spcs_worker_tui.sandbox.families import parse_cpu, parse_memory
from spcs_worker_tui.sandbox.results import invalid_spec

_MAX_PORT = 65_535
_GPU = "nvidia.com/gpu"
_WIDEST_PERMISSION = 0o644


def check_rules(document: Mapping[str, Any]) -> None:
    """Refuse a specification whose parts, each of them allowed, do not go together.

    Raises:
        SqlError: 395018.
    """
    spec = document["spec"]
    volumes = spec.get("volumes", [])
    endpoints = spec.get("endpoints", [])
    for option in ("containers", "endpoints", "volumes"):
        _unique(spec.get(option, []), option)
    for container in spec["containers"]:
        _check_container(container, {volume["name"] for volume in volumes})
    if sum(len(container.get("secrets", ())) for container in spec["containers"]) > MAX_SECRETS:
        raise invalid("secrets", f"There can be at most {MAX_SECRETS}")
    for index, endpoint in enumerate(endpoints):
        _check_endpoint(endpoint, f"endpoints[{index}]")
    for index, volume in enumerate(volumes):
        _check_volume(volume, f"volumes[{index}]")
    roles = document.get("serviceRoles", [])
    _unique(roles, "serviceRoles")
    known = {endpoint["name"] for endpoint in endpoints}
    for role in roles:
        for endpoint in role["endpoints"]:
            if endpoint not in known:
                raise invalid("serviceRoles", f"There is no endpoint '{endpoint}'")


def _unique(items: Iterable[Mapping[str, Any]], option: str) -> None:
    seen: set[str] = set()
    for item in items:
        if item["name"] in seen:
            raise invalid(option, f"The name '{item['name']}' is given twice")
        seen.add(item["name"])


def _check_container(container: Mapping[str, Any], volumes: set[str]) -> None:
    for mount in container.get("volumeMounts", ()):
        if mount["name"] not in volumes:
            raise invalid("volumeMounts", f"There is no volume '{mount['name']}'")
    for index, secret in enumerate(container.get("secrets", ())):
        _check_secret(secret, f"secrets[{index}]")
    _check_resources(container.get("resources", {}))
    _check_session_token(container)


def _check_secret(secret: Mapping[str, Any], option: str) -> None:
    if ("envVarName" in secret) == ("directoryPath" in secret):
        raise invalid(option, "Exactly one of envVarName and directoryPath has to be given")
    if "secretKeyRef" in secret and "directoryPath" in secret:
        raise invalid(option, "secretKeyRef goes only with envVarName")


def _check_resources(resources: Mapping[str, Mapping[str, Any]]) -> None:
    limits, requests = resources.get("limits", {}), resources.get("requests", {})
    for resource, amount in (("cpu", parse_cpu), ("memory", parse_memory)):
        both = resource in limits and resource in requests
        if both and amount(requests[resource]) > amount(limits[resource]):
            raise invalid("resources", f"The request for {resource} is above its limit")
    if _GPU in requests and requests[_GPU] != limits.get(_GPU, requests[_GPU]):
        raise invalid("resources", f"Request and limit of {_GPU} have to be equal")


def _check_session_token(container: Mapping[str, Any]) -> None:
    config = container.get("sessionTokenConfig")
    if config is None:
        return
    if not config:
        raise invalid("sessionTokenConfig", "Value is empty")
    if container.get("mountSessionToken") is False:
        raise invalid("sessionTokenConfig", "It does not go with mountSessionToken: false")
    if "permission" not in config:
        return
    if "path" not in config:
        raise invalid("permission", "It needs path")
    if int(config["permission"], 8) & ~_WIDEST_PERMISSION:
        raise invalid("permission", "Value must not allow more than 0644")


def _check_endpoint(endpoint: Mapping[str, Any], option: str) -> None:
    if ("port" in endpoint) == ("portRange" in endpoint):
        raise invalid(option, "Exactly one of port and portRange has to be given")
    public, tcp = endpoint.get("public", False), endpoint.get("protocol") == "TCP"
    if public and tcp:
        raise invalid(option, "The protocol of a public endpoint has to be HTTP")
    if "portRange" in endpoint:
        first, _, last = endpoint["portRange"].partition("-")
        if not 0 < int(first) <= int(last) <= _MAX_PORT:
            raise invalid("portRange", "Value has to be a range of ports, such as 8000-8010")
        if public or not tcp:
            raise invalid(option, "portRange is for private TCP endpoints")


_BELONGS_TO: Mapping[str, Sequence[str]] = {
    "size": ("memory", "block"),
    "uid": ("stage",),
    "gid": ("stage",),
    "blockConfig": ("block",),
    "stageConfig": ("stage",),
}


def _check_volume(volume: Mapping[str, Any], option: str) -> None:
    source = volume["source"]
    for part, sources in _BELONGS_TO.items():
        # The old form `source: "@stage"` takes the owner's ids too.
        old_stage = source.startswith("@") and part in ("uid", "gid")
        if part in volume and source not in sources and not old_stage:
            raise invalid_spec(f"unknown option '{part}' for '{option}'")
    if source in ("memory", "block") and "size" not in volume:
        raise invalid_spec(f"missing option 'size' for '{option}'")
    if source == "block" and not volume["size"].endswith("Gi"):
        raise invalid("size", "Value has to be in Gi")
    if source == "stage" and "stageConfig" not in volume:
        raise invalid_spec(f"missing option 'stageConfig' for '{option}'")
