"""Which image a wish means: its tag, its build arguments, and the state of its source."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from spcs_worker_tui.domain.building import (
    PLATFORM,
    BuildRequest,
    Revision,
    SourceTree,
    checked_tag,
)
from spcs_worker_tui.domain.errors import ConfigurationError, PlanRefusedError
from spcs_worker_tui.domain.nearest import nearest
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.settings import Environment, Project, image_tag
from spcs_worker_tui.domain.settings_keys import VARIABLE
from spcs_worker_tui.domain.text import one_line

if TYPE_CHECKING:
    from spcs_worker_tui.domain.wishes import Build

_ARGUMENT = re.compile(r"^[ \t]*ARG[ \t]+(.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
_PREDEFINED = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY")
"""Every Dockerfile has these, in both cases, and no image's history shows them."""
_LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ChosenImage:
    """The image of an environment.

    Attributes:
        tag: As it is to be.
        revision: Of the folder that is built.
        version: Of the project.
        follows_git: Whether the tag names the revision.
    """

    environment: Environment
    folder: PurePath
    tag: str
    revision: Revision
    version: str = ""
    follows_git: bool = False

    @property
    def name(self) -> str:
        """Under which the Docker engine has it, once it is built."""
        return f"{self.environment.image}:{self.tag}"


async def chosen_image(
    source: SourceTree, project: Project, environment: Environment, tag: str = ""
) -> ChosenImage:
    """The image of an environment as its source is now.

    Raises:
        ConfigurationError: The tag is none, or its pattern asks for what is not known.
    """
    folder = project.beside(environment.context)
    revision = await source.revision(folder)
    version = environment.version or await source.version(folder)
    words = {"version": _as_tag(version), "git": revision.word}
    try:
        made = tag or image_tag(environment.tag, words)
    except ConfigurationError as error:
        why = f" ({revision.problem})" if revision.problem and not revision.commit else ""
        raise ConfigurationError(f"{error}{why}", next_step=_NAME_IT) from error
    follows = not tag and "{git}" in environment.tag
    return ChosenImage(environment, folder, checked_tag(made), revision, version, follows)


_NAME_IT = "Give the tag with --tag, or set version or tag in the settings."


def _as_tag(version: str) -> str:
    """A version as a tag can hold it: `1.0+local` has a character that no tag has."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", version)


def refuse_dirty(revision: Revision, folder: PurePath) -> None:
    """Nothing, or a refusal.

    Raises:
        PlanRefusedError: What is to be built is not what is committed, or nobody can say.
    """
    if not revision.commit:
        raise PlanRefusedError(
            f"whether {folder} is clean cannot be seen: {revision.problem or 'no commit'}",
            next_step="Leave out --require-clean, or work in a git checkout.",
        )
    if revision.is_dirty:
        raise PlanRefusedError(
            f"{folder} has changes that are not committed: {', '.join(revision.changed)}",
            next_step="Commit or stash them, or leave out --require-clean.",
        )


async def build_request(
    source: SourceTree, project: Project, chosen: ChosenImage, wish: Build
) -> tuple[BuildRequest, tuple[str, ...]]:
    """What to send to the engine, and what should be known beforehand.

    Raises:
        ConfigurationError: An argument or the Dockerfile cannot be used.
    """
    environment = chosen.environment
    path = project.beside(environment.dockerfile)
    try:
        dockerfile = await source.text(path)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"the Dockerfile of environment {environment.name} cannot be used: {error}",
            next_step="Correct dockerfile in the settings.",
        ) from error
    arguments = await _arguments(source, project, environment, wish)
    request = BuildRequest(
        context=chosen.folder,
        dockerfile=path,
        name=chosen.name,
        arguments=arguments,
        labels=dict(_labels(chosen)),
        network=wish.network or environment.build_network,
    )
    warnings = list(_undeclared(dockerfile, arguments))
    if chosen.revision.is_dirty:
        some = ", ".join(chosen.revision.changed)
        warnings.append(f"Built from changes that are not committed: {some}.")
    return request, tuple(warnings)


async def _arguments(
    source: SourceTree, project: Project, environment: Environment, wish: Build
) -> dict[str, str]:
    arguments: dict[str, str] = {}
    for name, value in environment.build_args.items():
        arguments[name] = await _value(source, value, project.beside(value[1:] or "."))
    for name, value in wish.arguments:
        if not re.fullmatch(VARIABLE, name):
            raise ConfigurationError(
                f"{one_line(name, 80)!r} is no name of a build argument",
                next_step="It has letters, digits and '_': --build-arg NAME=VALUE.",
            )
        arguments[name] = await _value(source, value, PurePath(value[1:]))
    for name, value in arguments.items():
        if looks_like_a_key(name, value):
            raise ConfigurationError(
                f"build argument {name} looks like a key or a password, and the image's history "
                "would show it",
                next_step="What the worker needs comes as a Snowflake secret when it starts; for "
                "a proxy with a password use `proxies` in Docker's own configuration.",
            )
    return arguments


async def _value(source: SourceTree, value: str, path: PurePath) -> str:
    """The value itself, or what the file holds that it names with `@`."""
    if not value.startswith("@"):
        return value
    try:
        return (await source.text(path)).strip()
    except ConfigurationError as error:
        raise ConfigurationError(
            f"a build argument cannot be used: {error}",
            next_step="After an @ comes a file: NAME=@FILE; in the settings beside the settings.",
        ) from error


def _labels(chosen: ChosenImage) -> Iterator[tuple[str, str]]:
    """Where the image comes from, under the names of the OCI image specification."""
    revision = chosen.revision
    if revision.commit:
        dirty = "-dirty" if revision.is_dirty else ""
        yield "org.opencontainers.image.revision", f"{revision.commit}{dirty}"
    if chosen.version:
        yield "org.opencontainers.image.version", chosen.version


def _undeclared(dockerfile: str, arguments: Mapping[str, str]) -> Iterator[str]:
    declared = {
        word.partition("=")[0] for line in _ARGUMENT.findall(dockerfile) for word in line.split()
    }
    for name in arguments:
        if name not in declared and name.upper() not in _PREDEFINED:
            yield f"The Dockerfile has no ARG {name}{nearest(name, declared)}"


def docker_command(request: BuildRequest) -> str:
    """The build in the words of the `docker` command, for a plan to show."""
    words = ["docker", "build", "--platform", PLATFORM, "--tag", request.name]
    words += ["--file", str(request.dockerfile)]
    words += ["--network", request.network] if request.network else []
    for name, value in request.arguments.items():
        shown = value if "\n" not in value and len(value) <= _LONGEST_SHOWN else "…"
        words += ["--build-arg", f"{name}={shown}"]
    for name, value in request.labels.items():
        words += ["--label", f"{name}={value}"]
    return shlex.join([*words, str(request.context)])
