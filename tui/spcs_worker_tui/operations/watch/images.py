"""Which image repositories the services of a connection pull from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from spcs_worker_tui.domain.fleet import ServiceSnapshot

# `[registry host]/db/schema/repository/image…`; a host has a dot or a port (contract 3.1).
_IMAGE = re.compile(r"(?:[^/]*[.:][^/]*/|/)?([^/.:]+/[^/.:]+/[^/.:]+)/[^/]")


@lru_cache(maxsize=1024)
def repository(image: str) -> str | None:
    """`db/schema/repository` of an image's name, in lower case; None where it has none."""
    match = _IMAGE.match(image)
    return match[1].lower() if match else None


def repositories(services: Iterable[ServiceSnapshot]) -> dict[str, None]:
    """Every repository once, in the order of the services."""
    return {
        path: None
        for service in services
        for container in service.containers.value
        if (path := repository(container.image_name)) is not None
    }
