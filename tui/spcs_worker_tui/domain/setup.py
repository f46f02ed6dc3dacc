"""What somebody answers who sets a worker up, and what then is there, is made, or is lacking."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from spcs_worker_tui.domain.account import ObjectName, Standing
from spcs_worker_tui.domain.building import checked_tag
from spcs_worker_tui.domain.errors import ConfigurationError
from spcs_worker_tui.domain.fleet import ServiceKey, ServiceSnapshot
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.settings import Environment
from spcs_worker_tui.domain.settings_keys import ENVIRONMENT_NAME, IDENTIFIER, KEYS, QUALIFIED
from spcs_worker_tui.domain.text import one_line, without_credentials

_HTTP, _HTTPS = 80, 443
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_OTHER_PORTS = frozenset({22, _HTTP, _HTTPS})
_FIRST_FREE_PORT = 1024
"""Ports that a network rule for services may name (contract 1.12)."""
_ARM = "GEN_ARM"
"""What the names of families begin with that run linux/arm64 (contract 3.1)."""
KEY_VARIABLES = ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING")
"""What the secret can be to the worker: a Cloud key, or a server's user and password."""


class ImageChoice(StrEnum):
    """Where the worker's image comes from."""

    BUILD = "build"
    """Built here and pushed."""
    THERE = "there"
    """In the image repository already."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that a set-up needs to know; nothing of it is secret.

    Names are upper case, unquoted, as Snowflake stores them. Most have the defaults of the files
    under `sql/`.

    Attributes:
        environment: In `spcs-worker.toml`.
        connection: A saved one.
        role: Owns and operates the service; made when missing.
        repository: `NAME`, `SCHEMA.NAME` or `DATABASE.SCHEMA.NAME`.
        network_rule: In the service's schema.
        secret: As `repository`; empty: the Prefect API asks for no key.
        secret_variable: As which the worker gets it, one of `KEY_VARIABLES`.
        renew_secret: Give a secret that is there already the value, too.
        image: Its name in the repository.
        tag: Of the image.
        folder: Where `spcs-worker.toml`, the Dockerfile and the specification are or go.
        monitor_role: Made when missing, and may only look; empty: none.
        base: The environment as it is in the settings already, for what is not asked here.
    """

    environment: str
    connection: str
    prefect_api_url: str
    folder: PurePath
    work_pool: str = "spcs"
    role: str = "PREFECT_OPERATOR"
    database: str = "PREFECT"
    schema: str = "WORKERS"
    repository: str = "IMAGES"
    compute_pool: str = "WORKER_POOL"
    instance_family: str = "CPU_X64_XS"
    min_nodes: int = 1
    max_nodes: int = 1
    auto_suspend_secs: int = 300
    network_rule: str = "PREFECT_API"
    integration: str = "PREFECT_ACCESS"
    secret: str = "PREFECT_API_KEY"  # noqa: S105 - the name of an object
    secret_variable: str = KEY_VARIABLES[0]
    renew_secret: bool = False
    service: str = "WORKER"
    instances: int = 1
    image_choice: ImageChoice = ImageChoice.BUILD
    image: str = "spcs-worker"
    tag: str = "latest"
    monitor_role: str = ""
    base: Environment | None = None

    @property
    def key(self) -> ServiceKey:
        """The service."""
        return ServiceKey(self.connection, self.database, self.schema, self.service)

    @property
    def home(self) -> tuple[str, str]:
        """Database and schema."""
        return (self.database, self.schema)

    @property
    def repository_name(self) -> ObjectName:
        """The image repository, whole."""
        return _parsed(self.repository, self.home)

    @property
    def rule_name(self) -> ObjectName:
        """The network rule, whole."""
        return ObjectName(*self.home, self.network_rule)

    @property
    def secret_name(self) -> ObjectName:
        """The secret, whole."""
        return _parsed(self.secret or KEY_VARIABLES[0], self.home)

    @property
    def prefect_host(self) -> str:
        """`host:port` that the service has to reach."""
        return host_of(self.prefect_api_url)

    @property
    def pool_key(self) -> WorkPoolKey:
        """The work pool."""
        return WorkPoolKey(self.prefect_api_url.rstrip("/"), self.work_pool)

    def as_environment(self) -> Environment:
        """As `spcs-worker.toml` has it, with everything that it says besides."""
        repository = self.repository_name
        path = (repository.database, repository.schema, repository.name)
        named: dict[str, Any] = {
            "connection": self.connection,
            "database": self.database,
            "schema": self.schema,
            "service": self.service,
            "compute_pool": self.compute_pool,
            "image_repository": "/".join(path).lower(),
        }
        base = self.base or Environment(
            name=self.environment,
            min_instances=self.instances,
            max_instances=self.instances,
            **named,
        )
        others = tuple(n for n in base.external_access_integrations if n != self.integration)
        own = {self.secret_variable: self.secret_name.qualified} if self.secret else {}
        return replace(
            base,
            **named,
            image=self.image,
            tag=self.tag,
            external_access_integrations=(self.integration, *others),
            work_pool=self.work_pool,
            prefect_api_url=self.prefect_api_url,
            secrets={**base.secrets, **own},
        )

    def setup_keys(self) -> dict[str, str | int]:
        """What the table `setup` of the environment says."""
        keys: dict[str, str | int] = {
            "role": self.role,
            "instance_family": self.instance_family,
            "min_nodes": self.min_nodes,
            "max_nodes": self.max_nodes,
            "auto_suspend_secs": self.auto_suspend_secs,
            "network_rule": self.network_rule,
        }
        return keys | ({"monitor_role": self.monitor_role} if self.monitor_role else {})


