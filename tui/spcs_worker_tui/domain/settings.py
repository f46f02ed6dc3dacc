"""The project's settings, `spcs-worker.toml`, as values: which environments there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.fleet import ServiceKey
from spcs_worker_tui.domain.nearest import nearest

FILE_NAME = "spcs-worker.toml"
TAG_WORDS = ("version", "git")
"""What a tag pattern may ask for, in braces."""


@dataclass(frozen=True, slots=True)
class ResourceAmounts:
    """Requests and limits, in the words of a specification (contract 3.1); empty: not said."""

    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Environment:
    """One place to deploy to, with what it inherits from `[defaults]` filled in.

    Names of databases, schemas, services, compute pools and integrations are in upper case, as
    Snowflake stores them (contract 1.0). Paths are as written, relative to the settings file.

    Attributes:
        image_repository: `db/schema/repository`, in lower case as in an image's path.
        secrets: Variable to the qualified name of the Snowflake secret it comes from.
        setup: What only `setup` needs to know, by key, as far as it is said.
    """

    name: str
    connection: str
    database: str
    schema: str
    service: str
    compute_pool: str
    image_repository: str
    image: str = "spcs-worker"
    tag: str = "{version}-{git}"
    version: str = ""
    dockerfile: str = "Dockerfile"
    context: str = "."
    build_args: Mapping[str, str] = field(default_factory=dict)
    build_network: str = ""
    spec: str = "spcs-service-spec.yaml"
    container: str = ""
    external_access_integrations: tuple[str, ...] = ()
    min_instances: int = 1
    max_instances: int = 1
    query_warehouse: str = ""
    work_pool: str = ""
    prefect_api_url: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    resources: ResourceAmounts = field(default_factory=ResourceAmounts)
    read_only: bool = False
    setup: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def key(self) -> ServiceKey:
        """The service that this environment is about."""
        return ServiceKey(self.connection, self.database, self.schema, self.service)

    def image_path(self, tag: str) -> str:
        """`/db/schema/repository/image:tag`, as a specification names it (contract 3.1)."""
        return f"/{self.image_repository}/{self.image}:{tag}"


@dataclass(frozen=True, slots=True)
class Project:
    """One settings file.

    Attributes:
        path: The file. What it names is relative to its folder.
    """

    path: PurePath
    environments: Mapping[str, Environment]
    default_environment: str = ""

    def environment(self, name: str = "") -> Environment:
        """The environment of that name; without a name the default one.

        Raises:
            ConfigurationError: There is none of that name, or no default.
        """
        wanted = name or self.default_environment
        if not wanted and len(self.environments) == 1:
            return next(iter(self.environments.values()))
        there_are = ", ".join(self.environments)
        if not wanted:
            raise ConfigurationError(
                f"{self.path} has several environments and no default_environment",
                next_step=f"Say which with --env: {there_are}.",
            )
        if wanted not in self.environments:
            raise ConfigurationError(
                f"there is no environment {wanted!r} in {self.path}"
                f"{nearest(wanted, self.environments)}",
                next_step=f"Use one of these: {there_are}.",
            )
        return self.environments[wanted]

    def beside(self, path: str) -> PurePath:
        """A path of the settings, from where the settings file is."""
        return self.path.parent / path


def image_tag(pattern: str, words: Mapping[str, str]) -> str:
    """The tag that a pattern means.

    Args:
        pattern: As `Environment.tag`, already checked.
        words: What is known: `version`, `git`. A word that is missing or empty cannot be used.

    Raises:
        ConfigurationError: The pattern asks for something that is not known.
    """
    for word in TAG_WORDS:
        if f"{{{word}}}" in pattern and not words.get(word):
            cure = {
                "version": "Set version in the settings, or give the tag with --image.",
                "git": "Work in a git checkout with a commit, or give the tag with --image.",
            }
            raise ConfigurationError(
                f"the tag pattern {pattern!r} asks for {{{word}}}, which is not known here",
                next_step=cure[word],
            )
    tag = pattern
    for word in TAG_WORDS:
        tag = tag.replace(f"{{{word}}}", words.get(word, ""))
    return tag
