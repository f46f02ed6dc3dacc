"""A project's files for the account of the tests (`support.catalogue`)."""

from __future__ import annotations

from pathlib import Path

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
