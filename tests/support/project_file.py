"""A project's files for the account of the tests (`support.catalogue`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spcs_worker_tui.domain.settings import Environment

PLACES = """\
database = "D"
schema = "S"
compute_pool = "P"
image_repository = "REPO"
"""
DEV = f"""\
[environments.dev]
connection = "dev"
{PLACES}"""
"""An environment of the connection `dev`; which service it is about is to be added."""
PLAIN = """\
service = "WORKER"
image = "plain"
tag = "1.0"
"""
"""The service, with an image that is there."""
SPEC = """\
spec:
  containers:
  - name: main
    image: /d/s/repo/plain:1.0
"""


def lay_out(folder: Path, settings: str, spec: str = SPEC) -> Path:
    """Write both into that folder, which is made; returns the settings file."""
    folder.mkdir(exist_ok=True)
    (folder / "spcs-service-spec.yaml").write_text(spec)
    path = folder / "spcs-worker.toml"
    path.write_text(settings)
    return path


def environment(**more: Any) -> Environment:
    """The environment `DEV` with the service `WORKER`, as it is read; and what else is said."""
    named: dict[str, Any] = {
        "name": "dev",
        "connection": "dev",
        "database": "D",
        "schema": "S",
        "service": "WORKER",
        "compute_pool": "P",
        "image_repository": "d/s/repo",
    }
    return Environment(**(named | more))
