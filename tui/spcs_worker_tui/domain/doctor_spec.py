"""Checks on a service's specification, each a function of what the service is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spcs_worker_tui.domain.doctor import (
    Area,
    ChangeProbe,
    Check,
    Cure,
    DropEndpoint,
    Finding,
    HideVariable,
    Outcome,
    SendStatements,
    shell,
)
from spcs_worker_tui.domain.doctor_facts import Quote, Workload, entries, mapping, words
from spcs_worker_tui.domain.secrecy import looks_like_a_key
from spcs_worker_tui.domain.sync import image_reference

SPEC = Check("service-spec", "The specification can be read", Area.SERVICE)
PROBE = Check("readiness-probe", "The readiness probe asks at a port that is served", Area.SERVICE)
AUTO_SUSPEND = Check("auto-suspend", "A worker does not suspend itself", Area.SERVICE)
PUBLIC = Check("public-endpoint", "A worker has no public endpoint", Area.SERVICE)
PLAIN_KEY = Check("plain-key", "No key stands in the specification", Area.SERVICE)

CHECKS = (SPEC, PROBE, AUTO_SUSPEND, PUBLIC, PLAIN_KEY)

OWN_IMAGE = "spcs-worker"
"""What the image of this project is called unless the settings say otherwise."""
_HEALTH_PORT = 8080
_HEALTH_PATH = "/health"
_PORT = "PREFECT_WORKER_WEBSERVER_PORT"
_FAILING = re.compile(r"Readiness probe is failing at path: (\S*), port: (\d+)")
_STARTS = re.compile(r"\bprefect\s+worker\s+start\b")


@dataclass(frozen=True, slots=True)
class Served:
    """Where a worker answers whether it is healthy.

    Attributes:
        port: None: nowhere.
    """

    port: int | None
    path: str = ""


def judge_probes(workload: Workload) -> Iterator[Finding]:
    """The probe of each container that has one."""
    for container in workload.specs:
        probe = mapping(container.get("readinessProbe"))
        if probe:
            yield _probe(workload, container, _number(probe.get("port")), str(probe.get("path")))


def _probe(workload: Workload, container: dict[str, Any], port: int, path: str) -> Finding:
    name = str(container.get("name", ""))
    asked = f"container {name} is asked at port {port}, path {path}"
    served = _served(workload, container)
    if served is not None and served.port is None:
        return workload.finding(
            PROBE,
            Outcome.PROBLEM,
            f"{asked}, but `prefect worker start` serves nothing without --with-healthcheck: it "
            "never becomes READY",
            Cure(
                "Start it with --with-healthcheck, or leave the probe out. Without a probe READY "
                "only says that it was started."
            ),
            ChangeProbe(workload.key, name),
        )
    if served is not None and (served.port, served.path) != (port, path):
        return workload.finding(
            PROBE,
            Outcome.PROBLEM,
            f"{asked}, but the worker answers at port {served.port}, path {served.path}",
            Cure(f"Let the probe ask at port {served.port}, path {served.path}."),
            ChangeProbe(workload.key, name, served.port or 0, served.path),
        )
    failing = _failing(workload, name)
    if failing and workload.is_starting(name):
        text = f"{asked}, and is still starting"
        return workload.finding(PROBE, Outcome.NOTICE, text, Cure("Look again in a few minutes."))
    if failing:
        words_ = "Read its log: a worker that cannot reach Prefect answers 503."
        if served is None:
            words_ = "Read its log, and check that something listens there on all addresses."
        return workload.finding(
            PROBE,
            Outcome.PROBLEM,
            f"{asked}, and the probe fails: {failing}",
            Cure(words_, commands=(shell("spcs-worker-tui", "logs", str(workload.key)),)),
        )
    return workload.finding(PROBE, Outcome.OK, asked)


def _served(workload: Workload, container: dict[str, Any]) -> Served | None:
    """Where the container answers, as far as its specification says; None: it does not say."""
    if workload.binding is None or workload.binding.container != container.get("name"):
        return None
    line = " ".join((*words(container.get("command")), *words(container.get("args"))))
    reference = image_reference(str(container.get("image", "")))
    if _STARTS.search(line):
        if "--with-healthcheck" not in line:
            return Served(None)
    elif line or reference is None or reference.name != OWN_IMAGE:
        return None
    port = _number(mapping(container.get("env")).get(_PORT)) or _HEALTH_PORT
    return Served(port, _HEALTH_PATH)


def _failing(workload: Workload, container: str) -> str:
    messages = (one.message for one in workload.containers if one.name == container)
    return next((message for message in messages if _FAILING.search(message)), "")


def _number(value: object) -> int:
    """A port; 0 for what is none."""
    text = str(value or "")
    return int(text) if text.isdecimal() else 0


def judge_auto_suspend(workload: Workload, quote: Quote) -> Iterator[Finding]:
    """AUTO_SUSPEND_SECS counts traffic that a worker never has (contract 1.7)."""
    service = workload.service
    if workload.binding is None or service is None:
        return
    if not service.auto_suspend_secs:
        yield workload.finding(AUTO_SUSPEND, Outcome.OK, "AUTO_SUSPEND_SECS is off")
        return
    key = workload.key
    name = quote(key.database, key.schema, key.name)
    statement = f"ALTER SERVICE {name} SET AUTO_SUSPEND_SECS = 0"
    title = f"Keep {key.qualified} from suspending itself"
    yield workload.finding(
        AUTO_SUSPEND,
        Outcome.PROBLEM,
        f"it suspends itself after {service.auto_suspend_secs} s: only calls to a service "
        "function count as traffic, and a worker gets none",
        Cure("Switch it off.", (statement,)),
        SendStatements(key.connection, title, (statement,), key),
    )


def judge_endpoints(workload: Workload) -> Iterator[Finding]:
    """A worker only asks, and nobody asks it."""
    if workload.binding is None:
        return
    spec = mapping(workload.document.tree.get("spec"))
    public = [one for one in entries(spec.get("endpoints")) if one.get("public") is True]
    for endpoint in public:
        name = str(endpoint.get("name", ""))
        yield workload.finding(
            PUBLIC,
            Outcome.NOTICE,
            f"endpoint {name} is public, and a worker needs none: whoever may use it reaches the "
            "container from the internet",
            Cure(f"Take the endpoint {name} out of the specification."),
            DropEndpoint(workload.key, name),
        )
    if not public:
        yield workload.finding(PUBLIC, Outcome.OK, "no public endpoint")


def judge_variables(workload: Workload) -> Iterator[Finding]:
    """Whoever may DESCRIBE the service reads its variables."""
    is_clean = True
    for container in workload.document.container_names:
        for variable in workload.document.variables(container):
            if variable.secret or not looks_like_a_key(variable.name, variable.value):
                continue
            is_clean = False
            yield workload.finding(
                PLAIN_KEY,
                Outcome.PROBLEM,
                f"variable {variable.name} of container {container} looks like a key and stands "
                "in the specification, where everybody who may DESCRIBE the service reads it",
                Cure("Keep it in a Snowflake secret, and make a new key: this one was readable."),
                HideVariable(workload.key, variable.name, container),
            )
    if is_clean:
        yield workload.finding(PLAIN_KEY, Outcome.OK, "no variable looks like a key")
