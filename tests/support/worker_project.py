"""The project itself, to be deployed: its Dockerfile, its worker, its service specification."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.engine import DockerEngine
from support.site import ACCESS, PLACE, POOL, Site

CHECKOUT = Path(__file__).parents[2]
SERVICE = "ETL"
WORK_POOL = "lab"
AUTH_SECRET = f"{PLACE}.PREFECT_AUTH"
_DATABASE, _SCHEMA = PLACE.split(".")


def make_worker_project(
    folder: Path, engine: DockerEngine, site: Site, api_url: str, instances: int
) -> Path:
    """Lay it out in `folder`, for an environment of the site; returns its settings file."""
    for name in ("Dockerfile", ".dockerignore"):
        shutil.copy(CHECKOUT / name, folder / name)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "worker", folder / "worker", ignore=ignored)
    specification = (CHECKOUT / "spcs-service-spec.yaml").read_text()
    for cloud, lab in (
        # Prefect Cloud asks for a key; a server of one's own asks for user and password.
        ("objectName: PREFECT.WORKERS.PREFECT_API_KEY", f"objectName: {AUTH_SECRET}"),
        ("envVarName: PREFECT_API_KEY", "envVarName: PREFECT_API_AUTH_STRING"),
    ):
        assert cloud in specification
        specification = specification.replace(cloud, lab)
    (folder / "spcs-service-spec.yaml").write_text(specification)
    settings = folder / "spcs-worker.toml"
    settings.write_text(
        f"""
[environments.lab]
connection = "{site.sandbox.connections[0]}"
database = "{_DATABASE}"
schema = "{_SCHEMA}"
service = "{SERVICE}"
compute_pool = "{POOL}"
image_repository = "IMAGES"
image = "spcs-worker"
tag = "stable"
min_instances = {instances}
external_access_integrations = ["{ACCESS}"]
work_pool = "{WORK_POOL}"
prefect_api_url = "{api_url}"
build_args = {{ BASE_IMAGE = "{engine.base_image}" }}
# The engine of the tests has no network of its own.
build_network = "host"

[environments.lab.resources]
requests = {{ cpu = "0.5", memory = "512Mi" }}
limits = {{ cpu = "1", memory = "1Gi" }}

[environments.lab.variables]
PREFECT_WORKER_QUERY_SECONDS = "1"
PREFECT_WORKER_HEARTBEAT_SECONDS = "5"
"""
    )
    return settings
