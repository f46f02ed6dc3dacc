"""The `spec` column of DESCRIBE SERVICE, as far as watching needs it (contract 1.2, 3.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from spcs_worker_tui.adapters.yaml_depth import check_depth
from spcs_worker_tui.domain.errors import SnowflakeError
from spcs_worker_tui.domain.fleet import ContainerSpec, DeployedSpec
from spcs_worker_tui.domain.text import one_line, printable

_LONGEST_VALUE = 4000


def deployed_spec(text: str, digest: str) -> DeployedSpec:
    """Read the YAML.

    Args:
        text: As the server shows it, secret names but no secret values in it.
        digest: The `spec_digest` of the same row.

    Raises:
        SnowflakeError: The text is no spec.
    """
    try:
        check_depth(text)
        document = _yaml().load(text)
    except (YAMLError, UnicodeEncodeError, RecursionError) as error:
        raise SnowflakeError("the spec that the server shows is not valid YAML") from error
    spec = _mapping(_mapping(document).get("spec"))
    return DeployedSpec(
        text=printable(text),
        digest=digest,
        containers=tuple(_container(_mapping(item)) for item in _sequence(spec.get("containers"))),
        source=text,
    )


@cache
def _yaml() -> YAML:
    """Every scalar as the text that it is: the server quotes them, and we only compare them."""
    return YAML(typ="base", plug_ins=[])


def _container(value: Mapping[str, Any]) -> ContainerSpec:
    secrets = (_mapping(item) for item in _sequence(value.get("secrets")))
    return ContainerSpec(
        name=_text(value.get("name")),
        image=_text(value.get("image")),
        image_digest=_text(value.get("sha256")).removeprefix("@"),
        env={_text(key): _text(item) for key, item in _mapping(value.get("env")).items()},
        secret_env=tuple(
            _text(secret["envVarName"]) for secret in secrets if secret.get("envVarName")
        ),
        command=tuple(_text(item) for item in _sequence(value.get("command"))),
        args=tuple(_text(item) for item in _sequence(value.get("args"))),
        has_readiness_probe=bool(_mapping(value.get("readinessProbe"))),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[Any]:
    """A list as it is, one value as a list of it."""
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _text(value: object) -> str:
    return one_line(value, _LONGEST_VALUE) if isinstance(value, str) else ""
