"""A project to deploy, and a Docker engine that only pretends, beside a sandbox that does not."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath

from spcs_worker_tui.domain.building import (
    BuildRequest,
    LocalImage,
    Progress,
    Report,
    Revision,
)
from spcs_worker_tui.domain.errors import EngineError
from spcs_worker_tui.domain.keys import Secret
from spcs_worker_tui.domain.settings import Environment, Project
from spcs_worker_tui.domain.spec_document import SpecDocument
from spcs_worker_tui.operations.build_tools import ImageTools
from spcs_worker_tui.operations.build_wishes import ImageChanges
from spcs_worker_tui.operations.update import Tools, Updates
from spcs_worker_tui.sandbox.catalogue.model import Image
from support.catalogue import Lab
from support.project_file import environment
from support.updating import SPEC, UpdateBench, document

ENVIRONMENT = environment(
    image="worker",
    tag="1.0",
    min_instances=2,
    max_instances=2,
)


def digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass
class PretendEngine:
    """Builds what `source` says, and pushes straight into the account's catalogue."""

    lab: Lab
    source: str = "first"
    command: str = "good"
    platform: str = "linux/amd64"
    failure: EngineError | None = None
    images: dict[str, LocalImage] = field(default_factory=dict)
    requests: list[BuildRequest] = field(default_factory=list)
    pushed: list[str] = field(default_factory=list)
    passwords: list[Secret] = field(default_factory=list)

    async def image(self, name: str) -> LocalImage | None:
        if self.failure is not None:
            raise self.failure
        by_id = {image.id: image for image in self.images.values()}
        return self.images.get(name) or by_id.get(name)

    async def build(self, request: BuildRequest, report: Report) -> LocalImage:
        if self.failure is not None:
            raise self.failure
        self.requests.append(request)
        report(Progress("Step 1/1: FROM nothing", done=1, total=1))
        identifier = digest(f"image {self.source}")
        system, _, architecture = self.platform.partition("/")
        known = next((i for i in self.images.values() if i.id == identifier), None)
        image = known or LocalImage(identifier, system, architecture, size=12_345_678)
        self.images[request.name] = image
        return image

    async def push(self, image: str, reference: str, password: Secret, report: Report) -> str:
        if self.failure is not None:
            raise self.failure
        self.passwords.append(password)
        report(Progress("Pushing", "layer", 500, 1000))
        report(Progress("Pushed", "layer"))
        place, _, tag = reference.rpartition(":")
        pushed = digest(f"manifest of {image}")
        _, *names = place.upper().split("/")
        repository = self.lab.account.image_repositories[names[0], names[1], names[2]]
        for other in repository.images:
            other.tags.discard(tag)
        name = place.rpartition("/")[2]
        found = next((i for i in repository.images if i.digest == pushed), None)
        if found is None:
            found = Image(name, set(), pushed, datetime.now(UTC), command=self.command)
            repository.images.append(found)
        found.tags.add(tag)
        for local_name, local in self.images.items():
            if local.id == image:
                digests = {*local.pushed, f"{place}@{pushed}"}
                self.images[local_name] = replace(local, pushed=tuple(digests))
        self.pushed.append(reference)
        return pushed

    @property
    def digest(self) -> str:
        """Of what `source` is once it is pushed."""
        return digest(f"manifest of {digest(f'image {self.source}')}")


@dataclass
class PretendSource:
    """A checkout that says what it is told to."""

    state: Revision = field(default_factory=lambda: Revision("0123456789abcdef" * 2))
    number: str = "1.4.0"
    texts: dict[str, str] = field(default_factory=lambda: {"Dockerfile": "FROM scratch\n"})

    async def revision(self, folder: PurePath) -> Revision:
        return self.state

    async def version(self, folder: PurePath) -> str:
        return self.number

    async def text(self, path: PurePath) -> str:
        from spcs_worker_tui.domain.errors import ConfigurationError

        if path.name not in self.texts:
            raise ConfigurationError(f"{path} cannot be read: No such file or directory")
        return self.texts[path.name]


@dataclass
class DeployBench:
    """Somebody with a project, an engine and an account."""

    update: UpdateBench
    engine: PretendEngine
    source: PretendSource = field(default_factory=PretendSource)
    environment: Environment = ENVIRONMENT
    spec: str = SPEC

    @property
    def project(self) -> Project:
        path = PurePath("/project/spcs-worker.toml")
        return Project(path, {self.environment.name: self.environment}, self.environment.name)

    def read_document(self, path: Path) -> SpecDocument:
        return document(self.spec)

    @property
    def changes(self) -> ImageChanges:
        """New each time, as every run of the program has it."""
        tools: Tools = self.update.tools
        images = ImageTools(
            self.engine, self.source, {"dev": self.update.session}.__getitem__, tools.engine
        )
        return ImageChanges(images, Updates(tools), lambda: self.project, self.read_document)
