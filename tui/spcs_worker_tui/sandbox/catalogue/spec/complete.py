"""What the server adds to a specification: resources, from the family of the compute pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spcs_worker_tui.sandbox.catalogue.spec.checks import invalid
from spcs_worker_tui.sandbox.families import (
    GIB,
    Family,
    Resources,
    instance_requests,
    limits,
    parse_cpu,
    parse_memory,
    requests,
)

_GPU = "nvidia.com/gpu"


def complete_resources(document: dict[str, Any], family: Family) -> dict[str, Any]:
    """The same specification with `resources` filled in for every container (contract 1.2).

    Raises:
        SqlError: 395018 when one instance asks for more than a node of the family has.
    """
    spec = document["spec"]
    containers = [_completed(container, family) for container in spec["containers"]]
    lacking = family.node.lacking(instance_requests(containers))
    if lacking is not None:
        raise invalid(
            "resources",
            f"The {lacking} that the containers request does not fit on a node of instance family "
            f"{family.name}",
        )
    return {**document, "spec": {**spec, "containers": containers}}


def _completed(container: dict[str, Any], family: Family) -> dict[str, Any]:
    given = container.get("resources", {})
    most = _shown(limits(container, family), given.get("limits", {}))
    asked = given.get("requests", {})
    if _GPU in asked:  # the request of a GPU is its limit, whichever was written
        most[_GPU] = asked[_GPU]
    least = _shown(requests({"resources": {**given, "limits": _capped(given, most)}}), asked, most)
    return {**container, "resources": {"limits": most, "requests": least}}


def _capped(given: Mapping[str, Any], most: Mapping[str, Any]) -> dict[str, Any]:
    """The limits that were written, as capped; a request defaults to one that was written."""
    written = given.get("limits", {})
    return {resource: amount for resource, amount in most.items() if resource in written}


def _shown(amount: Resources, *written: Mapping[str, Any]) -> dict[str, Any]:
    """Each amount in the words in which it was written, if it was."""
    memory = (text["memory"] for text in written if "memory" in text)
    cpu = (text["cpu"] for text in written if "cpu" in text)
    shown: dict[str, Any] = {
        "memory": next(
            (text for text in memory if parse_memory(text) == amount.memory),
            f"{amount.memory / GIB:g}Gi",
        ),
        "cpu": next((text for text in cpu if parse_cpu(text) == amount.cpu), f"{amount.cpu:g}"),
    }
    if amount.gpu:
        shown[_GPU] = amount.gpu
    return shown
