from __future__ import annotations

from pathlib import Path

import pytest

from support.engine import DockerEngine

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def worker_image(docker_engine: DockerEngine) -> str:
    """The project's own image, built as the Docker SDK builds: without BuildKit."""
    name = "spcs-worker:under-test"
    docker_engine.client.images.build(
        path=str(CHECKOUT),
        tag=name,
        platform="linux/amd64",
        buildargs={"BASE_IMAGE": docker_engine.base_image},
        # The engine of the tests has no network of its own.
        network_mode="host",
        rm=True,
    )
    return name
