"""Images before they are in a repository: how they are built, here, and how they get there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.ports import SnowflakeSession
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.keys import Secret

PLATFORM = "linux/amd64"
"""The only one that Snowpark Container Services runs (contract 3.1)."""
SESSION_USER = "0sessiontoken"
"""Who logs in to the registry with a session's token (contract 5)."""

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def checked_tag(tag: str) -> str:
    """The tag, as registries take it.

    Raises:
        ConfigurationError: It is none.
    """
    if not _TAG.fullmatch(tag):
        raise ConfigurationError(
            f"{one_line(tag, 80)!r} is no image tag",
            next_step="A tag has up to 128 letters, digits and . _ -, and begins with none of "
            "the last two.",
        )
    return tag


def sized(count: float) -> str:
    """Bytes as people read them, in powers of ten as `docker` counts: `12.3 MB`."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:  # noqa: PLR2004 - a power of ten
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


@dataclass(frozen=True, slots=True)
class Progress:
    """What an engine is at.

    Attributes:
        text: In words.
        part: Which layer or base image, where several go on at once.
        done: Of `total`: steps of a Dockerfile, or bytes where `part` is given.
    """

    text: str
    part: str = ""
    done: int | None = None
    total: int | None = None


Report = Callable[[Progress], None]
"""Takes progress, on the event loop's thread."""


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One image to build.

    Attributes:
        context: The folder that is sent to the engine, as its `.dockerignore` says.
        dockerfile: Absolute.
        name: `image:tag`, under which the engine knows it afterwards.
        network: What the steps of the build may reach, as in `docker build --network`; empty:
            what the engine gives them.
    """

    context: PurePath
    dockerfile: PurePath
    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = ""


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An image that the engine has.

    Attributes:
        id: `sha256:…` of its configuration, or of its manifest, as the engine counts.
        pushed: `host/db/schema/repository/image@sha256:…` of every place where it is known to be.
        size: In bytes.
    """

    id: str
    os: str
    architecture: str
    pushed: tuple[str, ...] = ()
    size: int = 0

    @property
    def platform(self) -> str:
        """As in `linux/amd64`."""
        return f"{self.os}/{self.architecture}"


class ImageEngine(Protocol):
    """A Docker engine. Every method raises `EngineError` only, and may be cancelled."""

    async def image(self, name: str) -> LocalImage | None:
        """The image of that name or id, or None where the engine has none."""

    async def build(self, request: BuildRequest, report: Report) -> LocalImage:
        """Build it; cancelled, the engine stops building.

        Raises:
            BuildFailedError: A line of the Dockerfile failed, or it cannot be built at all.
        """

    async def push(self, image: str, reference: str, password: Secret, report: Report) -> str:
        """Push a local image as `host/db/schema/repository/image:tag`.

        Args:
            image: Its name or id.
            reference: Where to.
            password: Of `SESSION_USER` at that registry; it is kept nowhere.
            report: Told how far each layer is.

        Returns:
            The digest that the registry gave it.

        Raises:
            RegistryError: The registry cannot be reached, or refuses.
        """


@dataclass(frozen=True, slots=True)
class Revision:
    """Which state of the source is in a folder.

    Attributes:
        commit: The whole hash; empty where git knows nothing of the folder.
        is_dirty: Something in it is not committed, or not even known to git.
        changed: Some of what is not committed, for a sentence.
        problem: Why git could not be asked, one sentence or empty.
    """

    commit: str = ""
    is_dirty: bool = False
    changed: tuple[str, ...] = ()
    problem: str = ""

    @property
    def word(self) -> str:
        """For a tag: twelve digits, and whether it is dirty."""
        if not self.commit:
            return ""
        return f"{self.commit[:12]}-dirty" if self.is_dirty else self.commit[:12]


class SourceTree(Protocol):
    """What is known of the folders that images are built from."""

    async def revision(self, folder: PurePath) -> Revision:
        """What git knows of it; never raises."""

    async def version(self, folder: PurePath) -> str:
        """The version in its `pyproject.toml`, or in the nearest folder's above; or empty."""

    async def text(self, path: PurePath) -> str:
        """The text of a small file.

        Raises:
            ConfigurationError: It cannot be read.
        """


@dataclass(frozen=True, slots=True)
class ImageRepository:
    """One row of SHOW IMAGE REPOSITORIES.

    Attributes:
        path: `db/schema/repository`, in lower case.
        url: `host/db/schema/repository`, without a scheme (contract 1.11).
    """

    path: str
    url: str

    @property
    def host(self) -> str:
        """The registry's host, with its port where it has one."""
        return self.url.partition("/")[0]


class RegistrySession(SnowflakeSession, Protocol):
    """A saved connection that images can be pushed with."""

    async def show_image_repositories(self) -> tuple[ImageRepository, ...]:
        """`SHOW IMAGE REPOSITORIES IN ACCOUNT`: those that the role may see."""

    async def registry_password(self) -> Secret:
        """A password for `SESSION_USER` that is good for an hour (contract 5)."""
