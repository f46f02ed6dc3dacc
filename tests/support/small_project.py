"""A project whose image is small and quick to build: the base of the tests, and a few bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from support.engine import DockerEngine
from support.program import Answer, Program
from support.site import PLACE, POOL, Site

SERVICE = "ETL"
_DATABASE, _SCHEMA = PLACE.split(".")
_MAIN = """\
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
print("this is", open("/words").read(), flush=True)
time.sleep(3600)
"""
_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY main.py /main.py
ARG WORDS=one
RUN echo "$WORDS" > /words
CMD ["python3", "-u", "/main.py"]
"""
_SPEC = """\
spec:
  containers:
  - name: worker
    image: /lab/work/images/small:1
    resources:
      requests: {cpu: "0.1", memory: 64Mi}
      limits: {cpu: "1", memory: 256Mi}
"""


@dataclass
class SmallProject:
    """Its folder, and the program as its owner runs it."""

    folder: Path
    engine: DockerEngine
    program: Program

    @classmethod
    def make(
        cls, folder: Path, engine: DockerEngine, site: Site, instances: int = 1
    ) -> SmallProject:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Dockerfile").write_text(_DOCKERFILE)
        (folder / "main.py").write_text(_MAIN)
        (folder / "spcs-service-spec.yaml").write_text(_SPEC)
        (folder / "spcs-worker.toml").write_text(
            f"""
[environments.lab]
connection = "{site.sandbox.connections[0]}"
database = "{_DATABASE}"
schema = "{_SCHEMA}"
service = "{SERVICE}"
compute_pool = "{POOL}"
image_repository = "IMAGES"
image = "small"
tag = "1"
min_instances = {instances}
build_args = {{ BASE_IMAGE = "{engine.base_image}" }}
"""
        )
        return cls(folder, engine, Program(site.sandbox.home))

    def command(self, verb: str, *more: str) -> tuple[str, ...]:
        return (verb, "--project", str(self.folder / "spcs-worker.toml"), *more)

    async def run(self, verb: str, *more: str, **variables: str) -> Answer:
        """The program, run to its end."""
        return await self.program.run(*self.command(verb, *more), **self.variables, **variables)

    @property
    def variables(self) -> dict[str, str]:
        return {
            "DOCKER_HOST": self.engine.host,
            "SPCS_WORKER_TUI_STATE_DIR": str(self.folder / "state"),
        }