def host_of(api_url: str) -> str:
    """`host:port` of an API, for a network rule.

    Raises:
        ConfigurationError: It is no address that a service can be let out to.
    """
    try:
        parts = urlsplit(api_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    port = port or (_HTTP if api_url.startswith("http://") else _HTTPS)
    begins_well = api_url.startswith(("http://", "https://")) and "@" not in api_url
    if not (begins_well and _HOST.fullmatch(host)):
        raise ConfigurationError(
            f"{one_line(without_credentials(api_url), 120)!r} is no address of a Prefect API",
            next_step="It looks like https://prefect.example.com/api, without user and password.",
        )
    if port not in _OTHER_PORTS and port < _FIRST_FREE_PORT:
        raise ConfigurationError(
            f"no service can be let out to port {port}: Snowflake allows 22, 80, 443 and from 1024",
            next_step="Let the Prefect API answer on another port.",
        )
    return f"{host}:{port}"


def checked(answers: Answers) -> Answers:
    """The answers with names in upper case.

    Raises:
        ConfigurationError: One of them cannot be; says all that cannot.
    """
    names = {
        "role": "role",
        "database": "database",
        "schema": "schema",
        "compute_pool": "compute pool",
        "instance_family": "instance family",
        "network_rule": "network rule",
        "integration": "external access integration",
        "service": "service",
    }
    optional = {"monitor_role": "monitoring role"}
    problems = [
        problem
        for attribute, words in (names | optional).items()
        if (problem := name_problem(words, getattr(answers, attribute)))
        and not (attribute in optional and not getattr(answers, attribute))
    ]
    problems += _other_problems(answers)
    if problems:
        first, *others = problems
        raise ConfigurationError(first, others=others, next_step="Nothing was changed.")
    host_of(answers.prefect_api_url)
    checked_tag(answers.tag)
    upper = {a: getattr(answers, a).upper() for a in (*names, *optional, *_QUALIFIED)}
    return replace(answers, **upper)


_QUALIFIED = {"repository": "image repository", "secret": "secret"}


def _parsed(name: str, home: tuple[str, str]) -> ObjectName:
    parsed = ObjectName.parse(name, home)
    assert parsed is not None, "checked before"
    return parsed


def name_problem(words: str, name: str) -> str:
    """Why that cannot be the name of such a thing, one sentence or nothing."""
    if re.fullmatch(IDENTIFIER, name):
        return ""
    return (
        f"{one_line(name, 80)!r} is no name of a {words} that needs no quotes: "
        "letters, digits, '_' and '$'"
    )


def _other_problems(answers: Answers) -> list[str]:
    found = []
    if not re.fullmatch(ENVIRONMENT_NAME, answers.environment):
        found.append(
            f"{one_line(answers.environment, 80)!r} is no name of an environment: letters, "
            "digits, '-' and '_'"
        )
    for attribute, words in _QUALIFIED.items():
        name = getattr(answers, attribute)
        if not re.fullmatch(QUALIFIED, name) and (name or attribute != "secret"):
            found.append(
                f"{one_line(name, 80)!r} is no {words}: NAME, SCHEMA.NAME or DATABASE.SCHEMA.NAME, "
                "without quotes"
            )
    if not re.fullmatch(KEYS["image"].pattern, answers.image):
        found.append(
            f"{one_line(answers.image, 80)!r} is no name of an image: {KEYS['image'].form}"
        )
    if not 1 <= answers.min_nodes <= answers.max_nodes:
        found.append(
            f"{answers.min_nodes} to {answers.max_nodes} nodes cannot be: from 1, and not fewer "
            "at most than at least"
        )
    if answers.instance_family.upper().startswith(_ARM):
        found.append(
            f"{answers.instance_family.upper()} nodes run linux/arm64, and the worker's image is "
            "for linux/amd64"
        )
    if answers.instances < 1:
        found.append("a service has at least 1 instance")
    if answers.secret and answers.secret_variable not in KEY_VARIABLES:
        found.append(f"the secret can be {' or '.join(KEY_VARIABLES)} to the worker")
    return found


class PieceState(StrEnum):
    """How one thing that a worker needs stands."""

    THERE = "there"
    """It is as it has to be, and stays as it is."""
    MADE = "made"
    """The plan makes it."""
    CHANGED = "changed"
    """It is there, and the plan adds what it lacks."""
    LACKING = "lacking"
    """It is missing, and this role may not make it."""


@dataclass(frozen=True, slots=True)
class RoleStatement:
    """A statement, and the role that sends it."""

    role: str
    statement: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that a worker needs.

    Attributes:
        id: `role`, `database`, `repository`, `pool`, `rule`, `integration`, `secret`, `service`,
            `work-pool`, `monitor`.
        title: What it is, with its name.
        detail: How it stands, in words.
        statements: What makes or completes it; no secret in them.
        asks: What an administrator has to run first, for `LACKING`.
        costs: In words, where it costs something.
    """

    id: str
    title: str
    state: PieceState
    detail: str = ""
    statements: tuple[RoleStatement, ...] = ()
    asks: tuple[str, ...] = ()
    costs: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is there of all that a worker needs, and what this role may do about the rest.

    Attributes:
        service: As it is now; None where it is not there, or not visible.
    """

    answers: Answers
    standing: Standing
    pieces: tuple[Piece, ...] = ()
    warnings: tuple[str, ...] = ()
    service: ServiceSnapshot | None = None

    def piece(self, id: str) -> Piece:  # noqa: A002 - the name of its field
        """The piece of that id; KeyError where the answers need none."""
        found = next((piece for piece in self.pieces if piece.id == id), None)
        if found is None:
            raise KeyError(id)
        return found

    @property
    def asks(self) -> tuple[str, ...]:
        """What to hand to an administrator, each statement once, in an order that works."""
        return tuple(dict.fromkeys(ask for piece in self.pieces for ask in piece.asks))

    @property
    def is_possible(self) -> bool:
        """Whether nothing is lacking."""
        return not any(piece.state is PieceState.LACKING for piece in self.pieces)
