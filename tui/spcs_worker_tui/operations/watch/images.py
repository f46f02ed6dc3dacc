"""Which image repositories the services of a connection pull from."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.sync import deployed_images, image_reference

if TYPE_CHECKING:
    from spcs_worker_tui.domain.fleet import ServiceSnapshot

_reference = lru_cache(maxsize=1024)(image_reference)


def repositories(services: Iterable[ServiceSnapshot]) -> dict[str, None]:
    """`db/schema/repository` of each once, in the order of the services."""
    return {
        reference.repository: None
        for service in services
        for deployed in deployed_images(service)
        if (reference := _reference(deployed.image)) is not None
    }
