"""Edits of a specification that mend what `doctor` found; each returns another document."""

from __future__ import annotations

import copy
from typing import Any

from spcs_worker_tui.domain.spec_document import SpecDocument


def with_probe(document: SpecDocument, container: str, port: int, path: str) -> SpecDocument:
    """The container asked there whether it is ready; with port 0 not asked at all.

    What else the probe says, its period above all, stays.
    """
    tree = copy.deepcopy(dict(document.tree))
    for found in tree["spec"]["containers"]:
        if found.get("name") != container:
            continue
        if port:
            found["readinessProbe"] = {
                **(found.get("readinessProbe") or {}),
                "port": port,
                "path": path,
            }
        else:
            found.pop("readinessProbe", None)
    return SpecDocument(tree)


def without_endpoint(document: SpecDocument, endpoint: str) -> SpecDocument:
    """Without that endpoint, nor what service roles say of it (contract 3.3)."""
    tree = copy.deepcopy(dict(document.tree))
    spec: dict[str, Any] = tree["spec"]
    left = [one for one in spec.get("endpoints") or () if one.get("name") != endpoint]
    if left:
        spec["endpoints"] = left
    else:
        spec.pop("endpoints", None)
    if "serviceRoles" in tree:
        roles = []
        for role in tree["serviceRoles"]:
            names = [name for name in role.get("endpoints") or () if name != endpoint]
            if names:
                roles.append({**role, "endpoints": names})
        if roles:
            tree["serviceRoles"] = roles
        else:
            del tree["serviceRoles"]
    return SpecDocument(tree)
