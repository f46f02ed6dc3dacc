"""Every key that `spcs-worker.toml` knows: one table for the reader and for the JSON schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_$]*"
"""An unquoted name, which names of services and their surroundings have to be (contract 1.0)."""
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
ENVIRONMENT_NAME = r"[A-Za-z0-9_-]+"
QUALIFIED = rf"(?:{IDENTIFIER}\.){{0,2}}{IDENTIFIER}"
MOST_INTEGRATIONS = 10
"""Per service: contract 1.12."""
_TAG = r"(?:[A-Za-z0-9_]|\{version\}|\{git\})(?:[A-Za-z0-9_.-]|\{version\}|\{git\})*"
_CPU = r"[0-9]+(?:\.[0-9]+)?m?"
_MEMORY = r"[0-9]+(?:\.[0-9]+)?(?:Mi?|Gi?)"


class Kind(StrEnum):
    """What a value is."""

    TEXT = "text"
    IDENTIFIER = "identifier"
    REPOSITORY = "repository"
    NAMES = "names"
    COUNT = "count"
    FLAG = "flag"
    TEXTS = "texts"
    """A table of texts, by names that match `keys`."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key.

    Attributes:
        kind: What its value is.
        meaning: One line for people.
        required: Has to be given, in the environment or in `[defaults]`.
        pattern: What a text, or each text of a table, has to match as a whole; empty: anything.
        form: The pattern in words.
        keys: What each name of a table has to match.
        names: The names that a table may have; empty: any that match `keys`.
        example: For the documentation and for error texts.
    """

    kind: Kind
    meaning: str
    required: bool = False
    pattern: str = ""
    form: str = ""
    keys: str = ""
    names: tuple[str, ...] = ()
    example: str = ""


_AMOUNTS = Key(
    Kind.TEXTS,
    "",
    pattern=f"{_CPU}|{_MEMORY}",
    form="an amount such as 0.5 or 500m of cpu, 1Gi of memory",
    names=("cpu", "memory"),
)

RESOURCES: Mapping[str, Key] = {"requests": _AMOUNTS, "limits": _AMOUNTS}

KEYS: Mapping[str, Key] = {
    "connection": Key(Kind.TEXT, "saved Snowflake connection", required=True, example="dev"),
    "database": Key(Kind.IDENTIFIER, "database of the service", required=True, example="PREFECT"),
    "schema": Key(Kind.IDENTIFIER, "schema of the service", required=True, example="WORKERS"),
    "service": Key(Kind.IDENTIFIER, "name of the service", required=True, example="WORKER"),
    "compute_pool": Key(
        Kind.IDENTIFIER, "compute pool that it runs on", required=True, example="WORKER_POOL"
    ),
    "image_repository": Key(
        Kind.REPOSITORY,
        "image repository: NAME, SCHEMA.NAME or DATABASE.SCHEMA.NAME",
        required=True,
        example="IMAGES",
    ),
    "image": Key(
        Kind.TEXT,
        "name of the image in the repository (default spcs-worker)",
        pattern=r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*",
        form="lower-case letters and digits, with . _ - / between them",
        example="spcs-worker",
    ),
    "tag": Key(
        Kind.TEXT,
        "tag of a built image; {version} and {git} stand for themselves (default {version}-{git})",
        pattern=_TAG,
        form="letters, digits and . _ -, with {version} and {git} where they are wanted",
        example="{version}-{git}",
    ),
    "version": Key(
        Kind.TEXT,
        "what {version} stands for (default: the version in pyproject.toml)",
        pattern=r"[A-Za-z0-9_.-]+",
        form="letters, digits and . _ -",
        example="1.4.0",
    ),
    "dockerfile": Key(Kind.TEXT, "the Dockerfile (default Dockerfile)", example="Dockerfile"),
    "context": Key(Kind.TEXT, "the folder that is built (default .)", example="."),
    "build_args": Key(
        Kind.TEXTS,
        'build arguments: NAME = "value", or "@FILE" for what a file holds; never a secret',
        keys=VARIABLE,
    ),
    "build_network": Key(
        Kind.TEXT,
        "what the build may reach, as in docker build --network (default: the engine's)",
        pattern=r"[A-Za-z0-9_.-]+",
        form="the name of a network, such as host",
        example="host",
    ),
    "spec": Key(
        Kind.TEXT,
        "the service specification (default spcs-service-spec.yaml)",
        example="spcs-service-spec.yaml",
    ),
    "container": Key(
        Kind.TEXT, "which container is the worker (default: the first)", example="worker"
    ),
    "external_access_integrations": Key(
        Kind.NAMES, "what lets it reach Prefect and other hosts", example='["PREFECT_ACCESS"]'
    ),
    "min_instances": Key(Kind.COUNT, "instances at least (default 1)", example="1"),
    "max_instances": Key(Kind.COUNT, "instances at most (default: as min_instances)", example="1"),
    "query_warehouse": Key(Kind.IDENTIFIER, "warehouse for SQL run inside", example="COMPUTE_WH"),
    "work_pool": Key(Kind.TEXT, "Prefect work pool: PREFECT_WORK_POOL", example="spcs"),
    "prefect_api_url": Key(
        Kind.TEXT,
        "API of the Prefect server or workspace: PREFECT_API_URL",
        pattern=r"https?://[^\s@]+",
        form="an http:// or https:// address without user and password",
        example="https://prefect.example.com/api",
    ),
    "variables": Key(Kind.TEXTS, "environment variables of the worker", keys=VARIABLE),
    "secrets": Key(
        Kind.TEXTS,
        'variables whose values are Snowflake secrets: NAME = "SECRET"',
        keys=VARIABLE,
        pattern=QUALIFIED,
        form="the name of a Snowflake secret, such as PREFECT.WORKERS.PREFECT_API_KEY; "
        "never a value",
    ),
    "read_only": Key(Kind.FLAG, "refuse every change to this environment (default false)"),
}
"""The keys of `[defaults]` and of `[environments.NAME]`, and beside them `resources`, `setup`."""

SETUP: Mapping[str, Key] = {
    "role": Key(
        Kind.IDENTIFIER, "role that owns the service (default PREFECT_OPERATOR)", example="WORKERS"
    ),
    "monitor_role": Key(Kind.IDENTIFIER, "role that may only look (default: none)"),
    "instance_family": Key(
        Kind.IDENTIFIER, "kind of node (default CPU_X64_XS)", example="CPU_X64_S"
    ),
    "min_nodes": Key(Kind.COUNT, "nodes of the compute pool at least (default 1)", example="1"),
    "max_nodes": Key(Kind.COUNT, "nodes at most (default: as min_nodes)", example="1"),
    "auto_suspend_secs": Key(
        Kind.COUNT,
        "seconds without a service before the compute pool suspends itself (default 300)",
        example="300",
    ),
    "network_rule": Key(
        Kind.IDENTIFIER, "network rule for the Prefect API's host (default PREFECT_API)"
    ),
}
"""The keys of `[environments.NAME.setup]`: what only `setup` needs to know."""

TABLES: Mapping[str, Mapping[str, Key]] = {"resources": RESOURCES, "setup": SETUP}
"""Tables within an environment that have keys of their own."""

TOP_LEVEL = ("default_environment", "defaults", "environments")


def json_schema() -> dict[str, Any]:
    """The JSON schema of the settings file, for editors."""
    properties = {name: _schema_of(key) for name, key in KEYS.items()}
    properties["resources"] = _table(
        {name: _schema_of(key) for name, key in RESOURCES.items()},
        "cpu and memory of the worker's container",
    )
    properties["setup"] = _table(
        {name: _schema_of(key) for name, key in SETUP.items()}, "what only `setup` needs to know"
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "spcs-worker.toml",
        "description": "Where and how this project's Prefect workers are deployed.",
        **_table(
            {
                "default_environment": {
                    "type": "string",
                    "description": "the environment that is meant without --env",
                },
                "defaults": {"$ref": "#/definitions/environment"},
                "environments": {
                    "type": "object",
                    "description": "the environments, by name",
                    "minProperties": 1,
                    "propertyNames": {"pattern": f"^{ENVIRONMENT_NAME}$"},
                    "additionalProperties": {"$ref": "#/definitions/environment"},
                },
            }
        ),
        "required": ["environments"],
        "definitions": {"environment": _table(properties)},
    }


def _table(properties: Mapping[str, Any], meaning: str = "") -> dict[str, Any]:
    described = {"description": meaning} if meaning else {}
    return {
        "type": "object",
        **described,
        "additionalProperties": False,
        "properties": dict(properties),
    }


def _schema_of(key: Key) -> dict[str, Any]:
    described = {"description": key.meaning} if key.meaning else {}
    return {
        **described,
        **(_texts_schema(key) if key.kind is Kind.TEXTS else _SCHEMAS[key.kind](key)),
    }


def _text_schema(pattern: str) -> dict[str, Any]:
    matching = {"pattern": f"^(?:{pattern})$"} if pattern else {}
    return {"type": "string", "minLength": 1, **matching}


def _texts_schema(key: Key) -> dict[str, Any]:
    if key.names:
        return _table({name: _text_schema(key.pattern) for name in key.names})
    values: dict[str, Any] = {"type": ["string", "integer", "boolean"]}
    return {
        "type": "object",
        "propertyNames": {"pattern": f"^{key.keys}$"},
        "additionalProperties": _text_schema(key.pattern) if key.pattern else values,
    }


_SCHEMAS: Mapping[Kind, Callable[[Key], dict[str, Any]]] = {
    Kind.TEXT: lambda key: _text_schema(key.pattern),
    Kind.IDENTIFIER: lambda _key: _text_schema(IDENTIFIER),
    Kind.REPOSITORY: lambda _key: _text_schema(QUALIFIED),
    Kind.NAMES: lambda _key: {
        "type": "array",
        "items": _text_schema(IDENTIFIER),
        "maxItems": MOST_INTEGRATIONS,
    },
    Kind.COUNT: lambda _key: {"type": "integer", "minimum": 1},
    Kind.FLAG: lambda _key: {"type": "boolean"},
}
