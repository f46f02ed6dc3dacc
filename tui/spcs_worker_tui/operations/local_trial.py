"""What is tried on this machine: the container that an environment's specification describes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spcs_worker_tui.domain.amounts import cpu_of, memory_of
from spcs_worker_tui.domain.binding import API_URL, POOL_NAMES, api_base
from spcs_worker_tui.domain.local import HOST_NETWORK, HttpProbe, LocalContainer
from spcs_worker_tui.domain.prefect import WorkPoolKey
from spcs_worker_tui.domain.rendering import rendered

if TYPE_CHECKING:
    from spcs_worker_tui.domain.settings import Environment
    from spcs_worker_tui.domain.spec_document import SpecDocument

_LONGEST_HOSTNAME = 63
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST_VARIABLE = "PREFECT_WORKER_WEBSERVER_HOST"


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: one container of an environment's specification.

    Attributes:
        container: As it is to run; its secrets have no values yet.
        secrets: The variables whose values come from Snowflake secrets.
        probe: None: it counts as ready as soon as it runs (contract 3.1).
        pool: Where its worker is to beat; None where the specification does not say.
        notes: What differs from the service, for a plan to say.
    """

    container: LocalContainer
    secrets: tuple[str, ...]
    probe: HttpProbe | None
    pool: WorkPoolKey | None
    notes: tuple[str, ...] = ()


def container_name(environment: str) -> str:
    """The name of an environment's trial in the Docker engine."""
    return "spcs-worker-tui-" + (re.sub(r"[^a-z0-9_.-]", "-", environment.lower()) or "trial")


def trial_of(
    environment: Environment,
    document: SpecDocument,
    image: str,
    machine: str,
    *,
    network: str = "",
) -> Trial:
    """The trial that the settings and the specification describe.

    Args:
        environment: With the Prefect API and the work pool that the trial is to use.
        document: Its specification, as written.
        image: As the Docker engine knows it.
        machine: This machine's name; the worker's name is made of it.
        network: As `LocalContainer.network`; empty: what reaches the Prefect API.

    Raises:
        ConfigurationError: The specification has no such container.
    """
    document = rendered(environment, document)
    name = document.container(environment.container)
    written = _written(document, name)
    variables = {v.name: v.value for v in document.variables(name) if not v.secret}
    api_url, pool = variables.get(API_URL, ""), ""
    for variable in reversed(POOL_NAMES):
        pool = variables.get(variable, "") or pool
    network = network or (HOST_NETWORK if _is_loopback(api_url) else "")
    notes = list(_notes(written))
    if network == HOST_NETWORK and _HOST_VARIABLE not in variables:
        # Nobody else on the network should be answered.
        variables[_HOST_VARIABLE] = "127.0.0.1"
        notes.append("It uses this machine's network, where the port of its probe has to be free.")
    limits = _mapping(_mapping(written.get("resources")).get("limits"))
    memory, cpus = memory_of(str(limits.get("memory"))), cpu_of(str(limits.get("cpu")))
    container = LocalContainer(
        name=container_name(environment.name),
        image=image,
        hostname=_hostname(environment.name, machine),
        variables={
            "SNOWFLAKE_DATABASE": environment.database,
            "SNOWFLAKE_SCHEMA": environment.schema,
            **variables,
        },
        command=_texts(written.get("command")),
        arguments=_texts(written.get("args")),
        memory_bytes=None if memory is None else int(memory),
        cpus=None if cpus is None else float(cpus),
        network=network,
    )
    return Trial(
        container,
        secrets=tuple(v.name for v in document.variables(name) if v.secret),
        probe=_probe(written),
        pool=WorkPoolKey(api_base(api_url), pool) if api_url and pool else None,
        notes=tuple(notes),
    )


def _written(document: SpecDocument, name: str) -> Mapping[str, Any]:
    containers = _mapping(document.tree.get("spec")).get("containers")
    return next(c for c in containers or () if str(c.get("name", "")) == name)


def _probe(written: Mapping[str, Any]) -> HttpProbe | None:
    probe = _mapping(written.get("readinessProbe"))
    if not probe:
        return None
    return HttpProbe(int(probe["port"]), str(probe["path"]))


def _notes(written: Mapping[str, Any]) -> list[str]:
    found = []
    if written.get("volumeMounts"):
        found.append("The volumes of the specification are not there.")
    if _mapping(written.get("resources")).get("limits", {}).get("nvidia.com/gpu"):
        found.append("It gets no GPU.")
    return found


def _hostname(environment: str, machine: str) -> str:
    """`local-dev-laptop`: no name of a service looks like this."""
    text = re.sub(r"[^a-z0-9]+", "-", f"local-{environment}-{machine}".lower())
    return text[:_LONGEST_HOSTNAME].strip("-")


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOOPBACK
    except ValueError:
        return False


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def docker_command(trial: Trial) -> str:
    """The container in the words of the `docker` command, for a plan to show."""
    container = trial.container
    words = ["docker", "run", "--name", container.name, "--hostname", container.hostname]
    words += ["--security-opt", "no-new-privileges"]
    words += [f"--memory={container.memory_bytes}"] if container.memory_bytes else []
    words += [f"--cpus={container.cpus:g}"] if container.cpus else []
    words += [f"--network={container.network}"] if container.network else []
    for name, value in container.variables.items():
        words += ["--env", f"{name}={value}"]
    shown = shlex.join([*words, container.image, *container.command, *container.arguments])
    handed = f"  # on standard input: {', '.join(trial.secrets)}" if trial.secrets else ""
    return shown + handed
